"""MoveNet's backbone and pyramid: TensorFlow's padding, and which maps are fused."""

import pytest
import torch
from posetrack.models.layers.mobilenet import (
    MULTIPOSE_BACKBONE,
    PYRAMID_CHANNELS,
    THUNDER_BACKBONE,
    MobileNet,
    SamePadConv,
)

BACKBONES = {"multipose": MULTIPOSE_BACKBONE, "thunder": THUNDER_BACKBONE}


def test_stride_two_pads_below_and_to_the_right_only():
    convolution = SamePadConv(1, 1, 3, stride=2, bias=False)
    convolution.load_state_dict({"weight": torch.ones(1, 1, 3, 3)})
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    # sums of rows and columns 0..2 and 2..3: nothing above row 0, zeros below row 3
    expected = torch.tensor([[[[45.0, 39.0], [66.0, 50.0]]]])
    assert torch.equal(convolution(image), expected)


def test_stride_one_pads_on_every_side():
    convolution = SamePadConv(1, 1, 3, bias=False)
    convolution.load_state_dict({"weight": torch.ones(1, 1, 3, 3)})
    expected = torch.tensor([[[[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]]])
    assert torch.equal(convolution(torch.ones(1, 1, 3, 3)), expected)


@pytest.mark.parametrize(("name", "channels"), [("multipose", 96), ("thunder", 112)])
def test_pyramid_takes_stride_16_before_its_channels_grow(name, channels):
    with torch.device("meta"):
        network = MobileNet(BACKBONES[name])
        maps = network.backbone(torch.zeros(2, 3, 64, 96))
    assert {stride: tuple(x.shape[2:]) for stride, x in maps.items()} == {
        stride: (64 // stride, 96 // stride) for stride in (4, 8, 16, 32)
    }
    assert maps[16].shape[1] == channels
    assert all(x.shape[1] == network.backbone.tap_channels[stride] for stride, x in maps.items())


@pytest.mark.parametrize("name", BACKBONES)
def test_features_are_the_pyramids_last_map(name):
    network = MobileNet(BACKBONES[name]).eval()
    image = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = network(image)
        assert torch.equal(features, network.fpn(network.backbone(image)))
    assert features.shape == (2, PYRAMID_CHANNELS[4], 16, 24)
    assert features.std() > 0
