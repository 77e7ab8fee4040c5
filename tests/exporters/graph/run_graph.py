"""Traced arrays as inputs of an ONNX model, and what ONNX Runtime makes of them."""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper
from posetrack.exporters.graph.definitions import add_functions
from posetrack.exporters.graph.device import GraphDevice
from posetrack.exporters.graph.nodes import OPSET, Value
from posetrack.kernels.graph_ops import DOMAIN, OPS, VERSION
from posetrack.kernels.plan import DTYPES


def open_info(value):
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(value.name, kind, [None] * len(value.shape))


def model_of(device, inputs, outputs):
    """A model of what was traced."""
    graph = helper.make_graph(
        device.protos,
        "traced",
        [open_info(one) for one in inputs],
        [open_info(one) for one in outputs],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)]
    return add_functions(helper.make_model(graph, opset_imports=opsets, ir_version=8))


def traced(function, arrays, **options):
    """The model of `function(**arrays, **options)`: its inputs are the names of the arrays."""
    device = GraphDevice()
    inputs = {name: Value(device, name, array.dtype, array.shape) for name, array in arrays.items()}
    made = function(**inputs, **options)
    outputs = [made] if isinstance(made, Value) else [one for one in made if one is not None]
    return model_of(device, inputs.values(), outputs)


def one_node(name, given):
    """The model of an operator between its inputs and outputs, and the arrays that it takes."""
    op, device = OPS[name], GraphDevice()
    arrays = {a.name: given[a.name] for a in op.inputs}
    inputs = [Value(device, n, array.dtype, array.shape) for n, array in arrays.items()]
    outputs = [device.empty((-1,) * len(a.shape), DTYPES.get(a.type, "f4")) for a in op.outputs]
    numbers = {
        a.name: int(given[a.name]) if a.type == "int64_t" else float(given[a.name])
        for a in op.attributes
    }
    device.place(name, inputs, outputs, domain=DOMAIN, **numbers)
    return model_of(device, inputs, outputs), arrays


def run_node(name, given):
    """What ONNX Runtime gives for an operator with inputs and attributes by their names."""
    return run(*one_node(name, given))


def run(model, arrays):
    """What ONNX Runtime gives."""
    onnx.checker.check_model(model, full_check=True)
    settings = ort.SessionOptions()
    settings.log_severity_level = 4
    session = ort.InferenceSession(
        model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    names = {one.name for one in session.get_inputs()}
    return session.run(None, {n: np.ascontiguousarray(a) for n, a in arrays.items() if n in names})
