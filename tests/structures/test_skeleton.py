"""Skeletons against the lists that the data sets and the published code state."""

import numpy as np
import pytest
from posetrack.structures import (
    COCO_17,
    CROWDPOSE_14,
    MPII_16,
    POSETRACK_15,
    SKELETONS,
    Skeleton,
)

ALL = tuple(SKELETONS.values())


def by_name(skeleton):
    return skeleton.name


@pytest.mark.parametrize(
    ("skeleton", "names"),
    [
        (
            COCO_17,
            "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
            "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee "
            "left_ankle right_ankle",
        ),
        (
            CROWDPOSE_14,
            "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip "
            "right_hip left_knee right_knee left_ankle right_ankle head neck",
        ),
        (
            POSETRACK_15,
            "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist "
            "right_elbow right_shoulder left_shoulder left_elbow left_wrist head_bottom nose "
            "head_top",
        ),
        (
            MPII_16,
            "right_ankle right_knee right_hip left_hip left_knee left_ankle pelvis thorax "
            "upper_neck head_top right_wrist right_elbow right_shoulder left_shoulder "
            "left_elbow left_wrist",
        ),
    ],
)
def test_keypoints_stand_in_the_published_order(skeleton, names):
    assert skeleton.keypoints == tuple(names.split())
    assert len(skeleton) == len(names.split())


@pytest.mark.parametrize(
    ("skeleton", "order"),
    [
        # the flip lists of the code released with LOGO-CAP, HRNet-Bottom-Up and DEKR
        (COCO_17, "0 2 1 4 3 6 5 8 7 10 9 12 11 14 13 16 15"),
        (CROWDPOSE_14, "1 0 3 2 5 4 7 6 9 8 11 10 12 13"),
        (POSETRACK_15, "5 4 3 2 1 0 11 10 9 8 7 6 12 13 14"),
        (MPII_16, "5 4 3 2 1 0 6 7 8 9 15 14 13 12 11 10"),
    ],
)
def test_flip_order_is_the_published_flip_list(skeleton, order):
    np.testing.assert_array_equal(skeleton.flip_order, [int(k) for k in order.split()])


@pytest.mark.parametrize("skeleton", ALL, ids=by_name)
def test_flipping_exchanges_left_and_right_by_name(skeleton):
    exchange = {"left": "right", "right": "left"}
    for name, flipped in zip(skeleton.keypoints, skeleton.flip_order, strict=True):
        side, _, part = name.partition("_")
        expected = f"{exchange[side]}_{part}" if side in exchange else name
        assert skeleton.keypoints[flipped] == expected


@pytest.mark.parametrize("skeleton", ALL, ids=by_name)
def test_pairs_name_the_left_one_first(skeleton):
    for left, right in skeleton.pairs:
        assert skeleton.keypoints[left].startswith("left_")
        assert skeleton.keypoints[right].startswith("right_")


@pytest.mark.parametrize(
    ("skeleton", "sigmas"),
    [
        (
            COCO_17,
            ".026 .025 .025 .035 .035 .079 .079 .072 .072 .062 .062 .107 .107 .087 .087 .089 .089",
        ),
        (
            CROWDPOSE_14,
            ".079 .079 .072 .072 .062 .062 .107 .107 .087 .087 .089 .089 .079 .079",
        ),
    ],
)
def test_sigmas_are_those_of_the_data_sets_evaluation(skeleton, sigmas):
    assert skeleton.sigmas == tuple(float(sigma) for sigma in sigmas.split())
    assert skeleton.sigma_array.dtype == np.float32
    np.testing.assert_array_equal(skeleton.sigma_array, np.array(skeleton.sigmas, np.float32))


@pytest.mark.parametrize("skeleton", ALL, ids=by_name)
def test_a_part_has_the_same_sigma_in_every_skeleton(skeleton):
    coco = dict(zip(COCO_17.keypoints, COCO_17.sigmas, strict=True))
    shared = set(coco) & set(skeleton.keypoints)
    assert shared
    for name, sigma in zip(skeleton.keypoints, skeleton.sigmas, strict=True):
        assert sigma == coco.get(name, sigma), name


@pytest.mark.parametrize("skeleton", ALL, ids=by_name)
def test_edges_reach_every_keypoint_once_and_on_both_sides_alike(skeleton):
    edges = {frozenset(edge) for edge in skeleton.edges}
    assert len(edges) == len(skeleton.edges), "an edge stands there twice"
    assert frozenset.union(*edges) == set(range(len(skeleton)))
    flipped = {frozenset(int(skeleton.flip_order[k]) for k in edge) for edge in edges}
    assert flipped == edges


def test_every_skeleton_is_found_by_its_name():
    assert set(SKELETONS) == {"coco-17", "crowdpose-14", "posetrack-15", "mpii-16", "h36m-18"}
    assert all(SKELETONS[skeleton.name] is skeleton for skeleton in ALL)


def test_as_many_sigmas_as_keypoints():
    with pytest.raises(ValueError, match=r"^skeleton 'odd' has 2 keypoints but 1 sigmas$"):
        Skeleton("odd", ("a", "b"), (), (), (0.1,))


@pytest.mark.parametrize("wrong", [{"edges": ((0, 2),)}, {"pairs": ((0, 2),)}])
def test_edges_and_pairs_name_keypoints_that_exist(wrong):
    fields = {"edges": (), "pairs": ()} | wrong
    with pytest.raises(ValueError, match=r"^skeleton 'odd' names keypoint 2 of 2$"):
        Skeleton("odd", ("a", "b"), sigmas=(0.1, 0.1), **fields)
