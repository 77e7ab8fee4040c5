"""A model without functions, for runtimes that know only the standard operators."""

from __future__ import annotations

import onnx
from onnx import inliner

from ...kernels.graph_ops import DOMAIN


def inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with every operator of ours replaced by the standard ones that define it."""
    plain: onnx.ModelProto = inliner.inline_local_functions(model)
    for opset in [one for one in plain.opset_import if one.domain == DOMAIN]:
        plain.opset_import.remove(opset)
    return plain
