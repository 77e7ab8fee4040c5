"""Integral regression: the expectation, stages, the paper's cost, the authors' coordinates."""

from dataclasses import replace

import numpy as np
import parity
import pytest
import torch
from posetrack.models.networks.integral import (
    MODELS,
    TABLE_2,
    Integral,
    IntegralConfig,
    MultiStageIntegral,
    integral,
    soft_argmax,
)
from posetrack.models.weights.identify import identify
from posetrack.structures import COCO_17, MPII_16
from tolerances import MAPS_ATOL, MAPS_RTOL, SOFT_ARGMAX
from torch.utils.flop_counter import FlopCounterMode

TWO, THREE = (256, 256), (256, 256, 256)
TINY = IntegralConfig(18, deconvolutions=(4, 4, 4))


def shapes_of(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def outputs(config, train=False):
    """Shapes of what a network says about two 64x96 crops."""
    with torch.device("meta"):
        network, _ = integral(config)(MPII_16)
        heads = network.train(train)(torch.zeros(2, 3, 64, 96))
    return {name: tuple(head.shape) for name, head in heads.items()}


# ---- the expectation


def test_certain_cells_are_found_where_they_are():
    logits = torch.zeros(1, 2, 4, 8)
    logits[0, 0, 0, 0] = logits[0, 1, 3, 6] = 200.0
    expected = torch.tensor([[[-0.5, -0.5], [6 / 8 - 0.5, 3 / 4 - 0.5]]])
    torch.testing.assert_close(soft_argmax(logits), expected)


def test_two_equal_cells_give_the_place_between_them():
    logits = torch.full((1, 1, 4, 8), -200.0)
    logits[0, 0, 1, 2] = logits[0, 0, 2, 6] = 0.0
    expected = torch.tensor([[[4 / 8 - 0.5, 1.5 / 4 - 0.5]]])
    torch.testing.assert_close(soft_argmax(logits), expected)


def test_volume_gives_x_y_z():
    logits = torch.zeros(1, 1, 10, 4, 8)
    logits[0, 0, 9, 1, 2] = 300.0
    expected = torch.tensor([[[2 / 8 - 0.5, 1 / 4 - 0.5, 9 / 10 - 0.5]]])
    torch.testing.assert_close(soft_argmax(logits), expected)


def test_expectation_survives_logits_that_no_exponential_does():
    logits = torch.zeros(1, 1, 4, 4)
    logits[0, 0, 2, 1] = 1e4
    shifted = logits - 3e4
    for values in (logits, shifted, logits.half()):
        places = soft_argmax(values)
        assert places.dtype == torch.float32
        torch.testing.assert_close(places, torch.tensor([[[-0.25, 0.0]]]))


def test_expectation_can_be_learnt_through():
    logits = torch.zeros(1, 1, 3, 3, requires_grad=True)
    soft_argmax(logits)[0, 0, 0].backward()
    # moving weight to the right moves x to the right, and rows do not matter
    expected = torch.tensor([[-1.0, 0.0, 1.0]] * 3) / 27
    torch.testing.assert_close(logits.grad[0, 0], expected)


# ---- forms


@pytest.mark.parametrize("method", ["h1", "h2", "h3"])
def test_heatmap_methods_say_heatmaps_alone(method):
    assert outputs(replace(TINY, method=method)) == {"heatmap": (2, 16, 16, 24)}


@pytest.mark.parametrize("method", ["i1", "i2", "i3", "i*"])
def test_integral_methods_add_coordinates(method):
    assert outputs(replace(TINY, method=method)) == {
        "heatmap": (2, 16, 16, 24),
        "coordinates": (2, 16, 2),
    }


def test_direct_regression_says_coordinates_alone():
    assert outputs(IntegralConfig(18, "r1")) == {"coordinates": (2, 16, 2)}


def test_volume_has_a_depth_of_its_own():
    assert outputs(replace(TINY, method="i*", depth_cells=10)) == {
        "volume": (2, 16, 10, 16, 24),
        "coordinates": (2, 16, 3),
    }


def test_spec_names_the_outputs_in_order():
    for config in (TINY, IntegralConfig(18, "r1"), replace(TINY, method="i*", depth_cells=10)):
        with torch.device("meta"):
            _, spec = integral(config)(MPII_16)
        assert [head.name for head in spec.heads] == list(outputs(config))
        assert spec.decoder.options["method"] == config.method


def test_coordinates_are_the_expectation_of_the_heatmap():
    torch.manual_seed(0)
    network = Integral(TINY, 3).eval()
    with torch.no_grad():
        for tensor in network.head.parameters():
            tensor.normal_()  # fresh heads say next to nothing
        heads = network(torch.randn(2, 3, 64, 64))
    assert heads["coordinates"].abs().max() > 0.1
    torch.testing.assert_close(heads["coordinates"], soft_argmax(heads["heatmap"]))


# ---- several stages


def test_training_sees_every_stage_and_inference_the_last():
    config = IntegralConfig(18, deconvolutions=(4, 4), stages=3)
    last = {"heatmap": (2, 16, 8, 12), "coordinates": (2, 16, 2)}
    assert outputs(config) == last
    assert outputs(config, train=True) == {
        "heatmap_stage_1": (2, 16, 8, 12),
        "coordinates_stage_1": (2, 16, 2),
        "heatmap_stage_2": (2, 16, 8, 12),
        "coordinates_stage_2": (2, 16, 2),
        **last,
    }


def test_stage_sees_the_heatmaps_of_the_one_before():
    torch.manual_seed(0)
    config = IntegralConfig(18, "h1", deconvolutions=(4, 4), stages=2)
    network = MultiStageIntegral(config, 3).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(image)["heatmap"]
        network.stages[0].head.features[-1].bias += 1
        after = network(image)["heatmap"]
    assert network.stages[0].layer3[0].conv1.in_channels == 128
    assert network.stages[1].layer3[0].conv1.in_channels == 128 + 3
    assert not torch.equal(before, after)


def test_stages_need_heatmaps_of_the_shared_maps_size():
    with pytest.raises(ValueError, match=r"several stages need 2 deconvolutions.* got 3"):
        integral(IntegralConfig(18, stages=2))(MPII_16)
    with pytest.raises(ValueError, match="several stages need heatmaps in two dimensions"):
        integral(IntegralConfig(18, "r1", deconvolutions=TWO, stages=2))(MPII_16)


# ---- the paper's tables


@pytest.mark.parametrize(
    ("config", "size", "gigaflops"),
    [
        # tables 3, 4 and 7; a multiplication and its addition are one
        (IntegralConfig(50, deconvolutions=THREE), 128, 1.8),
        (IntegralConfig(50, deconvolutions=TWO), 128, 1.5),
        (IntegralConfig(50, deconvolutions=THREE), 256, 7.3),
        (IntegralConfig(50, deconvolutions=TWO), 256, 6.2),
        (IntegralConfig(18, deconvolutions=TWO), 256, 2.8),
        (IntegralConfig(101, deconvolutions=TWO), 256, 11.0),
        (IntegralConfig(50, deconvolutions=TWO, stages=4), 256, 17.5),  # the paper rounds to 18
    ],
)
def test_cost_is_that_of_the_paper(config, size, gigaflops):
    with torch.device("meta"):
        network, _ = integral(config)(MPII_16)
        counter = FlopCounterMode(display=False)
        with counter, torch.inference_mode():
            network.eval()(torch.zeros(1, 3, size, size))
    assert counter.get_total_flops() / 2e9 == pytest.approx(gigaflops, abs=0.08)


# ---- names and identity


@pytest.mark.parametrize("label", TABLE_2)
def test_methods_of_the_paper_have_networks_of_their_names(label):
    """Table 2, and setting (d) of table 3: 256 x 256, two deconvolutions, 32 x 32."""
    with torch.device("meta"):
        network, spec = MODELS[TABLE_2[label]].build(MPII_16)
        heads = network.eval()(torch.zeros(1, 3, *spec.sizing.crop))
    assert spec.decoder.options["method"] == label.lower()
    expected = {"H": ["heatmap"], "R": ["coordinates"], "I": ["heatmap", "coordinates"]}
    assert list(heads) == expected[label[0]]
    if label != "R1":
        assert heads["heatmap"].shape == (1, 16, 32, 32)


def test_network_of_nearly_all_experiments_is_recognised():
    with torch.device("meta"):
        network, _ = MODELS["integral-resnet-50-stride-8"].build(MPII_16)
    found = identify(shapes_of(network))
    assert (found.family, found.backbone, found.rules) == ("integral", "resnet-50", "paper")
    others = [name for label, name in TABLE_2.items() if label not in ("I1", "R1")]
    assert found.names == ("integral-resnet-50-stride-8", *others)


def test_weights_tell_their_keypoints_to_their_own_form_alone():
    for name in (
        "integral-resnet-18",
        "integral-resnet-18-stride-8",
        "integral-resnet-50-stage-2",
        "integral-resnet-18-r1",
        "integral-3d-resnet-18",
    ):
        with torch.device("meta"):
            network, spec = MODELS[name].build(COCO_17)
        assert spec.name == name
        found = {n: m.keypoints(shapes_of(network)) for n, m in MODELS.items()}
        assert found[name] == 17
        for other, keypoints in found.items():
            kinds = ("3d", "stage", "stride", "r1")
            kind = [[word in n for word in kinds] for n in (name, other)]
            assert (keypoints == 17) == (kind[0] == kind[1] and "152" not in other)


def test_released_challenge_network_has_its_own_depth():
    with torch.device("meta"):
        network, spec = MODELS["integral-3d-resnet-152"].build(COCO_17)
    assert shapes_of(network)["head.features.9.weight"] == (17 * 72, 256, 1, 1)
    assert spec.sizing.crop == (384, 288)
    assert spec.decoder.options == {"method": "i*", "depth_mm": 1485.0}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (IntegralConfig(18, "h4"), r"method must be one of h1, .*, r1, got 'h4'"),
        (IntegralConfig(18, stages=0), "stages must be 1 or more, got 0"),
        (IntegralConfig(18, "h1", depth_cells=64), r"three dimensions must be 'i\*', got 'h1'"),
    ],
)
def test_forms_that_do_not_exist_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        integral(config)


# ---- against the authors' code


@pytest.fixture(scope="module")
def published(shared):
    return parity.load(shared, "integral_r18_narrow")


@pytest.mark.data
def test_volume_and_coordinates_are_those_of_the_authors_code(published):
    sizes = parity.config(published)
    config = IntegralConfig(
        sizes["layers"],
        "i*",
        (sizes["deconv_filters"],) * 3,
        depth_cells=sizes["depth"],
        crop=(64, 64),
    )
    network = Integral(config, sizes["num_joints"])
    network.load_state_dict(parity.weights(published))
    with torch.inference_mode():
        heads = network.eval()(torch.from_numpy(published["input"]))
    first_two = heads["volume"][:, :2].flatten(1, 2).numpy()
    expected = published["volume_ch0_first2joints"]
    np.testing.assert_allclose(first_two, expected, rtol=MAPS_RTOL, atol=MAPS_ATOL)
    places = heads["coordinates"].numpy()
    np.testing.assert_allclose(places, published["pred_norm_xyz"], rtol=0, atol=SOFT_ARGMAX)


@pytest.mark.data
def test_patches_are_turned_to_rgb_and_normalised_as_by_the_authors_code(published):
    # the authors' code reads files as BGR and turns them; here images are RGB from the start
    pixels = published["patch_u8_bgr"][..., ::-1].astype(np.float32)
    with torch.device("meta"):
        _, spec = MODELS["integral-3d-resnet-18"].build(COCO_17)
    normalised = (pixels - np.float32(spec.mean)) / np.float32(spec.std)
    expected = published["input"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(normalised, expected, rtol=MAPS_RTOL, atol=0)


@pytest.mark.data
@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_expectation_is_that_of_the_authors_code(shared, case):
    published = parity.load(shared, "integral_decode")
    keypoints, depth, height, width = published[f"{case}_shape"]
    volume = published[f"{case}_volume"].reshape(-1, keypoints, depth, height, width)
    places = soft_argmax(torch.from_numpy(volume)).numpy()
    expected = published[f"{case}_pred"]
    np.testing.assert_allclose(places, expected, rtol=0, atol=SOFT_ARGMAX)
