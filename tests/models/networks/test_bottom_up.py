"""What holds of every bottom-up network; what is one family's own stands in the family's file."""

import numpy as np
import pytest
import torch
from posetrack.engine import EngineOptions, PoseEngine
from posetrack.models import FAMILIES, MODELS
from posetrack.models.companions import companions_of
from posetrack.models.export_wrapper import with_flip_test
from posetrack.models.torch_session import TorchSession
from posetrack.models.weights.differences import shapes_of
from posetrack.structures import COCO_17, CROWDPOSE_14, POSETRACK_15, ModelSpec
from tolerances import PUBLISHED_MAPS

from ..bottom_up import FACE, NETWORKS, PUBLISHED, TENSORS, narrow
from ..network_checks import assert_exports, image_of, randomise

BOTTOM_UP = [name for family in NETWORKS for name in FAMILIES.get(family, ())]


def without_values(name, skeleton=COCO_17, rules=None):
    """A full-size network and its spec."""
    with torch.device("meta"):
        return MODELS[name].build(skeleton, rules)


# ---- full-size networks


@pytest.mark.parametrize("name", PUBLISHED)
def test_network_has_as_many_parameters_as_published(name):
    network, _ = without_values(name)
    parameters = sum(tensor.numel() for tensor in network.parameters())  # shared ones once
    assert parameters / 1e6 == pytest.approx(PUBLISHED[name].millions, abs=0.005)


@pytest.mark.parametrize("name", TENSORS)
def test_parameters_have_the_published_names(name):
    network, _ = without_values(name)
    shapes = shapes_of(network.state_dict())
    assert {tensor: shapes.get(tensor) for tensor in TENSORS[name]} == TENSORS[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_spec_says_how_published_networks_run(name):
    _, spec = without_values(name)
    assert (spec.sizing.size, spec.sizing.convention) == (PUBLISHED[name].size, "hrnet-affine")
    assert spec.cell_origin == "corner"
    assert (spec.flip, spec.flip_shift, spec.flip_fill) == ("inside", *PUBLISHED[name].flip)
    signs = {head.name: head.sign for head in spec.heads}
    assert signs == dict.fromkeys(signs, 1) | {"offset": -1}


@pytest.mark.parametrize("skeleton", [CROWDPOSE_14, POSETRACK_15], ids=lambda s: s.name)
@pytest.mark.parametrize("rules", ["released", "paper"])
@pytest.mark.parametrize("name", BOTTOM_UP)
def test_heads_are_those_of_the_spec(name, rules, skeleton):
    network, spec = without_values(name, skeleton, rules)
    with torch.device("meta"):
        heads = network(torch.zeros(2, 3, 64, 128))
    assert (spec.name, spec.rules) == (name, rules)
    assert not network.training
    assert {n: tuple(x.shape) for n, x in heads.items()} == {
        head.name: (2, head.channels, 64 // head.stride, 128 // head.stride) for head in spec.heads
    }
    strides = {head.name: head.stride for head in spec.heads}
    assert strides == {name: 2 if name == "heatmap_2x" else 4 for name in heads}
    assert ModelSpec.from_json(spec.to_json()) == spec


# ---- narrow networks


@pytest.mark.parametrize("name", NETWORKS)
def test_keypoints_are_read_off_the_shapes_of_the_own_family_alone(name):
    network, spec = narrow(name, CROWDPOSE_14)
    shapes = shapes_of(network.state_dict())
    found = {model: MODELS[model].keypoints(shapes) for model in MODELS}
    own = FAMILIES[spec.family]
    assert found == {model: 14 if model in own else None for model in MODELS}


@pytest.mark.parametrize("name", NETWORKS)
def test_poses_are_found_from_the_image_on_with_a_flip_test(name):
    network, spec = narrow(name, COCO_17)
    weights = randomise(network).state_dict()
    for bias in ("final_layer_cls.bias", "head_heatmap.1.bias", "final_layers.1.bias"):
        if bias in weights:
            weights[bias] += 3  # so that there are centers
    refine = companions_of(network, spec).get("refine")
    companions = {} if refine is None else {"refine": TorchSession.of_companion(refine)}
    session = TorchSession.of_network(*with_flip_test(network, spec))
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    options = EngineOptions(sizes=(128,), flip_test=True)
    with PoseEngine(session, options=options, companions=companions) as engine:
        poses = engine(image)
    assert len(poses) > 0
    assert engine.spec.rules == ("paper" if "paper" in name else "released")
    assert np.isfinite(poses.keypoints).all()
    assert (np.diff(poses.scores) <= 0).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_export_takes_other_sizes_and_batches(name):
    network = randomise(narrow(name, FACE)[0])
    assert_exports(network, image_of(64, 96), image_of(96, 64, 2), PUBLISHED_MAPS)
