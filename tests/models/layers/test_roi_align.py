"""RoIAlign against its definition, one sample at a time."""

import math

import numpy as np
import pytest
import torch
from posetrack.models.layers.roi_align import roi_align, roi_level

STRIDES = (4, 8, 16, 32)


def pixel_centers(stride, cells, origin):
    shift = 0.5 if origin == "half-pixel" else 0.0
    return (np.arange(cells) + shift) * stride - shift


def slow_sample(plane, x, y):
    """One bilinear sample, in cells: edge values up to a cell outside, 0 beyond."""
    height, width = plane.shape
    if not (-1 <= x <= width and -1 <= y <= height):
        return 0.0
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    dx, dy = x - x0, y - y0
    top = plane[y0, x0] * (1 - dx) + plane[y0, x1] * dx
    return top * (1 - dy) + (plane[y1, x0] * (1 - dx) + plane[y1, x1] * dx) * dy


def slow_roi_align(plane, roi, stride, size, samples, origin):
    """(rows, columns) of one RoI on one plane."""
    rows, columns = size
    shift = 0.5 if origin == "half-pixel" else 0.0
    pooled = np.zeros(size)
    for row in range(rows):
        for column in range(columns):
            for i in range(samples):
                for j in range(samples):
                    down = (row + (i + 0.5) / samples) / rows
                    right = (column + (j + 0.5) / samples) / columns
                    x = roi[0] + right * (roi[2] - roi[0])
                    y = roi[1] + down * (roi[3] - roi[1])
                    cell_x = (x + shift) / stride - shift
                    cell_y = (y + shift) / stride - shift
                    pooled[row, column] += slow_sample(plane, cell_x, cell_y)
    return pooled / samples**2


def pyramid(seed, batch=2, channels=3, base=(32, 48), levels=4):
    generator = torch.Generator().manual_seed(seed)
    shapes = [(base[0] >> i, base[1] >> i) for i in range(levels)]
    return [torch.randn(batch, channels, h, w, generator=generator) for h, w in shapes]


# ---- levels


def test_an_roi_of_224_pixels_belongs_to_stride_16():
    sides = torch.tensor([8.0, 55.0, 57.0, 111.0, 113.0, 223.0, 224.0, 447.0, 448.0, 4000.0])
    rois = torch.stack((sides * 0, sides * 0, sides * 2, sides / 2), -1)  # area side²
    assert roi_level(rois, STRIDES).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]


def test_level_of_an_empty_roi_is_the_finest():
    assert roi_level(torch.zeros(1, 4), STRIDES).tolist() == [0]


def test_rois_beyond_the_given_maps_take_the_nearest():
    rois = torch.tensor([[0.0, 0, 10, 10], [0, 0, 150, 150], [0, 0, 900, 900]])
    assert roi_level(rois, (8, 16)).tolist() == [0, 0, 1]
    assert roi_level(rois, (16,)).tolist() == [0, 0, 0]


# ---- pooling


@pytest.mark.parametrize("origin", ["half-pixel", "corner"])
@pytest.mark.parametrize("size", [(7, 7), (22, 16)])
def test_a_ramp_is_pooled_to_the_middles_of_the_grid(origin, size):
    """A linear function is its own mean: cells read x and y exactly at their middles."""
    stride, (height, width) = 4, (40, 60)
    x, y = pixel_centers(stride, width, origin), pixel_centers(stride, height, origin)
    ramp = np.stack(np.broadcast_arrays(x, y[:, None])).astype(np.float32)
    roi = [20.3, 31.7, 100.9, 142.1]
    pooled = roi_align(
        [torch.from_numpy(ramp)[None]],
        [stride],
        torch.tensor([[roi]]),
        size=size,
        cell_origin=origin,
    )[0, 0].numpy()
    rows, columns = (np.arange(n) + 0.5 for n in size)
    expected_x = roi[0] + columns * (roi[2] - roi[0]) / size[1]
    expected_y = roi[1] + rows * (roi[3] - roi[1]) / size[0]
    np.testing.assert_allclose(pooled[0], np.broadcast_to(expected_x, size), atol=1e-3)
    np.testing.assert_allclose(pooled[1], np.broadcast_to(expected_y[:, None], size), atol=1e-3)


@pytest.mark.parametrize("origin", ["half-pixel", "corner"])
@pytest.mark.parametrize("samples", [1, 2, 3])
def test_every_level_pools_as_the_definition_says(origin, samples):
    maps = pyramid(0)
    rois = torch.tensor(
        [
            [[3.0, 5, 90, 60], [10, 12, 150, 120], [-30, -40, 120, 200], [-500, 3, 400, 99]],
            [[100, 80, 191, 127], [-0.5, -0.5, 191.5, 127.5], [40, 40, 41, 41], [0, 0, 0, 0]],
        ]
    )
    pooled = roi_align(maps, STRIDES, rois, size=(4, 3), samples=samples, cell_origin=origin)
    levels = roi_level(rois, STRIDES)
    assert set(levels.flatten().tolist()) == {0, 1, 2}
    assert pooled.shape == (2, 4, 3, 4, 3)
    for b, n, c in np.ndindex(2, 4, 3):
        level = levels[b, n]
        plane, stride = maps[level][b, c].double().numpy(), STRIDES[level]
        expected = slow_roi_align(plane, rois[b, n].tolist(), stride, (4, 3), samples, origin)
        np.testing.assert_allclose(pooled[b, n, c], expected, atol=2e-5)


def test_large_rois_read_the_coarsest_map_up_to_its_edges():
    """Levels share one canvas inside: no value of one may leak into another."""
    maps = [torch.full((1, 1, 64 >> i, 96 >> i), float(10**i)) for i in range(4)]
    edge = [-0.5, -0.5, 383.5, 255.5]
    rois = torch.tensor([[[0.0, 0, 30, 30], edge, [-400, -400, 800, 800]]])
    pooled = roi_align(maps, STRIDES, rois, size=(7, 7))
    assert roi_level(rois, STRIDES).tolist() == [[0, 2, 3]]
    torch.testing.assert_close(pooled[0, 0], torch.full((1, 7, 7), 1.0))
    torch.testing.assert_close(pooled[0, 1], torch.full((1, 7, 7), 100.0))
    torch.testing.assert_close(pooled[0, 2, 0, 3, 3], torch.tensor(1000.0))
    assert pooled[0, 2, 0, 0, 0] == 0  # far outside the image


def test_wide_persons_are_pooled_undistorted():
    """A circle stays a circle in the grid of 352:256 over an RoI of that ratio."""
    y, x = np.mgrid[:64, :64] * 4.0 + 1.5
    inside = np.hypot(x - 127.5, y - 127.5) < 60
    feature = torch.from_numpy(inside.astype(np.float32))[None, None]
    half = torch.tensor([64.0, 88.0])
    roi = torch.cat((127.5 - half, 127.5 + half))[None, None]
    disk = roi_align([feature], [4], roi, size=(22, 16))[0, 0, 0]
    assert abs(float(disk[:, 7:9].mean(1).sum()) - float(disk[10:12].mean(0).sum())) < 0.5
    assert math.isclose(float(disk.sum()), math.pi * (60 / 8) ** 2, rel_tol=0.02)


def test_gradient_flows_to_the_sampled_cells_alone():
    feature = torch.zeros(1, 1, 8, 8, requires_grad=True)
    roi_align([feature], [4], torch.tensor([[[5.5, 5.5, 9.5, 9.5]]]), size=(1, 1)).sum().backward()
    touched = feature.grad[0, 0]
    assert math.isclose(float(touched.sum()), 1.0, rel_tol=1e-5)
    assert {tuple(i) for i in touched.nonzero().tolist()} == {(1, 1), (1, 2), (2, 1), (2, 2)}
