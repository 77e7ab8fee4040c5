"""What PyTorch does with `SessionOptions`; needs no PyTorch, so that a refusal comes at once."""

from __future__ import annotations

from ..structures import BackendError, SessionOptions

BACKEND = "torch"
PRECISION = "fp32"


def check_torch(options: SessionOptions) -> None:
    """Refuse another backend or precision than PyTorch's.

    Raises:
        ValueError: another backend was asked for.
        BackendError: another precision was asked for.
    """
    if options.backend not in ("auto", BACKEND):
        raise ValueError(
            f"weights run in {BACKEND}, not in {options.backend}: "
            "write an .onnx file with `posetrack export` first"
        )
    if options.precision != PRECISION:
        raise BackendError(
            f"{BACKEND} computes in {PRECISION} here, not in {options.precision}: "
            "use another precision, or a model file"
        )
