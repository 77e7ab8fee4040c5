"""Every operator can be written into a graph: its outputs' shapes follow from what it is given."""

import pytest
from posetrack.kernels.contract import CONTRACTS
from posetrack.kernels.graph_ops import OPS, op_of


def names(arguments):
    return [argument.name for argument in arguments]


def test_an_operator_is_its_kernel():
    op = op_of("pt_center_nms_topk")
    assert op.name == "PosetrackCenterNmsTopk"
    assert names(op.inputs) == ["maps"]
    assert names(op.outputs) == ["cells", "scores", "count"]
    assert names(op.attributes) == ["N", "radius", "tolerance", "threshold"]


def test_a_map_is_enlarged_by_a_ratio():
    op = op_of("pt_upsampled_peaks")
    expected = ["N", "window", "rule", "min_value", "at_least", "ratio"]
    assert names(op.attributes) == expected


def test_a_width_comes_from_a_map():
    op = op_of("pt_snap_to_peaks")
    assert names(op.inputs)[-1] == "maps"
    assert names(op.attributes) == ["max_distance", "min_value", "zero_at", "ratio"]


def test_what_is_left_out_is_no_input():
    op = op_of("pt_global_adaptation", "kernels")
    assert op.name == "PosetrackGlobalAdaptationWithoutKernels"
    assert names(op.inputs) == ["keypoints", "heatmap", "weights", "counts"]
    assert names(op.attributes) == ["first_weight", "clamp", "ratio"]


@pytest.mark.parametrize("name", OPS)
def test_shapes_follow_from_inputs_and_attributes(name):
    op = OPS[name]
    told = {a.name for a in op.attributes if a.type == "int64_t"}
    shown = {side for array in op.inputs for side in array.shape}
    known = told | shown | {side.lstrip("0123456789") for side in shown}
    if op.enlarges:
        known |= {"H", "W"}
    for output in op.outputs:
        for side in output.shape:
            parts = side.replace("+", "*").split("*")
            assert {part.strip().lstrip("0123456789") for part in parts} <= known | {""}


@pytest.mark.parametrize("name", OPS)
def test_every_number_of_the_kernel_is_told_or_shown(name):
    op = OPS[name]
    kernel = CONTRACTS[op.contract.name]
    sides = {side.lstrip("0123456789") for array in op.inputs for side in array.shape}
    for argument in kernel.arguments:
        if argument.pointer or argument.type == "pt_dtype":
            continue
        expected = "stride" in argument.name or argument.name in sides | {"H", "W", "s"}
        assert expected or argument.name == "scratch_bytes" or argument in op.attributes


def test_a_kernel_that_is_no_operator_is_refused():
    with pytest.raises(ValueError, match="pt_assign is no operator"):
        op_of("pt_assign")
    with pytest.raises(ValueError, match="pt_pose_scores without values is no operator"):
        op_of("pt_pose_scores", "values")
