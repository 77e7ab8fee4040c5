"""OGN (2019), whole images: Mask R-CNN with RoIs of one ratio and keypoint offsets.

A feature pyramid over ResNet, region proposals, a box head, and a keypoint head with two changes:
every person's box is extended to one ratio before RoIAlign, and beside the score map that says in
which cell a keypoint lies an offset map says where exactly. Code and weights were never released:
what the paper leaves open is taken from the system that it builds on, or a comment gives the
reason.

Sources: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking" (OGN),
CVPR Workshops 2019, section 3.2; He et al., "Mask R-CNN", ICCV 2017; the configuration of
Girdhar et al., "Detect-and-Track", CVPR 2018, configs/video/2d_best/01_R101_best_hungarian.yaml of
github.com/facebookresearch/DetectAndTrack (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

from ...structures import DecoderSpec, HeadSpec, InputSizing, ModelSpec, Skeleton
from ..layers.boxes import (
    DeltaWeights,
    apply_deltas,
    best_rows,
    clip_boxes,
    extend_to_ratio,
    greedy_nms,
    is_box,
)
from ..layers.feature_pyramid import STRIDES, FeaturePyramid
from ..layers.keypoint_disks import DISK_RADIUS_PX
from ..layers.region_proposals import ProposalConfig, RegionProposals
from ..layers.resnet import IMAGENET_MEAN, IMAGENET_STD, ResNet
from ..layers.roi_align import roi_align
from ..layers.roi_heads import (
    BOX_GRID,
    BOX_HIDDEN,
    PERSON_GRID,
    PERSON_SHAPE,
    BoxHead,
    KeypointHead,
    KeypointHeadConfig,
)
from ..model import Model, Shapes

# Of Detect-and-Track and Detectron.
SHORT_SIDE = 800
LONG_SIDE = 1333  # at most
BOX_WEIGHTS: DeltaWeights = (10.0, 10.0, 5.0, 5.0)
BOX_SCORE_THRESHOLD = 0.05
BOX_MAX_IOU = 0.5
# Detectron keeps 100 people of an image, but COCO counts 20 of them, and every one costs a run of
# the keypoint head.
MAX_PEOPLE = 30
# Input pixels per cell of the maps for a person of PERSON_SHAPE; the head doubles the grid twice.
PERSON_STRIDE = PERSON_SHAPE[0] // (4 * PERSON_GRID[0])


@dataclass(frozen=True, slots=True)
class OgnMaskRcnnConfig:
    """Sizes of one network."""

    depth: int = 50  # of the ResNet
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    box_hidden: int = BOX_HIDDEN
    people: int = MAX_PEOPLE  # N, rows of every output
    keypoints: KeypointHeadConfig = field(default_factory=KeypointHeadConfig)


class OgnMaskRcnn(nn.Module):
    """The whole network, and its parts for training: features, proposals, boxes, keypoint maps.

    Args:
        config: sizes of the network.
        num_keypoints: K.
    """

    def __init__(self, config: OgnMaskRcnnConfig, num_keypoints: int) -> None:
        super().__init__()
        self.config = config
        channels = config.proposals.channels
        self.backbone = ResNet(config.depth)
        self.pyramid = FeaturePyramid(self.backbone.channels, channels)
        self.region_proposals = RegionProposals(config.proposals)
        self.box_head = BoxHead(channels, config.box_hidden)
        self.keypoint_head = KeypointHead(channels, num_keypoints, config.keypoints)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """People of normalised images, best first, and the maps of their keypoints.

        Args:
            image: (B, 3, H, W), `(rgb - mean) / std`; H and W multiples of 32.

        Returns:
            `boxes` (B, N, 4) and `rois` (B, N, 4), x1, y1, x2, y2 in input pixels, a RoI being
            the area that a person's maps cover; `box_scores` (B, N) in [0, 1]; `count` (B,) int32
            people found, all rows after them being zeros; `heatmap` (B, N, K, h, w) and `offset`
            (B, N, 2K, h, w) as `keypoint_maps` says.
        """
        features = self.features(image)
        image_size = (image.shape[2], image.shape[3])
        proposals, _ = self.region_proposals(features, image_size)
        boxes, scores = self.detect(features, proposals, image_size)
        count = (scores > 0).sum(1).int()
        found = {"boxes": boxes, "box_scores": scores, "count": count}
        return found | self.keypoint_maps(features, boxes)

    def features(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> P2..P6, (B, C, h, w) each, at strides 4 to 64."""
        pyramid: list[Tensor] = self.pyramid(self.backbone(image))
        return pyramid

    def box_predictions(
        self, features: Sequence[Tensor], proposals: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What the box head says about given boxes, for training.

        Args:
            features: of `features`.
            proposals: (B, P, 4) input pixels.

        Returns:
            (B, P, 2) logits of background and person; (B, P, 4) deltas with `BOX_WEIGHTS`.
        """
        pooled = roi_align(features[:4], STRIDES[:4], proposals, size=BOX_GRID)
        logits, deltas = self.box_head(pooled)
        return logits, deltas

    def refine(
        self, features: Sequence[Tensor], proposals: Tensor, image_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Each proposal's own box and person score, all of them, in their order.

        Nothing is suppressed here: with the proposals `ALL_BOXES` these are the candidates of OGN's
        greedy box generation.

        Args:
            features: of `features`.
            proposals: (B, P, 4) input pixels, rows of zeros being none.
            image_size: (H, W) of the network's input.

        Returns:
            (B, P, 4) boxes and (B, P) scores in [0, 1], 0 where there is no proposal.
        """
        logits, deltas = self.box_predictions(features, proposals)
        boxes = clip_boxes(apply_deltas(proposals, deltas, BOX_WEIGHTS), image_size)
        return boxes, logits.softmax(-1)[..., 1] * (is_box(proposals) & is_box(boxes))

    def detect(
        self, features: Sequence[Tensor], proposals: Tensor, image_size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """The people among the proposals, each once; arguments as of `refine`.

        Returns:
            (B, N, 4) boxes and (B, N) scores, best first, then rows of zeros.
        """
        boxes, scores = self.refine(features, proposals, image_size)
        scores, boxes = best_rows(scores, proposals.shape[1], boxes)
        kept = greedy_nms(boxes, scores > BOX_SCORE_THRESHOLD, BOX_MAX_IOU)
        scores, boxes = best_rows(scores.masked_fill(~kept, 0), self.config.people, boxes)
        scores = scores.clamp(min=0)
        return boxes * (scores > 0)[..., None], scores

    def keypoint_maps(self, features: Sequence[Tensor], boxes: Tensor) -> dict[str, Tensor]:
        """Score and offset maps of the people in given boxes: found, true, or of another detector.

        Args:
            features: of `features`.
            boxes: (B, N, 4) input pixels, rows of zeros being none.

        Returns:
            `rois` (B, N, 4): the area that each person's maps cover, its h x w cells of equal
            size lying side by side; `heatmap` (B, N, K, h, w), 1 within R cells of a keypoint
            and 0 elsewhere, not activated (trained with softmax: logits over the cells of a
            map); `offset` (B, N, 2K, h, w), x0, y0, x1, ..., from a cell to the keypoint in
            units of R cells, if the network has it. Zeros where there is no box.
        """
        config = self.config.keypoints
        rois = extend_to_ratio(boxes, PERSON_SHAPE[0] / PERSON_SHAPE[1])
        rois = rois if config.ratio_consistent else boxes
        pooled = roi_align(features[:4], STRIDES[:4], rois, size=config.grid)
        people = is_box(boxes)
        maps = {"rois": rois * people[..., None]}
        for name, head in self.keypoint_head(pooled[people]).items():
            filled = head.new_zeros((*people.shape, *head.shape[1:]))
            filled[people] = head
            maps[name] = filled
        return maps


def ogn_mask_rcnn(
    config: OgnMaskRcnnConfig, name: str
) -> Callable[[Skeleton], tuple[nn.Module, ModelSpec]]:
    """How to build one network for a skeleton."""

    def build(skeleton: Skeleton) -> tuple[nn.Module, ModelSpec]:
        keypoints, head = len(skeleton), config.keypoints
        rows = {"boxes": 4, "box_scores": 1, "count": 1, "rois": 4}
        heads = [HeadSpec(output, "detection", count, 1) for output, count in rows.items()]
        heads.append(HeadSpec("heatmap", "heatmap", keypoints, PERSON_STRIDE))
        if head.offset:
            heads.append(HeadSpec("offset", "vector", 2 * keypoints, PERSON_STRIDE))
        spec = ModelSpec(
            family="ogn-mask-rcnn",
            name=name,
            skeleton=skeleton,
            sizing=InputSizing(SHORT_SIDE, multiple_of=32, max_aspect=LONG_SIDE / SHORT_SIDE),
            mean=IMAGENET_MEAN,
            std=IMAGENET_STD,
            heads=tuple(heads),
            cell_origin="half-pixel",
            decoder=DecoderSpec("ogn-mask-rcnn", _decoding(head)),
            max_people=config.people,
            rules="paper",
            trained="not yet; no weights were published",
        )
        return OgnMaskRcnn(config, keypoints), spec

    return build


def _decoding(config: KeypointHeadConfig) -> dict[str, float | int | str | bool]:
    return {
        "radius": DISK_RADIUS_PX / PERSON_STRIDE,  # R in cells of a person's maps
        "score_loss": config.score_loss,
        "offset": config.offset,
    }


def _keypoints(shapes: Shapes) -> int | None:
    """`keypoint_head.heatmap` is this family's alone."""
    shape = shapes.get("keypoint_head.heatmap.weight", ())
    return shape[1] if len(shape) == 4 else None


def _model(depth: int) -> tuple[str, Model]:
    name = f"ogn-mask-rcnn-resnet-{depth}-fpn"
    build = ogn_mask_rcnn(OgnMaskRcnnConfig(depth), name)
    return name, Model("ogn-mask-rcnn", {"paper": build}, _keypoints)


# The best row of TABLE_4. `ogn_mask_rcnn` builds the others; their weights have the same shapes, or
# nearly.
MODELS: dict[str, Model] = dict(_model(depth) for depth in (50, 101))
