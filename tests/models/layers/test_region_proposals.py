"""Region proposals: anchors, which boxes go through, and what a shift of the image does."""

from dataclasses import asdict

import pytest
import torch
from posetrack.models.layers.boxes import box_area, box_overlap, is_box
from posetrack.models.layers.feature_pyramid import STRIDES
from posetrack.models.layers.region_proposals import (
    ALL_BOXES,
    LevelAnchors,
    ProposalConfig,
    RegionProposals,
    anchor_boxes,
)

IMAGE = (128, 192)


def pyramid_of(image_size, channels=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(2, channels, *(-(-side // s) for side in image_size), generator=generator)
        for s in STRIDES
    ]


def network(**sizes):
    torch.manual_seed(0)
    return RegionProposals(ProposalConfig(**({"channels": 4} | sizes)))


def one_level(boxes, logits):
    """Anchors that are the boxes already."""
    return LevelAnchors(logits[None], torch.zeros(1, len(boxes), 4), boxes)


# ---- anchors


def test_anchors_of_a_cell_have_one_area_and_three_ratios():
    anchors = anchor_boxes(torch.zeros(1, 1, 2, 3), 16, 128)
    assert anchors.shape == (2 * 3 * 3, 4)
    torch.testing.assert_close(box_area(anchors), torch.full((18,), 128.0**2))
    sides = anchors[:, 2:] - anchors[:, :2]
    ratios = (sides[:, 1] / sides[:, 0]).reshape(6, 3)
    torch.testing.assert_close(ratios, torch.tensor([[0.5, 1.0, 2.0]]).expand(6, 3))


def test_anchors_lie_about_the_pixels_of_their_cells():
    anchors = anchor_boxes(torch.zeros(1, 1, 2, 3), 16, 128).reshape(2, 3, 3, 4)
    centers = (anchors[..., :2] + anchors[..., 2:]) / 2
    # cell 0 covers pixels 0..15, whose middle is 7.5
    for row, y in enumerate((7.5, 23.5)):
        for column, x in enumerate((7.5, 23.5, 39.5)):
            expected = torch.tensor([[x, y]]).expand(3, 2)
            torch.testing.assert_close(centers[row, column], expected)


def test_predictions_belong_to_the_anchor_of_their_cell_and_ratio():
    """A head that answers at one cell for one ratio raises that anchor and no other."""
    proposer = network(channels=3)
    with torch.no_grad():
        for parameter in proposer.parameters():
            parameter.zero_()
        proposer.shared.weight[0, 0, 1, 1] = 1.0
        proposer.objectness.weight[2, 0] = 5.0  # ratio 2: tall
        proposer.deltas.weight[2 * 4 + 3, 0] = 7.0  # its dh
    features = [torch.zeros(1, 3, *p.shape[2:]) for p in pyramid_of(IMAGE)]
    features[1][0, 0, 4, 9] = 1.0
    levels = proposer.predict(features)
    assert [int(level.objectness.count_nonzero()) for level in levels] == [0, 1, 0, 0, 0]
    level = levels[1]
    best = int(level.objectness[0].argmax())
    x1, y1, x2, y2 = level.anchors[best].tolist()
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((9.5 * 8 - 0.5, 4.5 * 8 - 0.5))
    assert (y2 - y1) / (x2 - x1) == pytest.approx(2)
    assert level.deltas[0, best].tolist() == [0, 0, 0, 7]


# ---- proposals


def test_proposals_are_boxes_in_the_image_best_first_then_zeros():
    proposer = network(candidates=40, proposals=300)
    boxes, scores = proposer(pyramid_of(IMAGE), IMAGE)
    assert boxes.shape == (2, 300, 4)
    assert scores.shape == (2, 300)
    for b in range(2):
        count = int((scores[b] > 0).sum())
        assert 40 < count < 200
        assert (scores[b, : count - 1] >= scores[b, 1:count]).all()
        found = boxes[b, :count]
        assert (box_area(found) > 0).all()
        assert found.min() >= -0.5
        assert (found[:, 2:] <= torch.tensor([191.5, 127.5])).all()
        assert not boxes[b, count:].any()
        assert not scores[b, count:].any()


def test_overlapping_proposals_of_one_level_go_and_those_of_two_levels_stay():
    boxes = torch.tensor([[0.0, 0, 50, 50], [1, 1, 50, 50], [60, 0, 90, 40]])
    level = one_level(boxes, torch.tensor([1.0, 2.0, 3.0]))
    proposer = network(proposals=4)
    found, scores = proposer.propose([level], IMAGE)
    assert found[0].tolist() == [[60, 0, 90, 40], [1, 1, 50, 50], [0] * 4, [0] * 4]
    torch.testing.assert_close(scores[0, :2], torch.tensor([3.0, 2.0]).sigmoid())
    found, _ = proposer.propose([level, level], IMAGE)
    assert found[0, :, 0].tolist() == [60, 60, 1, 1]


def test_only_the_best_candidates_of_a_level_go_through():
    boxes = torch.tensor([[20.0 * i, 0, 20 * i + 15, 9] for i in range(8)])
    level = one_level(boxes, torch.arange(8.0))
    found, scores = network(candidates=3, proposals=5).propose([level], IMAGE)
    assert found[0, :, 0].tolist() == [140, 120, 100, 0, 0]
    assert (scores[0] > 0).tolist() == [True] * 3 + [False] * 2


def test_boxes_outside_the_image_are_none():
    boxes = torch.tensor([[200.0, 0, 240, 40], [10, 10, 20, 20]])
    found, _ = network(proposals=2).propose([one_level(boxes, torch.tensor([9.0, 1]))], IMAGE)
    assert found[0].tolist() == [[10, 10, 20, 20], [0] * 4]


def test_proposals_without_suppression_keep_every_candidate():
    proposer = network(candidates=10, max_iou=1.0, proposals=50)
    _, scores = proposer(pyramid_of((256, 384)), (256, 384))
    assert (scores > 0).all()


def test_without_any_filter_every_anchor_gives_a_box():
    """OGN, section 3.1.1: more than the 1000 that are otherwise kept, and none suppressed."""
    proposer, pyramid = network(**asdict(ALL_BOXES) | {"channels": 4}), pyramid_of((256, 384))
    anchors = sum(level.objectness.shape[1] for level in proposer.predict(pyramid))
    boxes, scores = proposer(pyramid, (256, 384))
    assert boxes.shape == (2, anchors, 4)
    assert anchors > 20000
    assert torch.equal(scores > 0, is_box(boxes))
    assert (scores > 0).float().mean() > 0.9


def test_proposals_move_with_the_image():
    """An image moved by the coarsest stride moves all boxes by as much, and nothing else."""
    size, step = (512, 768), STRIDES[-1]
    features, moved = pyramid_of(size), pyramid_of(size)
    for before, after, stride in zip(features, moved, STRIDES, strict=True):
        rows, columns = before.shape[2:]
        # away from the borders, where anchors of the coarse levels would be cut
        patch = before[:, :, 3 * rows // 8 : 5 * rows // 8, 3 * columns // 8 : 5 * columns // 8]
        patch, cells = patch.clone(), step // stride
        for target, shift in ((before, 0), (after, cells)):
            target.zero_()
            y, x = 3 * rows // 8 + shift, 3 * columns // 8 + shift
            target[:, :, y : y + patch.shape[2], x : x + patch.shape[3]] = patch
    proposer = network(candidates=20, proposals=30)
    boxes, scores = proposer(features[:3] + [f * 0 for f in features[3:]], size)
    moved_boxes, moved_scores = proposer(moved[:3] + [f * 0 for f in moved[3:]], size)
    alive = scores > 0.5  # logit 0 away from the patch
    assert alive.sum() > 20
    torch.testing.assert_close(moved_scores[alive], scores[alive])
    torch.testing.assert_close(moved_boxes[alive], boxes[alive] + step, atol=1e-4, rtol=0)


def test_proposals_of_one_level_overlap_less_than_allowed():
    proposer = network(candidates=200, proposals=200)
    level = proposer.predict(pyramid_of((256, 256)))[0]
    boxes, scores = proposer.propose([level], (256, 256))
    found = boxes[0][scores[0] > 0]
    shared, union = box_overlap(found, found)
    assert (shared / union).triu(1).max() <= proposer.config.max_iou
    assert 100 < len(found) < 200


def test_gradient_stops_at_the_proposals():
    boxes, scores = network(candidates=5, proposals=5)(pyramid_of(IMAGE), IMAGE)
    assert not boxes.requires_grad
    assert not scores.requires_grad


def test_fresh_weights_are_small_and_biases_zero():
    proposer = network(channels=64)
    for layer in (proposer.shared, proposer.objectness, proposer.deltas):
        assert float(layer.weight.detach().std()) == pytest.approx(0.01, rel=0.15)
        assert not layer.bias.any()
