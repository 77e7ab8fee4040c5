"""Deconvolutions behind a ResNet: how they are numbered, and how far they enlarge the map."""

import pytest
import torch
from posetrack.models.layers.deconvolution import deconvolution_layers, heatmap_stride
from torch import nn


@pytest.mark.parametrize(("channels", "stride"), [((8,), 16), ((8, 4), 8), ((8, 4, 6), 4)], ids=str)
def test_each_deconvolution_halves_the_stride(channels, stride):
    layers = nn.Sequential(*deconvolution_layers(5, channels)).eval()
    with torch.no_grad():
        enlarged = layers(torch.zeros(2, 5, 2, 3))
    image = (2 * 32, 3 * 32)  # pixels of which ResNet's last map has 2 x 3 cells
    assert heatmap_stride(channels) == stride
    assert enlarged.shape == (2, channels[-1], image[0] // stride, image[1] // stride)


def test_layers_are_numbered_as_published():
    names = nn.Sequential(*deconvolution_layers(5, (8, 4))).state_dict()
    deconvolutions = {name: tuple(names[name].shape) for name in names if names[name].ndim == 4}
    assert deconvolutions == {"0.weight": (5, 8, 4, 4), "3.weight": (8, 4, 4, 4)}
    assert names["1.running_mean"].shape == (8,)
    assert names["4.running_mean"].shape == (4,)


def test_no_deconvolution_is_refused():
    with pytest.raises(ValueError, match="channels of the deconvolutions must be given, got none"):
        deconvolution_layers(5, ())
