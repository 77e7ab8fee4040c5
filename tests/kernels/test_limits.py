"""How large things may be: sides of maps, windows on a GPU, crowds."""

import numpy as np
import pytest
from posetrack import kernels
from posetrack.kernels.library import library

from .case import rng
from .places import host_library, run

PLACED = ["cpu", pytest.param("cuda-on-host", marks=pytest.mark.slow)]
BEYOND = 2**24 + 1  # float32 does not know this number


def floats(*shape):
    return np.zeros(shape, np.float32)


def on_map(kernel, h, w):
    """A kernel's arguments with no image, but maps of h x w cells."""
    if kernel == "local_windows":
        shapes = {"keypoints": (0, 1, 2, 2), "steps": (2, 3), "embedding": (0, 1, h, w)}
        return {"stride": 4.0} | {name: floats(*shape) for name, shape in shapes.items()}
    if kernel == "adaptive_convolution":
        return {"x": floats(0, 1, h, w), "matrix": floats(0, 4, h, w), "weight": floats(1, 1, 3, 3)}
    maps = [floats(0, 1, h, w)]
    return {"maps": maps, "strides": (4,), "rois": floats(0, 2, 4), "size": (1, 1)}


@pytest.mark.parametrize("place", PLACED)
@pytest.mark.parametrize("kernel", ["adaptive_convolution", "local_windows", "roi_align"])
def test_sides_that_floats_cannot_count_are_refused(kernel, place):
    run(place, kernel, on_map(kernel, BEYOND - 1, 1))
    run(place, kernel, on_map(kernel, 1, BEYOND - 1))
    for sides in ((BEYOND, 1), (1, BEYOND)):
        with pytest.raises(ValueError, match=rf"pt_{kernel}: [hw] must be 0 to 16777216, got"):
            run(place, kernel, on_map(kernel, *sides))


@pytest.mark.slow
def test_window_that_no_block_of_a_gpu_can_hold_is_refused_there():
    arguments = {
        "keypoints": floats(1, 1, 1, 2),
        "heatmap": floats(1, 1, 2, 2),
        "size": (8, 8),
        "kernels": None,
        "window": kernels.GlobalWindow(np.ones((1001, 1001), np.float32)),
    }
    keypoints, values = run("cpu", "global_adaptation", arguments)
    assert (keypoints.shape, values.tolist()) == ((1, 1, 1, 2), [[[0]]])
    with pytest.raises(ValueError, match=r"pt_global_adaptation: .* shared memory"):
        run("cuda-on-host", "global_adaptation", arguments)


@pytest.mark.parametrize("kernel", ["pt_nms_oks_iou", "pt_generate_boxes", "pt_nms_near_keypoints"])
@pytest.mark.slow
def test_memory_for_a_crowd_grows_with_its_size_and_only_on_a_gpu_with_its_pairs(kernel):
    N = 300_000
    cpu, cuda = (
        twin.scratch_bytes(kernel, {"B": 3, "N": N, "K": 17})
        for twin in (library("cpu"), host_library())
    )
    assert 0 < cpu <= 200 * N
    assert 3 * N**2 / 8 <= cuda <= 3 * N**2 / 3  # a bit or two each


def test_hundreds_of_thousands_of_boxes_are_suppressed():
    boxes = rng(5).uniform(0, 3, (1, 300_000, 4)).astype(np.float32) + np.float32([0, 0, 30, 30])
    scores = rng(6).random(boxes.shape[:2], np.float32)
    rows, count = kernels.nms_boxes(boxes, scores, threshold=0.5)
    assert (count.tolist(), rows[0, 0]) == ([1], scores[0].argmax())
