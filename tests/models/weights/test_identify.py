"""What weights are, from their names and shapes."""

import pytest
import torch
from posetrack.models import FAMILIES, MODELS
from posetrack.models.networks.pose_scoring import PoseScoring
from posetrack.models.weights.differences import shapes_of
from posetrack.models.weights.identify import Identity, identify
from posetrack.structures import COCO_17, CROWDPOSE_14, H36M_18, MPII_16

from ..published import shipped_weights
from ..published_keys import published_shapes

NETWORK_OF = {
    "logocap-hrnet-w32-coco": ("logocap", "hrnet-w32", COCO_17, 36.0),
    "logocap-hrnet-w48-coco": ("logocap", "hrnet-w48", COCO_17, None),
    "heatmap-guided-hrnet-w32-coco": ("heatmap-guided", "hrnet-w32", COCO_17, 30.7),
    "heatmap-guided-higher-hrnet-w48-crowdpose": (
        "heatmap-guided",
        "hrnet-w48",
        CROWDPOSE_14,
        None,
    ),
    "dekr-hrnet-w32-crowdpose": ("dekr", "hrnet-w32", CROWDPOSE_14, None),
    "dekr-hrnet-w48-coco": ("dekr", "hrnet-w48", COCO_17, 65.7),
    "simple-baseline-resnet-101-coco": ("simple-baseline", "resnet-101", COCO_17, 53.0),
    "simple-baseline-resnet-50-mpii": ("simple-baseline", "resnet-50", MPII_16, 34.0),
}


# ---- published files


@pytest.mark.parametrize("name", NETWORK_OF)
def test_published_file_is_identified(name):
    family, backbone, skeleton, millions = NETWORK_OF[name]
    found = identify(published_shapes(name))
    assert (found.family, found.backbone, found.skeleton) == (family, backbone, skeleton)
    assert found.names == (name.rsplit("-", 1)[0],)
    assert (found.rules, found.problems) == ("released", ())
    if millions is not None:  # as the papers and READMEs count
        assert found.parameters / 1e6 == pytest.approx(millions, abs=0.051)


def test_published_network_in_three_dimensions_is_identified():
    found = identify(published_shapes("integral-3d-resnet-152-h36m"))
    assert (found.family, found.backbone, found.skeleton) == ("integral", "resnet-152", H36M_18)
    assert found.names == ("integral-3d-resnet-152",)
    assert found.problems == ()


@pytest.mark.parametrize("rules", ["released", "paper"])
@pytest.mark.parametrize("name", FAMILIES["heatmap-guided"])
def test_layers_tell_whose_rules_a_network_follows(name, rules):
    with torch.device("meta"):
        network, _ = MODELS[name].build(CROWDPOSE_14, rules)
    found = identify(shapes_of(network.state_dict()))
    assert (found.names, found.rules, found.problems) == ((name,), rules, ())


def test_network_without_a_skeleton_is_identified_all_the_same():
    shapes = published_shapes("simple-baseline-resnet-50-coco")
    shapes |= {"final_layer.weight": (19, 256, 1, 1), "final_layer.bias": (19,)}
    found = identify(shapes)
    assert found.names == ("simple-baseline-resnet-50",)
    assert (found.keypoints, found.skeleton) == (19, None)
    assert found.problems == ("there is no skeleton of 19 keypoints here",)


def test_shared_weights_count_once():
    shapes = published_shapes("heatmap-guided-hrnet-w32-coco")
    copies = sum(
        torch.Size(shape).numel()
        for name, shape in shapes.items()
        if name.startswith(("multi_level_layers_4x_heatmap.1", "multi_level_layers_4x_heatmap.2"))
        and name.endswith("conv1.weight") | name.endswith("conv2.weight")
    )
    learned = sum(
        torch.Size(shape).numel()
        for name, shape in shapes.items()
        if not name.endswith(("mean", "var", "tracked", "matrix"))
    )
    assert identify(shapes).parameters == learned - copies


@pytest.mark.parametrize(("data", "skeleton"), [("coco", COCO_17), ("crowdpose", CROWDPOSE_14)])
def test_pose_scoring_is_identified(data, skeleton):
    found = identify(published_shapes(f"pose-scoring-{data}"))
    inputs = {"coco": 74, "crowdpose": 59}[data]
    parameters = (inputs + 1) * 256 + 257 * 256 + 257
    assert found == Identity("pose-scoring", (), len(skeleton), skeleton, "", parameters)


def test_pose_scoring_of_other_features_says_so():
    found = identify(shapes_of(PoseScoring(60).state_dict()))
    assert found.skeleton is None
    assert found.problems == ("pose scoring takes 74 or 59 features of a pose, not 60",)


@pytest.mark.parametrize("part", ["resnet-50", "resnet-152", "hrnet-w48"])
def test_backbone_to_start_training_from_is_identified(part):
    classifier = {"fc.weight": (1000, 2048), "fc.bias": (1000,)}
    found = identify(published_shapes(part) | classifier)
    assert (found.family, found.backbone, found.names) == ("imagenet", part, ())


def test_shipped_movenet_is_identified():
    shapes = {name: array.shape for name, array in shipped_weights().items()}
    found = identify(shapes)
    assert (found.family, found.names) == ("movenet", ("movenet-multipose",))
    assert (found.backbone, found.skeleton) == ("mobilenet-v2", COCO_17)


# ---- what does not fit


def test_counters_of_batches_are_not_needed():
    shapes = published_shapes("dekr-hrnet-w32-coco")
    old = {n: s for n, s in shapes.items() if not n.endswith("num_batches_tracked")}
    assert identify(old).names == ("dekr-hrnet-w32",)


def test_nearly_fitting_weights_name_the_nearest_model_and_what_is_wrong():
    shapes = published_shapes("dekr-hrnet-w48-coco")
    del shapes["conv2.weight"]
    found = identify(shapes)
    assert found.family == "dekr"
    assert found.names == ()
    assert found.problems == (
        "not those of dekr-hrnet-w48, which is nearest: missing ['conv2.weight'], "
        "left over none, of another shape none",
    )


def test_unknown_weights_are_refused():
    with pytest.raises(
        ValueError, match=r"of no family known here \(movenet, logocap, .* begin with a"
    ):
        identify({"a": (3,)})


@pytest.mark.parametrize("shape", [(), (0,), (1,), (10**9, 32, 1, 1)])
def test_absurd_tell_tale_does_not_count(shape):
    with pytest.raises(ValueError, match="of no family known here"):
        identify({"head_heatmap.1.weight": shape, "final_layer_cls.weight": shape})
