"""Peaks of maps, and the poses regressed at them."""

from dataclasses import replace

import numpy as np
import parity
import pytest
from posetrack.engine.decoders.center_peaks import (
    Centers,
    Proposals,
    center_peaks,
    regressed_keypoints,
)
from tolerances import DECODED_PIXELS, DECODED_SCORES_RTOL

from ..published_maps import NOTIONAL_IMAGE, NOTIONAL_SIZE, notional_heads

MAP = np.float32(
    [
        [5, 0, 0, 3, 3, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 4, 0, 0, 0],
        [0, 0, 0, 4.5, 0, -1],
    ]
)


def found(center, max_peaks, threshold):
    """Cells x, y and values of the peaks of a map (h, w)."""
    peaks = center_peaks(center[None, None], max_peaks, threshold)
    count = int(peaks.counts[0])
    y, x = np.divmod(peaks.cells[0, :count], center.shape[1])
    return np.stack((x, y), axis=1), peaks.values[0, :count]


def centers_at(cells, map_size):
    """Centers (x, y) on a map, all of value 1."""
    cells = np.int32([[y * map_size[1] + x for x, y in cells]])
    return Centers(cells, np.ones(cells.shape, np.float32), np.int32([cells.size]), map_size)


def test_centers_lie_above_the_threshold_and_fall():
    cells, values = found(MAP, 30, 3.0)
    np.testing.assert_array_equal(cells, [[0, 0], [3, 3]])
    np.testing.assert_array_equal(values, [5, 4.5])
    cells, _ = found(MAP, 1, 3.0)
    np.testing.assert_array_equal(cells, [[0, 0]])


def test_empty_map_has_no_centers():
    cells, values = found(np.zeros((4, 4), np.float32), 30, 0.01)
    assert cells.shape == (0, 2)
    assert values.shape == (0,)


def test_levelled_centers_peak_at_the_factor():
    def level(values, threshold):
        peaks = replace(centers_at([(0, 0), (1, 0)], (1, 2)), values=np.float32([values]))
        return peaks.levelled(reference, 0.001, threshold)

    reference = replace(centers_at([(0, 0)], (1, 2)), values=np.float32([[0.8]]))
    levelled = level([4, 1], 0.0003)
    np.testing.assert_allclose(levelled.values, [[0.0008, 0.0002]], rtol=1e-6)
    assert levelled.counts == [1]
    nobody = level([0, 0], 0.0)
    assert not nobody.values.any()
    assert nobody.counts == [0]


def test_proposals_of_several_scales_come_one_after_the_other():
    def of(*centers):
        count = sum(center > 0 for center in centers)
        keypoints = np.float32([[[[center, 0]] for center in centers]])
        return Proposals(keypoints, np.float32([centers]), np.int32([count]))

    joined = Proposals.concatenate([of(0.5, 0.25, 0), of(0.75, 0, 0)])
    assert joined.counts == [3]
    np.testing.assert_array_equal(joined.centers[0, :3], [0.5, 0.25, 0.75])
    np.testing.assert_array_equal(joined.keypoints[0, :3, 0, 0], [0.5, 0.25, 0.75])
    best = joined.selected(limit=2)
    np.testing.assert_array_equal(best.centers, [[0.75, 0.5]])


def test_keypoints_are_counted_from_the_cell():
    offset = np.zeros((1, 4, 3, 5), np.float32)
    offset[0, :, 1, 2] = [0.5, -1, 2, 0.25]
    keypoints = regressed_keypoints(centers_at([(2, 1)], (3, 5)), offset, 4.0, -1)
    np.testing.assert_array_equal(keypoints, [[[[6, 8], [0, 3]]]])
    keypoints = regressed_keypoints(centers_at([(2, 1)], (3, 5)), offset, 4.0, 1)
    np.testing.assert_array_equal(keypoints, [[[[10, 0], [16, 5]]]])


def test_four_fine_cells_share_the_offsets_of_the_coarse_one():
    offset = np.zeros((1, 2, 3, 5), np.float32)
    offset[0, :, 1, 2] = [0.5, -1]
    fine = centers_at([(4, 2), (5, 2), (4, 3), (5, 3)], (6, 10))
    keypoints = regressed_keypoints(fine, offset, 4.0, -1)
    np.testing.assert_array_equal(keypoints, [[[[6, 8]]] * 4])
    none = replace(fine, cells=np.full((1, 4), -1, np.int32))
    assert not regressed_keypoints(none, offset, 4.0, -1).any()


@pytest.mark.data
@pytest.mark.parametrize("case", ["n1", "n5"])
def test_proposals_are_those_of_the_released_code(shared, case):
    expected = parity.load(shared, "decode_dekr")[f"{case}/proposals_xy_ctr"]
    heads = notional_heads(shared, case).heads
    centers = center_peaks(heads["heatmap"][:, -1:], 30, 0.01)
    keypoints = regressed_keypoints(centers, heads["offset"], 4.0, -1)[0]
    (count,) = centers.counts
    np.testing.assert_allclose(keypoints[:count], expected[..., :2], rtol=0, atol=DECODED_PIXELS)
    values = centers.values[0, :count]
    np.testing.assert_allclose(values, expected[:, 0, 2], rtol=DECODED_SCORES_RTOL)


@pytest.mark.data
def test_transform_of_the_shared_maps_is_the_stored_one(shared):
    arrays = parity.load(shared, "decode_logocap")
    transform = notional_heads(shared, "n1").transform
    width, height = arrays["n1/size_wh"]
    assert transform.input_size == (height, width)
    assert NOTIONAL_SIZE / NOTIONAL_IMAGE[0] == pytest.approx(transform.scale, rel=1e-6)
    assert transform.scale == pytest.approx(width / (arrays["n1/scale"][0] * 200), rel=1e-6)
    middle = transform.to_input(np.float32(arrays["n1/center"]))
    np.testing.assert_allclose(middle, [width / 2, height / 2], atol=1e-4)
