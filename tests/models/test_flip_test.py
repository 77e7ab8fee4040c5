"""The flip test in the graph: each family's published rule, and the released code's averages."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from posetrack.models.flip_test import FlipTest
from posetrack.models.networks.dekr import dekr_spec
from posetrack.models.networks.heatmap_guided import heatmap_guided_spec
from posetrack.models.networks.logocap import logocap_spec
from posetrack.structures import COCO_17, HeadSpec
from tolerances import LAYER_ATOL, PUBLISHED_MAPS

from .bottom_up import FACE, NETWORKS, narrow, released
from .network_checks import (
    assert_exports,
    assert_published,
    image_of,
    randomise,
    tensor,
)

SHIFTED = dekr_spec("a", 512, COCO_17)
CONFIGS = {name: network.config for name, network in NETWORKS.items()}


class Fake(torch.nn.Module):
    """Heads that a function of the image gives; remembers what it was shown."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, image):
        self.seen = image
        return self.heads(image)


def constant_heads(straight, flipped):
    """The heads of a batch of one image and its flipped image, whatever they show."""
    return Fake(lambda _: {n: torch.cat((straight[n], flipped[n])) for n in straight})


# ---- heads turned back


def turned_back(name, channel, column, value):
    """Where a value in a flipped head, 4 columns wide, comes to lie; halved by the mean."""
    shapes = {"heatmap": (1, 18, 1, 4), "offset": (1, 34, 1, 4)}
    zeros = {n: torch.zeros(shape) for n, shape in shapes.items()}
    flipped = {n: x.clone() for n, x in zeros.items()}
    flipped[name][0, channel, 0, column] = value
    heads = FlipTest(constant_heads(zeros, flipped), SHIFTED)(torch.zeros(1, 3, 4, 16))
    assert sum(int(head.count_nonzero()) for head in heads.values()) == 1
    where = heads[name].nonzero()[0]
    return int(where[1]), int(where[3]), float(heads[name].sum())


def test_keypoints_change_sides_and_columns():
    assert turned_back("heatmap", 5, 0, 0.5) == (6, 3, 0.25)
    assert turned_back("heatmap", 0, 1, 0.5) == (0, 2, 0.25)


def test_center_stays_the_last_channel():
    assert turned_back("heatmap", 17, 3, 0.5) == (17, 0, 0.25)


def test_offsets_change_sides_and_the_sign_of_x():
    assert turned_back("offset", 2 * 15, 0, 3.0) == (2 * 16, 3, -1.5)
    assert turned_back("offset", 2 * 15 + 1, 0, 3.0) == (2 * 16 + 1, 3, 1.5)


def test_embedding_is_the_straight_images_alone():
    spec = logocap_spec("a", CONFIGS["logocap"], 512, COCO_17)
    shapes = {head.name: (2, head.channels, 2, 4) for head in spec.heads}
    straight, flipped = ({n: torch.randn(s) for n, s in shapes.items()} for _ in range(2))
    heads = FlipTest(constant_heads(straight, flipped), spec)(torch.zeros(2, 3, 8, 16))
    assert torch.equal(heads["embedding"], straight["embedding"])
    assert not torch.allclose(heads["heatmap"], straight["heatmap"])


# ---- what the flipped image is


@pytest.mark.parametrize("fill", ["zero", "keep"])
def test_flipped_image_is_moved_to_the_left_and_filled(fill):
    fake = Fake(
        lambda image: {h.name: torch.zeros(len(image), h.channels, 1, 4) for h in SHIFTED.heads}
    )
    image = torch.arange(1.0, 9.0).reshape(1, 1, 1, 8).repeat(1, 3, 1, 1)
    FlipTest(fake, replace(SHIFTED, flip_fill=fill))(image)
    last = [3.0, 2.0, 1.0] if fill == "keep" else [0.0, 0.0, 0.0]
    assert fake.seen[0, 2, 0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert fake.seen[1, 2, 0].tolist() == [5.0, 4.0, 3.0, 2.0, 1.0, *last]


def test_without_shift_the_image_is_flipped_only():
    spec = replace(SHIFTED, flip_shift=0)
    fake = Fake(
        lambda image: {h.name: torch.zeros(len(image), h.channels, 1, 4) for h in spec.heads}
    )
    image = image_of(4, 16, 2)
    FlipTest(fake, spec)(image)
    assert torch.equal(fake.seen, torch.cat((image, image.flip(3))))


def corner_pixels(image):
    """Heads that hold the pixel at the corner of their cells, in every channel."""
    corner = image[:, :1, ::4, ::4]
    return {
        "heatmap": corner.repeat(1, 18, 1, 1),
        "offset": torch.zeros_like(corner).repeat(1, 34, 1, 1),
        "heatmap_2x": image[:, :1, ::2, ::2].repeat(1, 17, 1, 1),
    }


def test_shift_brings_the_flipped_images_cells_onto_the_images():
    image = image_of(32, 64, 2)
    heads = FlipTest(Fake(corner_pixels), SHIFTED)(image)
    assert torch.equal(heads["heatmap"], corner_pixels(image)["heatmap"])


def test_finer_heatmap_has_a_flipped_image_of_its_own():
    spec = heatmap_guided_spec("a", CONFIGS["higher"], 640, COCO_17)
    image = image_of(32, 64, 2)
    heads = FlipTest(Fake(corner_pixels), spec)(image)
    assert torch.equal(heads["heatmap_2x"], corner_pixels(image)["heatmap_2x"])


# ---- two strides


def test_coarse_heatmap_is_upsampled_before_it_is_turned_back():
    spec = heatmap_guided_spec("a", CONFIGS["higher"], 640, COCO_17)

    def one_cell(image):
        heads = {
            h.name: torch.zeros(len(image), h.channels, 16 // h.stride, 32 // h.stride)
            for h in spec.heads
        }
        for heatmap, pixels in zip(heads["heatmap"], image, strict=True):
            moved = int((pixels[0, 0] == 0).sum())  # columns that were filled
            if moved == 1:  # for the finer map: its coarse heatmap is not used
                heatmap[:] = 7
            else:  # the same place in the image and in its flipped image
                heatmap[0, 0, 2 if moved == 0 else 5] = 1
        return heads

    heads = FlipTest(Fake(one_cell), spec)(torch.ones(1, 3, 16, 32))
    assert heads["heatmap"].shape == (1, 18, 8, 16)
    # the image: 1 at column 4 and halves beside it; the flipped image one column to the right
    expected = [0, 0, 0, 0.25, 0.75, 0.75, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    torch.testing.assert_close(heads["heatmap"][0, 0, 0], torch.tensor(expected))


def test_last_column_and_row_are_repeated_when_upsampled():
    spec = heatmap_guided_spec("a", CONFIGS["higher"], 640, COCO_17)
    columns = torch.arange(8.0).expand(4, 8)

    def ramp(image):
        heads = {
            h.name: torch.zeros(len(image), h.channels, 16 // h.stride, 32 // h.stride)
            for h in spec.heads
        }
        heads["heatmap"][0, 17] = columns
        return heads

    heads = FlipTest(Fake(ramp), spec)(torch.zeros(1, 3, 16, 32))
    row = heads["heatmap"][0, 17, 7] * 2
    torch.testing.assert_close(row, torch.tensor([*(i / 2 for i in range(15)), 7.0]))


# ---- the spec


def test_spec_says_what_comes_out():
    spec = heatmap_guided_spec("a", CONFIGS["higher"], 640, COCO_17)
    flipped = FlipTest(Fake(corner_pixels), spec).spec
    assert flipped.flip == "done"
    assert {head.name: head.stride for head in flipped.heads} == {
        "heatmap": 2,
        "offset": 4,
        "heatmap_2x": 2,
    }
    assert FlipTest(Fake(corner_pixels), SHIFTED).spec == replace(SHIFTED, flip="done")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"flip": "done"}, "a has a flip test already"),
        ({"flip": "around"}, "a has its flip test around it"),
        ({"flip": "never"}, "a has no flip test"),
        ({"heads": (HeadSpec("box_size", "size", 2),)}, "a has box_size \\(size, activation none"),
        (
            {"heads": (HeadSpec("heatmap", "heatmap", 18, 4, "sigmoid"),)},
            r"without activation, a has heatmap \(heatmap, activation sigmoid",
        ),
    ],
)
def test_spec_without_a_flip_test_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        FlipTest(Fake(corner_pixels), replace(SHIFTED, **change))


# ---- whole networks


@torch.no_grad()
def test_flip_test_of_the_flipped_image_is_the_flip_of_the_flip_test():
    network, spec = narrow("logocap", FACE)
    flip_test, image = FlipTest(randomise(network), spec), image_of(64, 96)
    straight, flipped = flip_test(image), flip_test(image.flip(3))
    order = [*spec.skeleton.flip_order.tolist(), 3]
    back = flipped["heatmap"].flip(3)[:, order]
    torch.testing.assert_close(back, straight["heatmap"], atol=LAYER_ATOL, rtol=LAYER_ATOL)
    pairs = flipped["offset"].flip(3).unflatten(1, (3, 2))[:, order[:3]]
    back = torch.stack((-pairs[:, :, 0], pairs[:, :, 1]), 2).flatten(1, 2)
    torch.testing.assert_close(back, straight["offset"], atol=LAYER_ATOL, rtol=LAYER_ATOL)


@pytest.mark.parametrize("name", NETWORKS)
def test_flip_test_exports(name):
    network, spec = narrow(name, FACE)
    flip_test = FlipTest(randomise(network), spec)
    assert not flip_test.training
    assert_exports(flip_test, image_of(64, 96), image_of(96, 64, 2), PUBLISHED_MAPS)


# ---- against the released code


def absolute(offset):
    """(B, 2K, h, w) position - keypoint -> keypoints in cells."""
    rows, columns = torch.meshgrid(
        *(torch.arange(float(side)) for side in offset.shape[2:]), indexing="ij"
    )
    return torch.stack((columns, rows)).repeat(offset.shape[1] // 2, 1, 1) - offset


@pytest.mark.data
@torch.no_grad()
def test_logocap_averages_are_those_of_the_released_code(shared):
    arrays, network, spec = released(shared, "logocap")
    network.double()
    heads = FlipTest(network, spec)(tensor(arrays["input"]))
    assert_published(heads["heatmap"], arrays["heatmaps_merged"])
    assert_published(heads["offset"], arrays["offsets_merged"])
    assert_published(heads["embedding"], arrays["embedding"])


@pytest.mark.data
@torch.no_grad()
def test_heatmap_guided_averages_are_those_of_the_released_code(shared):
    arrays, network, spec = released(shared, "heatmap-guided")
    network.double()
    image = tensor(arrays["s1/input"])
    heads = FlipTest(network, spec)(image)
    assert_published(heads["heatmap"], arrays["s1/heatmaps_avg"])
    assert_published(absolute(heads["offset"]), arrays["s1/reg_kpts_avg"])
    moved = F.pad(image.flip(3)[..., 3:], (0, 3))
    back = network(moved)["heatmap"].flip(3)[:, [*COCO_17.flip_order.tolist(), 17]]
    assert_published(back, arrays["s1/heatmaps_flip_unflipped"])


@pytest.mark.data
@torch.no_grad()
def test_dekr_averages_are_those_of_the_released_code(shared):
    arrays, network, spec = released(shared, "dekr")
    network.double()
    heads = FlipTest(network, spec)(tensor(arrays["s1/input"]))
    assert_published(heads["heatmap"], arrays["s1/heatmap"])
    assert_published(absolute(heads["offset"]), arrays["s1/posemap"])
