"""Enlarged maps: the values, and the last bit of them."""

import numpy as np
import parity
import pytest
import torch
from posetrack.engine.upsampling import upsample_bilinear
from posetrack.structures import ImageTransform
from torch.nn.functional import interpolate

FUSED = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def assert_as_torch(maps, size):
    tensor = torch.from_numpy(maps)[None]
    expected = interpolate(tensor, size, mode="bilinear", align_corners=False)[0].numpy()
    upsampled = upsample_bilinear(maps, size)
    assert upsampled.dtype == np.float32
    if FUSED:
        np.testing.assert_array_equal(upsampled, expected)
    else:
        np.testing.assert_allclose(upsampled, expected, rtol=1e-6, atol=1e-6)


def test_half_pixels_are_minded_and_the_border_repeats():
    maps = np.float32([[[0, 1]]])
    expected = np.float32([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])
    np.testing.assert_array_equal(upsample_bilinear(maps, (3, 8))[0], np.tile(expected, (3, 1)))


def test_columns_and_rows_are_treated_alike():
    maps = np.float32([[[0, 4], [8, 12]]])
    upsampled = upsample_bilinear(maps, (4, 4))[0]
    steps = np.float32([0, 0.25, 0.75, 1])
    np.testing.assert_array_equal(upsampled, 8 * steps[:, None] + 4 * steps)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((18, 80, 64), (320, 256)),
        ((18, 128, 172), (512, 688)),
        ((15, 17, 17), (68, 68)),
        ((18, 40, 32), (320, 256)),
        ((18, 33, 47), (320, 256)),  # weights that float32 cannot hold exactly
        ((18, 160, 128), (320, 256)),
        ((18, 160, 128), (120, 96)),  # smaller
        ((18, 40, 1), (160, 4)),
    ],
)
def test_every_bit_is_that_of_torch(shape, size, threads):
    maps = np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert_as_torch(maps, size)
    finally:
        torch.set_num_threads(before)


def test_pixels_beyond_the_outer_cells_keep_their_value():
    maps = np.random.default_rng(1).random((18, 20, 20)).astype(np.float32)
    upsampled = upsample_bilinear(maps, (80, 80))
    np.testing.assert_array_equal(upsampled[:, 0], upsampled[:, 1])
    np.testing.assert_array_equal(upsampled[:, :, 0], upsampled[:, :, 1])
    np.testing.assert_array_equal(upsampled[:, 0, 0], maps[:, 0, 0])


@pytest.mark.data
def test_published_maps_come_out_bit_for_bit(shared):
    arrays = parity.load(shared, "logocap_narrow")
    transform = ImageTransform.released_affine(arrays["image_rgb_u8"].shape[:2], 256)
    upsampled = upsample_bilinear(arrays["heatmaps_merged"][0], transform.input_size)
    np.testing.assert_array_equal(upsampled[[0, 17]], arrays["heatmaps_hr_ch0_ch17"][0])
