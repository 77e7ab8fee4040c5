"""The feature pyramid: sizes, and which maps reach which."""

import torch
from posetrack.models.layers.feature_pyramid import STRIDES, FeaturePyramid

CHANNELS = (4, 6, 8, 10)


def maps(height=4, width=6, value=None):
    shapes = [(1, c, height << i, width << i) for c, i in zip(CHANNELS, (3, 2, 1, 0), strict=True)]
    if value is not None:
        return [torch.full(shape, value) for shape in shapes]
    return [
        torch.randn(shape, generator=torch.Generator().manual_seed(i))
        for i, shape in enumerate(shapes)
    ]


def test_pyramid_has_one_width_and_a_level_more():
    levels = FeaturePyramid(CHANNELS, 5)(maps(height=3, width=5))
    assert [tuple(p.shape) for p in levels] == [
        (1, 5, 24, 40),
        (1, 5, 12, 20),
        (1, 5, 6, 10),
        (1, 5, 3, 5),
        (1, 5, 2, 3),
    ]
    assert len(levels) == len(STRIDES)


def test_coarsest_level_is_every_second_cell_of_the_one_before():
    *_, p5, p6 = FeaturePyramid(CHANNELS, 5)(maps())
    assert torch.equal(p6, p5[:, :, ::2, ::2])


def test_coarse_maps_reach_fine_levels_and_not_the_other_way():
    pyramid = FeaturePyramid(CHANNELS, 5)
    before = pyramid(maps())
    for changed in range(4):
        inputs = maps()
        inputs[changed] = inputs[changed] + 1
        after = pyramid(inputs)
        same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        assert same[:4] == [level > changed for level in range(4)]


def test_levels_are_sums_of_nearest_neighbours():
    """With identity convolutions P2 is C2 + C3 + C4 + C5, each cell doubled in both directions."""
    pyramid = FeaturePyramid((1, 1, 1, 1), 1)
    with torch.no_grad():
        for lateral, output in zip(pyramid.lateral, pyramid.output, strict=True):
            lateral.weight.fill_(1.0)
            output.weight.zero_()
            output.weight[0, 0, 1, 1] = 1.0
    inputs = [m[:, :1] for m in maps()]
    expected = 0
    for i, m in enumerate(inputs):
        expected = expected + m.repeat_interleave(2**i, 2).repeat_interleave(2**i, 3)
    torch.testing.assert_close(pyramid(inputs)[0], expected)


def test_fresh_weights_keep_to_the_range_of_their_fan_in():
    pyramid = FeaturePyramid((256, 512, 1024, 2048))
    for convolution in (*pyramid.lateral, *pyramid.output):
        limit = (3 / convolution.weight[0].numel()) ** 0.5
        largest = convolution.weight.abs().max()
        assert 0.99 * limit < largest <= limit
        assert not convolution.bias.any()
