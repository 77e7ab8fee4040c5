"""LOGO-CAP's meshes and its Gaussian."""

import numpy as np
import parity
import pytest
from posetrack.engine.decoders.logocap_windows import best_mesh_points, gaussian_window, mesh_steps
from posetrack.structures import COCO_17


def test_steps_are_pixels_times_the_spread():
    steps = mesh_steps(np.float32([1, 2.5]), 5)
    np.testing.assert_array_equal(steps, np.float32([[-2, -1, 0, 1, 2], [-5, -2.5, 0, 2.5, 5]]))


def test_hip_has_a_mesh_of_21_pixels_to_each_side():
    steps = mesh_steps(COCO_17.sigma_array / np.float32(0.025), 11)
    assert steps[COCO_17.keypoints.index("left_hip")].max() == pytest.approx(21.4)


def test_gaussian_falls_over_three_sigmas():
    weights = gaussian_window(97)
    assert weights[48, 48] == 1
    assert weights[48, 48 + 16] == pytest.approx(np.exp(-0.5))
    assert weights[0, 48] == pytest.approx(np.exp(-4.5))
    assert weights.min() > 1e-4  # below, the published code cuts to 0: it never does
    np.testing.assert_array_equal(weights, weights.T)


def test_highest_mesh_point_is_found_along_both_axes():
    kernels = np.zeros((1, 2, 5, 5), np.float32)
    kernels[0, 0, 1, 4] = 0.7
    kernels[0, 1, 2, 2] = kernels[0, 1, 3, 0] = 0.5  # the first of equal ones
    steps = mesh_steps(np.float32([1, 3]), 5)
    starts = np.full((1, 1, 2, 2), 10, np.float32)
    places, values = best_mesh_points(starts, steps, kernels[None])
    assert places.tolist() == [[[[12, 9], [10, 10]]]]
    np.testing.assert_array_equal(values, np.float32([[[0.7, 0.5]]]))


@pytest.mark.data
def test_mesh_is_the_published_one(shared):
    arrays = parity.load(shared, "logocap_narrow")
    poses = arrays["initial_poses_xy"][arrays["center_mask"].astype(bool)][:3]
    steps = mesh_steps(COCO_17.sigma_array / np.float32(0.025), 11)
    mesh = arrays["kem_local_xy_first3"].transpose(4, 0, 3, 1, 2)  # xy, person, keypoint, row
    x, y = (poses[..., axis, None] + steps for axis in (0, 1))
    np.testing.assert_array_equal(np.broadcast_to(x[:, :, None, :], mesh[0].shape), mesh[0])
    np.testing.assert_array_equal(np.broadcast_to(y[:, :, :, None], mesh[1].shape), mesh[1])
