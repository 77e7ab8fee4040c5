"""The maps of OGN's Mask R-CNN -> poses, by the loss that trained them; numbers by NumPy."""

import numpy as np
import pytest
from factories import make_spec
from posetrack.engine.decoders.ogn_mask_rcnn import OgnMaskRcnnDecoder, cells_to_boxes
from posetrack.engine.heads import View
from posetrack.structures import DecoderSpec, ImageTransform

K, RADIUS = 17, 6.25
HALF = ImageTransform.fit_short_side((256, 256), 128, 32, 4.0)  # the input is half the image


def decoder(score_loss, offset=True, **options):
    options |= {"radius": RADIUS, "score_loss": score_loss, "offset": offset}
    return OgnMaskRcnnDecoder(make_spec(decoder=DecoderSpec("ogn-mask-rcnn", options)), {})


def view_of(heatmap, offset, rois, box_scores, count):
    """What the network says of an image; rows behind `count` are no people."""
    heads = {
        "heatmap": heatmap[None],
        "rois": np.float32(rois)[None],
        "boxes": np.float32(rois)[None] + 1,
        "box_scores": np.float32(box_scores)[None],
        "count": np.int32([count]),
    }
    if offset is not None:
        heads["offset"] = offset[None]
    return View(heads, HALF)


def maps(cell, value, size=(88, 64), people=1):
    """Maps (N, K, h, w) that are 0 but for one cell (x, y)."""
    heatmap = np.zeros((people, K, *size), np.float32)
    heatmap[:, :, cell[1], cell[0]] = value
    return heatmap


def offsets(x, y, size=(88, 64), people=1):
    offset = np.zeros((people, 2 * K, *size), np.float32)
    offset[:, 0::2], offset[:, 1::2] = x, y
    return offset


ROI = [[10, 20, 74, 108]]  # 64 x 88 pixels, one for each cell


# ---- by the loss


def test_disks_are_read_by_their_height():
    heatmap = maps((30, 40), 0.75)
    (place,), (value,) = decoder("smooth-l1").read(heatmap, offsets(0.2, -0.4), np.float32(ROI))
    expected = (10 + 30.5 + 0.2 * RADIUS, 20 + 40.5 - 0.4 * RADIUS)
    np.testing.assert_allclose(place, np.tile(expected, (K, 1)), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(value, np.full(K, np.float32(0.75)))


def test_logits_are_read_as_probabilities_of_the_cells():
    """Rows a and b of table 4: exp(8) of exp(8) and 88 * 64 - 1 cells of exp(0)."""
    heatmap = maps((30, 40), 8.0)
    (place,), (value,) = decoder("softmax").read(heatmap, offsets(0.2, -0.4), np.float32(ROI))
    expected = (10 + 30.5 + 0.2 * RADIUS, 20 + 40.5 - 0.4 * RADIUS)
    np.testing.assert_allclose(place, np.tile(expected, (K, 1)), rtol=0, atol=1e-4)
    np.testing.assert_allclose(value, np.exp(8) / (np.exp(8) + 88 * 64 - 1), rtol=1e-5)


def test_filter_is_for_disks_alone():
    """A spike beside a disk: smoothed the disk is higher, a softmax is trained for the spike."""
    heatmap = maps((30, 40), 1.5)
    heatmap[:, :, 60:65, 10:15] = 1
    none = offsets(0, 0)
    (disk,), _ = decoder("smooth-l1").read(heatmap, none, np.float32(ROI))
    np.testing.assert_allclose(disk[0], (10 + 12.5, 20 + 62.5), rtol=0, atol=1e-4)
    (spike,), _ = decoder("softmax").read(heatmap, none, np.float32(ROI))
    np.testing.assert_allclose(spike[0], (10 + 30.5, 20 + 40.5), rtol=0, atol=1e-4)


def cubic(t):
    """OpenCV's bicubic weight at a distance of t cells."""
    t, a = abs(t), -0.75
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def test_logits_without_offsets_are_enlarged_to_the_roi():
    """FAIR's row: 56 x 56 cells on 112 x 112 pixels; between two equal cells lies the highest."""
    heatmap = maps((20, 30), 9.0, (56, 56))
    heatmap[:, :, 30, 21] = 9.0
    rois = np.float32([[10, 20, 121.5, 132]])  # 111.5 pixels are 112 cells
    (place,), (value,) = decoder("softmax", offset=False).read(heatmap, None, rois)
    pixels = (np.arange(112) + 0.5) / 2 - 0.5
    across = np.array([cubic(x - 20) + cubic(x - 21) for x in pixels])
    enlarged = 9.0 * np.outer([cubic(y - 30) for y in pixels], across)
    row, column = np.unravel_index(enlarged.argmax(), enlarged.shape)
    assert column == 41  # 20.25; the highest cell itself would be pixel 40.5
    expected = (10 + (column + 0.5) * 111.5 / 112, 20 + row + 0.5)
    np.testing.assert_allclose(place, np.tile(expected, (K, 1)), rtol=0, atol=1e-3)
    expected = np.exp(enlarged.max()) / np.exp(enlarged).sum()
    np.testing.assert_allclose(value, np.full(K, expected), rtol=1e-3)


def test_cells_of_pooled_maps_lie_in_their_boxes():
    places = cells_to_boxes(
        np.float32([[[-0.5, -0.5], [3.5, 7.5], [0, 0]]]), np.float32([[10, 20, 50, 180]]), (8, 4)
    )
    np.testing.assert_allclose(places, [[[10, 20], [50, 180], [15, 30]]])


# ---- people


def test_people_come_back_into_the_image_best_first():
    heatmap = maps((30, 40), 0.8, people=3)
    heatmap[1] = maps((30, 40), 1.0)[0]
    rois = [*ROI, [0, 0, 64, 88], [5, 5, 9, 9]]
    view = view_of(heatmap, offsets(0, 0, people=3), rois, [0.9, 0.8, 0.7], 2)
    (poses,) = decoder("smooth-l1")([view]).to_host()
    np.testing.assert_allclose(poses.scores, [0.8, 0.72], rtol=1e-6)
    inputs = np.float32([[30.5, 40.5], [40.5, 60.5]])
    np.testing.assert_allclose(poses.keypoints[:, 0], HALF.to_image(inputs), rtol=0, atol=1e-3)
    corners = np.float32([[1, 1], [65, 89]])
    np.testing.assert_allclose(poses.boxes[0], HALF.to_image(corners).reshape(-1), atol=1e-3)


def test_nobody_found_is_nobody():
    view = view_of(maps((0, 0), 1), offsets(0, 0), ROI, [0.0], 0)
    (poses,) = decoder("smooth-l1")([view]).to_host()
    assert poses.keypoints.shape == (0, K, 2)


# ---- what is refused


def test_unknown_loss_and_several_sizes_are_refused():
    with pytest.raises(ValueError, match="score_loss must be 'smooth-l1' or 'softmax', got 'l2'"):
        decoder("l2")
    view = view_of(maps((0, 0), 1), offsets(0, 0), ROI, [0.5], 1)
    with pytest.raises(ValueError, match="takes one size, got 2"):
        decoder("smooth-l1")([view, view])
