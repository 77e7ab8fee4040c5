"""The operators of a traced network get their definitions, and compute what the network does."""

import io
import warnings

import numpy as np
import onnx
import onnxruntime as ort
import onnxslim
import pytest
import torch
from onnx import helper
from posetrack.exporters.graph.definitions import add_functions
from posetrack.exporters.graph.nodes import OPSET
from posetrack.kernels.graph_ops import DOMAIN, VERSION
from posetrack.models.layers.adaptive_convolution import one_node_each
from posetrack.models.networks.dekr import AdaptiveUnit
from posetrack.models.networks.heatmap_guided import AdaptiveBlock, AdaptiveUnits
from tolerances import LAYER_ATOL

from ...models.network_checks import randomise

MOVED, UNMOVED = "PosetrackAdaptiveConvolution", "PosetrackAdaptiveConvolutionWithoutTranslation"
LAYERS = {
    "dekr": (AdaptiveUnit(5), [MOVED], [0.0]),
    "paper": (AdaptiveUnits(5, 7), [UNMOVED] * 2, [0.0] * 2),
    "released": (AdaptiveBlock(5, 3), [UNMOVED] * 2, [2.0] * 2),
}


def exported(module):
    """What the exporter makes of a layer, traced at one size; every size may change."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the TorchScript exporter
        torch.onnx.export(
            module,
            (torch.zeros(1, 5, 6, 8),),
            file,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "batch", 2: "height", 3: "width"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return onnxslim.slim(onnx.load_from_string(file.getvalue()))


def as_nodes(module):
    with one_node_each():
        return exported(module)


def ours(model):
    return [node for node in model.graph.node if node.domain == DOMAIN]


def outputs(model, x):
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x.numpy()})[0]


@torch.no_grad()
@pytest.mark.parametrize(("layer", "names", "spacings"), LAYERS.values(), ids=LAYERS)
def test_an_adaptive_convolution_is_one_node_that_computes_the_same(layer, names, spacings):
    module, x = randomise(layer), torch.randn(2, 5, 9, 7)
    model = as_nodes(module)
    assert [node.op_type for node in ours(model)] == names
    told = [{a.name: helper.get_attribute_value(a) for a in node.attribute} for node in ours(model)]
    assert [one["spacing"] for one in told] == spacings
    assert {one["plugin_namespace"] for one in told} == {DOMAIN.encode()}
    assert {one["plugin_version"] for one in told} == {str(VERSION).encode()}
    assert not any(node.op_type == "GridSample" for node in model.graph.node)
    wanted = module(x).numpy()
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(outputs(add_functions(model), x), wanted, atol=LAYER_ATOL, rtol=0)


@torch.no_grad()
def test_nodes_behind_the_operator_know_their_channels():
    model = as_nodes(randomise(AdaptiveUnits(5, 7)))
    names = {node.output[0] for node in ours(model)}
    shapes = [(one.name, one.type.tensor_type.shape.dim) for one in model.graph.value_info]
    # onnxslim adds a second entry without a shape
    assert [dims[1].dim_value for name, dims in shapes if name in names and dims] == [7, 7]


@torch.no_grad()
def test_standard_operators_are_traced_unless_nodes_are_asked_for():
    assert not ours(exported(randomise(AdaptiveBlock(5, 2))))


@torch.no_grad()
def test_other_taps_than_the_regular_ones_are_traced_in_standard_operators():
    module, x = randomise(AdaptiveBlock(5, 2)), torch.randn(1, 5, 9, 7)
    module.regular_matrix *= 1.5
    model = as_nodes(module)
    assert not ours(model)
    np.testing.assert_allclose(outputs(model, x), module(x).numpy(), atol=LAYER_ATOL, rtol=0)


def model_of(*nodes, opset=OPSET):
    graph = helper.make_graph(nodes, "one", [], [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def argmax(name="PosetrackHeatmapArgmax", **attributes):
    return helper.make_node(name, ["maps"], ["cells", "values"], domain=DOMAIN, **attributes)


def test_operators_of_loops_are_defined_too_and_each_once():
    body = helper.make_graph([argmax()], "body", [], [])
    loop = helper.make_node("Loop", ["trips", ""], [], body=body)
    model = add_functions(add_functions(model_of(argmax(), loop)))
    assert [function.name for function in model.functions] == ["PosetrackHeatmapArgmax"]
    assert {one.domain: one.version for one in model.opset_import} == {"": OPSET, DOMAIN: VERSION}


def test_a_model_without_our_operators_stays_as_it_is():
    model = model_of(helper.make_node("Abs", ["x"], ["y"]), opset=13)
    before = model.SerializeToString()
    assert add_functions(model).SerializeToString() == before


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (model_of(argmax("PosetrackUnknown")), "no definition of PosetrackUnknown"),
        (model_of(argmax("PosetrackQuarterOffsetArgmax")), "needs quarter"),
        (model_of(argmax(), opset=16), "opset 17"),
    ],
)
def test_what_cannot_be_defined_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        add_functions(model)
