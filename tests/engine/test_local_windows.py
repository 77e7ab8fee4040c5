"""The small meshes around keypoints."""

import numpy as np
import parity
import pytest
from posetrack.engine.local_windows import best_mesh_points, mesh_features, mesh_steps
from posetrack.structures import COCO_17
from tolerances import EMBEDDING_ATOL


def test_steps_are_pixels_times_the_spread():
    steps = mesh_steps(np.float32([1, 2.5]), 5)
    np.testing.assert_array_equal(steps, np.float32([[-2, -1, 0, 1, 2], [-5, -2.5, 0, 2.5, 5]]))


def test_hip_has_a_mesh_of_21_pixels_to_each_side():
    steps = mesh_steps(COCO_17.sigma_array / np.float32(0.025), 11)
    assert steps[COCO_17.keypoints.index("left_hip")].max() == pytest.approx(21.4)


def test_features_are_the_embedding_where_the_mesh_lies():
    columns, rows = np.meshgrid(np.arange(20.0), np.arange(15.0))
    embedding = np.stack((columns, 100 * rows)).astype(np.float32)
    keypoints = np.float32([[[20, 24], [44, 30]]])
    steps = mesh_steps(np.float32([1, 2]), 3)
    features = mesh_features(keypoints, steps, embedding, 4)
    assert features.shape == (1, 4, 3, 3)
    x, y = keypoints[0, :, 0], keypoints[0, :, 1]
    for k in range(2):
        across = np.tile((x[k] + steps[k]) / 4, (3, 1))
        down = np.tile((y[k] + steps[k]) / 4 * 100, (3, 1)).T
        np.testing.assert_allclose(features[0, 2 * k], across, rtol=1e-6)
        np.testing.assert_allclose(features[0, 2 * k + 1], down, rtol=1e-6)


def test_highest_mesh_point_is_found_along_both_axes():
    kernels = np.zeros((1, 2, 5, 5), np.float32)
    kernels[0, 0, 1, 4] = 0.7
    kernels[0, 1, 2, 2] = kernels[0, 1, 3, 0] = 0.5  # the first of equal ones
    steps = mesh_steps(np.float32([1, 3]), 5)
    places, values = best_mesh_points(np.full((1, 2, 2), 10, np.float32), steps, kernels)
    assert places.tolist() == [[[12, 9], [10, 10]]]
    np.testing.assert_array_equal(values, np.float32([[0.7, 0.5]]))


@pytest.mark.data
def test_mesh_and_features_are_the_published_ones(shared):
    arrays = parity.load(shared, "logocap_narrow")
    poses = arrays["initial_poses_xy"][arrays["center_mask"].astype(bool)][:3]
    steps = mesh_steps(COCO_17.sigma_array / np.float32(0.025), 11)
    mesh = arrays["kem_local_xy_first3"].transpose(4, 0, 3, 1, 2)  # xy, person, keypoint, row
    x, y = (poses[..., axis, None] + steps for axis in (0, 1))
    np.testing.assert_array_equal(np.broadcast_to(x[:, :, None, :], mesh[0].shape), mesh[0])
    np.testing.assert_array_equal(np.broadcast_to(y[:, :, :, None], mesh[1].shape), mesh[1])
    features = mesh_features(poses, steps, arrays["embedding"][0], 4)
    expected = arrays["kem_features_first3"]
    np.testing.assert_allclose(features, expected, rtol=0, atol=EMBEDDING_ATOL)
