"""What is made of the heatmaps of several strides and scales."""

import numpy as np
import parity
import pytest
from posetrack import kernels
from posetrack.engine.decoders.corner_upsampling import fuse_scales, join_strides


def test_fused_map_is_the_mean_of_the_scales():
    fine, coarse = np.full((1, 1, 4, 4), 3, np.float32), np.full((1, 1, 1, 1), 6, np.float32)
    np.testing.assert_array_equal(
        fuse_scales([fine, coarse, coarse], (8, 8)), np.full((1, 1, 8, 8), 5)
    )


def test_map_of_one_scale_stays_small():
    maps = np.random.default_rng(0).random((1, 2, 3, 4), np.float32)
    assert fuse_scales([maps], (12, 16)) is maps


def test_fusing_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one heatmap is needed"):
        fuse_scales([], (8, 8))


def test_joined_strides_are_averaged_except_for_the_center():
    coarse = np.stack((np.full((2, 3), 4), np.arange(6).reshape(2, 3))).astype(np.float32)
    finer = np.full((1, 1, 4, 6), 10, np.float32)
    keypoints, center = join_strides(coarse[None], finer)
    np.testing.assert_array_equal(keypoints, np.full((1, 1, 4, 6), 7))
    np.testing.assert_array_equal(center[0, 0, 0], [0, 0.5, 1, 1.5, 2, 2])
    np.testing.assert_array_equal(center[0, 0, :, 0], [0, 1.5, 3, 3])
    alone, same = join_strides(coarse[None], finer, averaged=False)
    np.testing.assert_array_equal(alone, finer)
    np.testing.assert_array_equal(same, center)


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "heatmap", "expected", "channels"),
    [
        ("hrbu_narrow", "s1/heatmaps_avg", "heatmap_fuse_ch0_ch16", [0, 16]),
        ("dekr_narrow", "s1/heatmap", "heatmap_avg_ch0_ch17", [0, 17]),
    ],
)
def test_fused_map_is_that_of_the_released_code(shared, file, heatmap, expected, channels):
    arrays = parity.load(shared, file)
    fused = kernels.upsample_maps(
        fuse_scales([arrays[heatmap]], (320, 256)), (320, 256), rule="corner"
    )
    np.testing.assert_allclose(fused[0, channels], arrays[expected], atol=1e-6)
