"""From uint8 images to heads: the normalisation that a file or a session carries."""

from dataclasses import replace

import pytest
import torch
from posetrack.models import MODELS
from posetrack.models.export_wrapper import ExportWrapper, with_flip_test
from posetrack.structures import COCO_17

from .bottom_up import FACE, narrow
from .network_checks import randomise


class Seen(torch.nn.Module):
    """Remembers the image; its heads are named, in another order than any spec's."""

    def __init__(self, spec):
        super().__init__()
        self.names = sorted((head.name for head in spec.heads), reverse=True)

    def forward(self, image):
        self.image = image
        return {name: image.mean() + i for i, name in enumerate(self.names)}


def spec_of(name):
    with torch.device("meta"):
        return MODELS[name].build(COCO_17)[1]


def pixels(*shape):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (*shape, 3), dtype=torch.uint8, generator=generator)


def seen(spec, image):
    """What the network behind the wrapper is shown."""
    network = Seen(spec)
    ExportWrapper(network, spec)(image)
    return network.image


def channels(values):
    return torch.tensor(values).reshape(1, 3, 1, 1)


@pytest.mark.parametrize("name", ["movenet-multipose", "logocap-lite"])
def test_pixels_of_movenet_are_normalised_from_0_to_255(name):
    spec, image = spec_of(name), pixels(2, 32, 64)
    mean, std = channels(spec.mean), channels(spec.std)
    expected = (image.permute(0, 3, 1, 2).float() - mean) / std
    assert torch.equal(seen(spec, image), expected)
    torch.testing.assert_close(expected.amax(), torch.tensor(1.0), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "name", ["dekr-hrnet-w32", "heatmap-guided-hrnet-w32", "simple-baseline-resnet-50"]
)
def test_pixels_of_published_networks_are_brought_to_0_to_1_first(name):
    """To the last bit: sixty layers make another order of the operations visible."""
    spec, image = spec_of(name), pixels(2, 32, 64)
    mean = channels([value / 255 for value in spec.mean])
    std = channels([value / 255 for value in spec.std])
    expected = (image.permute(0, 3, 1, 2).float() / 255 - mean) / std
    assert torch.equal(seen(spec, image), expected)
    torch.testing.assert_close(mean, channels([0.485, 0.456, 0.406]))
    torch.testing.assert_close(std, channels([0.229, 0.224, 0.225]))


def test_network_gets_contiguous_channels():
    """Torch takes other kernels for channels last, whose results have other last bits."""
    image = seen(spec_of("dekr-hrnet-w32"), pixels(2, 32, 64))
    assert image.shape == (2, 3, 32, 64)
    assert image.is_contiguous()


def test_heads_come_in_the_order_of_the_spec():
    spec = spec_of("movenet-multipose")
    wrapper = ExportWrapper(Seen(spec), spec)
    order = wrapper.network.names  # by which the values rise
    values = [float(head) for head in wrapper(pixels(1, 32, 32))]
    by_value = [wrapper.names[i] for i in sorted(range(len(values)), key=values.__getitem__)]
    assert by_value == order
    assert wrapper.names == [head.name for head in spec.heads]
    assert wrapper.names != order


def test_mean_and_std_are_stored_with_the_network():
    spec = replace(spec_of("movenet-multipose"), mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0))
    stored = ExportWrapper(Seen(spec), spec).state_dict()
    assert stored["mean"].flatten().tolist() == [1.0, 2.0, 3.0]
    assert stored["std"].flatten().tolist() == [4.0, 5.0, 6.0]


@torch.no_grad()
def test_network_with_its_flip_test_is_wrapped_alike():
    network, spec = narrow("higher", FACE)
    flip_test, flipped_spec = with_flip_test(randomise(network), spec)
    heads = ExportWrapper(flip_test, flipped_spec)(pixels(1, 64, 96))
    assert [(h.name, h.stride) for h in flipped_spec.heads] == [
        ("heatmap", 2),
        ("offset", 4),
        ("heatmap_2x", 2),
    ]
    for spec_head, head in zip(flipped_spec.heads, heads, strict=True):
        stride = spec_head.stride
        assert head.shape == (1, spec_head.channels, 64 // stride, 96 // stride)
    with pytest.raises(ValueError, match="flip test"):
        with_flip_test(flip_test, flipped_spec)
