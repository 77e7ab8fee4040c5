"""What weights are, from their names and shapes; loading by name, or by what they are."""

import re

import pytest
import torch
from posetrack.models import MODELS, identify, load_model
from posetrack.models.model import Model
from posetrack.models.networks.pose_scoring import PoseScoring
from posetrack.models.weights.identify import Identity
from posetrack.models.weights.placing import shapes_of
from posetrack.structures import (
    COCO_17,
    CROWDPOSE_14,
    H36M_18,
    MPII_16,
    DecoderSpec,
    HeadSpec,
    InputSizing,
    ModelSpec,
)
from torch import nn

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
    assert found.problems == ()
    if millions is not None:  # as the papers and READMEs count
        assert found.parameters / 1e6 == pytest.approx(millions, abs=0.051)


def test_published_network_in_three_dimensions_is_identified():
    found = identify(published_shapes("integral-3d-resnet-152-h36m"))
    assert (found.family, found.backbone, found.skeleton) == ("integral", "resnet-152", H36M_18)
    assert found.names == ("integral-3d-resnet-152",)
    assert found.problems == ()


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


# ---- loading


class Tiny(nn.Module):
    """One heatmap per keypoint; `family_` tells the families apart."""

    def __init__(self, family, width, keypoints):
        super().__init__()
        self.add_module(family, nn.Conv2d(3, width, 1))
        self.out = nn.Conv2d(width, keypoints, 1)


def tiny(family, width):
    def build(skeleton):
        spec = ModelSpec(
            family=family,
            name=f"{family}-{width}",
            skeleton=skeleton,
            sizing=InputSizing(),
            mean=(0, 0, 0),
            std=(1, 1, 1),
            heads=(HeadSpec("heatmap", "heatmap", len(skeleton)),),
            cell_origin="corner",
            decoder=DecoderSpec("none"),
        )
        return Tiny(family, width, len(skeleton)), spec

    def keypoints(shapes):
        return shapes["out.weight"][0] if f"{family}.weight" in shapes else None

    return Model(family, build, keypoints)


@pytest.fixture
def table(monkeypatch):
    models = {f"{f}-{w}": tiny(f, w) for f in ("oak", "elm") for w in (4, 8)}
    monkeypatch.setattr("posetrack.models.MODELS", models)
    return models


def weights_of(family, width, keypoints):
    return Tiny(family, width, keypoints).state_dict()


@pytest.mark.parametrize("name", ["elm-8", None])
def test_model_is_loaded_with_the_skeleton_of_the_weights(table, name):
    weights = weights_of("elm", 8, 14)
    network, spec = load_model(name, weights)
    assert (spec.name, spec.skeleton) == ("elm-8", CROWDPOSE_14)
    assert not network.training
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, weights[key]), key


def test_model_is_loaded_from_a_file(table, tmp_path):
    weights = weights_of("oak", 4, 17)
    path = tmp_path / "a.pth"
    torch.save({"state_dict": {f"module.{n}": t for n, t in weights.items()}}, path)
    network, spec = load_model("oak-4", path)
    assert spec.skeleton == COCO_17
    assert torch.equal(network.out.weight, weights["out.weight"])


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("ash", ("elm", 8, 17), "model must be one of elm-4, elm-8, oak-4, oak-8, got 'ash'"),
        ("oak-8", ("elm", 8, 17), "these weights are of family elm, not oak"),
        ("elm-4", ("elm", 8, 17), "these weights are of elm-8, not of elm-4"),
        ("elm-4", ("elm", 5, 17), "the weights are not those of elm-4: missing none"),
        (None, ("elm", 5, 17), "the weights are of family elm: not those of elm-4, which is"),
        ("elm-4", ("elm", 4, 11), "the weights have 11 keypoints and no skeleton here has as"),
        ("elm-4", ("ash", 4, 17), "the weights are of no family known here (oak, elm)"),
    ],
)
def test_wrong_weights_are_refused_with_the_reason(table, name, weights, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        load_model(name, weights_of(*weights))


def test_wrong_skeleton_is_refused_with_the_right_one(table):
    message = "the weights have 14 keypoints (crowdpose-14), asked for coco-17 with 17"
    with pytest.raises(ValueError, match=re.escape(message)):
        load_model("elm-4", weights_of("elm", 4, 14), COCO_17)


def test_scoring_weights_are_no_model(table):
    with pytest.raises(ValueError, match="these weights are of family pose-scoring, not elm"):
        load_model("elm-4", PoseScoring(74).state_dict())
    with pytest.raises(
        ValueError, match="family pose-scoring: nothing finds poses with them alone"
    ):
        load_model(None, PoseScoring(74).state_dict())


def test_shipped_movenet_is_loaded_with_its_pairs_turned():
    weights = {name: torch.from_numpy(array) for name, array in shipped_weights().items()}
    network, spec = load_model(None, weights)
    assert spec == MODELS["movenet-multipose"].build(COCO_17)[1]
    bias, published = network.head.regress.out.bias, weights["head.regress.out.bias"].float()
    assert torch.equal(bias[0::2], published[1::2])
