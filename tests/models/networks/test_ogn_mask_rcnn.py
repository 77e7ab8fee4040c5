"""OGN's Mask R-CNN: sizes, fixed outputs, given boxes, the ablation, export."""

import warnings
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from posetrack.engine import EngineOptions, PoseEngine
from posetrack.models.layers.boxes import box_overlap, is_box
from posetrack.models.layers.feature_pyramid import STRIDES
from posetrack.models.layers.region_proposals import ProposalConfig
from posetrack.models.layers.roi_heads import TABLE_4, KeypointHead, KeypointHeadConfig
from posetrack.models.networks.ogn_mask_rcnn import (
    BOX_MAX_IOU,
    BOX_SCORE_THRESHOLD,
    MODELS,
    OgnMaskRcnn,
    OgnMaskRcnnConfig,
    ogn_mask_rcnn,
)
from posetrack.models.torch_session import TorchSession
from posetrack.structures import COCO_17, POSETRACK_15, ModelSpec
from tolerances import EXPORTED_BOX_PIXELS, HEADS_ATOL

K = 3
PEOPLE = 8
OUTPUTS = ("boxes", "box_scores", "count", "rois", "heatmap", "offset")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    proposals = ProposalConfig(channels=8, candidates=40, proposals=50)
    keypoints = KeypointHeadConfig(convolutions=2, hidden=8)
    config = OgnMaskRcnnConfig(18, proposals, box_hidden=16, people=PEOPLE, keypoints=keypoints)
    network = OgnMaskRcnn(config, K).eval()
    # Fresh heads say nearly nothing; these have opinions that a wrong step would change.
    for layer, std in (
        (network.box_head.classes, 0.1),
        (network.box_head.deltas, 0.3),
        (network.keypoint_head.heatmap, 0.3),
        (network.keypoint_head.offset, 0.3),
    ):
        torch.nn.init.normal_(layer.weight, std=std)
    return network


@pytest.fixture(scope="module")
def pyramid(network):
    with torch.no_grad():
        return network.features(random_images(2, 64, 96))


def random_images(batch, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 3, height, width, generator=generator)


def on_meta(name, skeleton):
    with torch.device("meta"):
        return MODELS[name].build(skeleton)


# ---- the published sizes


@pytest.mark.parametrize(("depth", "backbone"), [(50, 23_508_032), (101, 42_500_160)])
def test_parameters_are_those_of_keypoint_rcnn_and_the_offsets(depth, backbone):
    """torchvision's keypointrcnn_resnet50_fpn has 59,137,258 parameters without batch norms'.

    It has deltas of the background too (4 x 1025) and no offset maps (512 x 34 x 16 + 34).
    """
    network, _ = on_meta(f"ogn-mask-rcnn-resnet-{depth}-fpn", COCO_17)
    assert sum(p.numel() for p in network.backbone.parameters()) == backbone
    convolutions, norms = 23_454_912, 53_120  # of ResNet-50 without its classifier
    total = 59_137_258 - 4 * 1025 + 512 * 34 * 16 + 34 + norms
    total += backbone - (convolutions + norms)
    assert sum(p.numel() for p in network.parameters()) == total


@pytest.mark.parametrize("skeleton", [COCO_17, POSETRACK_15])
def test_keypoints_are_counted_from_the_weights(skeleton):
    network, _ = on_meta("ogn-mask-rcnn-resnet-50-fpn", skeleton)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    model = MODELS["ogn-mask-rcnn-resnet-50-fpn"]
    assert model.keypoints(shapes) == len(skeleton)
    assert model.keypoints({"backbone.conv1.weight": (64, 3, 7, 7)}) is None


def test_spec_travels_and_sizes_images_as_detectron():
    _, spec = on_meta("ogn-mask-rcnn-resnet-101-fpn", COCO_17)
    assert ModelSpec.from_json(spec.to_json()) == spec
    assert spec.name == "ogn-mask-rcnn-resnet-101-fpn"
    assert {head.name: head.channels for head in spec.heads} == {
        "boxes": 4,
        "box_scores": 1,
        "count": 1,
        "rois": 4,
        "heatmap": 17,
        "offset": 34,
    }
    assert spec.sizing.transform((480, 640)).input_size == (800, 1056)
    assert spec.sizing.transform((200, 1000)).input_size == (800, 1344)
    # 25 pixels of a person of 352 x 256, in cells of 88 x 64
    assert spec.decoder.options["radius"] == 25 * 88 / 352


# ---- the whole network


def test_every_output_has_its_fixed_rows(network):
    with torch.inference_mode():
        outputs = network(random_images(2, 64, 96))
    assert {name: tuple(output.shape) for name, output in outputs.items()} == {
        "boxes": (2, PEOPLE, 4),
        "box_scores": (2, PEOPLE),
        "count": (2,),
        "rois": (2, PEOPLE, 4),
        "heatmap": (2, PEOPLE, K, 88, 64),
        "offset": (2, PEOPLE, 2 * K, 88, 64),
    }
    assert outputs["count"].dtype == torch.int32


def test_people_are_distinct_boxes_best_first(network, pyramid):
    proposals, _ = network.region_proposals(pyramid, (64, 96))
    boxes, scores = network.detect(pyramid, proposals, (64, 96))
    for row, score in zip(boxes, scores, strict=True):
        found = row[score > 0]
        assert len(found) > 3
        assert (score[:-1] >= score[1:]).all()
        shared, union = box_overlap(found, found)
        assert (shared / union).triu(1).max() <= BOX_MAX_IOU
        assert is_box(found).all()


def test_unlikely_proposals_leave_rows_of_zeros(network, pyramid):
    proposals = torch.tensor([[[5.0, 5, 40, 60], [0, 0, 0, 0]]]).repeat(2, 1, 1)
    boxes, scores = network.detect(pyramid, proposals, (64, 96))
    assert (scores > BOX_SCORE_THRESHOLD).sum(1).tolist() == [1, 1]
    assert not boxes[:, 1:].any()
    bias = network.box_head.classes.bias
    with torch.no_grad():
        bias[0] += 20  # background
        boxes, scores = network.detect(pyramid, proposals, (64, 96))
        nobody = network(random_images(2, 64, 96))
        bias[0] -= 20
    assert not boxes.any()
    assert not scores.any()
    assert not any(nobody[name].any() for name in OUTPUTS)


def test_refined_boxes_keep_the_order_of_the_proposals(network, pyramid):
    generator = torch.Generator().manual_seed(1)
    low = torch.rand(2, 6, 2, generator=generator) * 40
    proposals = torch.cat((low, low + 20), -1)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    boxes, scores = network.refine(pyramid, proposals, (64, 96))
    turned_boxes, turned_scores = network.refine(pyramid, proposals[:, order], (64, 96))
    torch.testing.assert_close(turned_boxes, boxes[:, order])
    torch.testing.assert_close(turned_scores, scores[:, order])


def test_images_of_a_batch_do_not_touch_each_other(network):
    images = random_images(2, 64, 96)
    with torch.inference_mode():
        together = network(images)
        for b in range(2):
            alone = network(images[b : b + 1])
            for name in OUTPUTS:
                torch.testing.assert_close(
                    alone[name][0], together[name][b], atol=1e-4, rtol=1e-4, msg=name
                )


# ---- the keypoint branch


def test_given_boxes_get_maps_and_zero_rows_get_none(network, pyramid):
    boxes = torch.zeros(2, 3, 4)
    boxes[0, 1] = torch.tensor([10.0, 8, 42, 30])
    maps = network.keypoint_maps(pyramid, boxes)
    # 32 wide: 44 high about the middle, 19
    torch.testing.assert_close(maps["rois"][0, 1], torch.tensor([10.0, -3, 42, 41]))
    for name in ("rois", "heatmap", "offset"):
        rows = maps[name].flatten(2).any(2)
        assert rows.tolist() == [[False, True, False], [False] * 3], name


def test_no_box_at_all_gives_empty_maps(network, pyramid):
    maps = network.keypoint_maps(pyramid, torch.zeros(2, 3, 4))
    assert maps["heatmap"].shape == (2, 3, K, 88, 64)
    assert not any(output.any() for output in maps.values())


def test_one_area_gives_one_map_whatever_box_it_was_extended_from(network, pyramid):
    boxes = torch.tensor([[[10.0, 0, 42, 44], [10, 10, 42, 34], [20, 0, 32, 44]]]).repeat(2, 1, 1)
    maps = network.keypoint_maps(pyramid, boxes)
    for name in ("rois", "heatmap", "offset"):
        for other in (1, 2):
            torch.testing.assert_close(maps[name][:, other], maps[name][:, 0])


def test_maps_move_with_features_and_boxes(network):
    generator = torch.Generator().manual_seed(0)
    size, step = (256, 256), STRIDES[-1]
    still, moved = [], []
    for stride in STRIDES:
        cells = step // stride
        features = torch.randn(1, 8, size[0] // stride, size[1] // stride, generator=generator)
        still.append(features)
        moved.append(features.roll((cells, cells), (2, 3)))
    boxes = torch.tensor([[[40.0, 50, 70, 120], [30, 40, 150, 160]]])
    before = network.keypoint_maps(still, boxes)
    after = network.keypoint_maps(moved, boxes + step)
    torch.testing.assert_close(after["rois"], before["rois"] + step)
    for name in ("heatmap", "offset"):
        assert before[name].std() > 0.1
        torch.testing.assert_close(after[name], before[name], atol=1e-4, rtol=0)


def test_keypoint_head_doubles_the_grid_twice():
    head = KeypointHead(4, K, KeypointHeadConfig(convolutions=1, hidden=4))
    maps = head(torch.zeros(2, 4, 22, 16))
    assert maps["heatmap"].shape == (2, K, 88, 64)
    assert maps["offset"].shape == (2, 2 * K, 88, 64)
    assert not any(m.any() for m in maps.values())  # fresh biases are 0


@pytest.mark.parametrize(
    ("row", "offset", "shape"),
    [
        ("fair", False, (56, 56)),
        ("a", True, (56, 56)),
        ("b", True, (88, 64)),
        ("c", True, (88, 64)),
    ],
)
def test_rows_of_the_ablation_differ_in_offsets_ratio_and_loss(row, offset, shape):
    config = OgnMaskRcnnConfig(keypoints=TABLE_4[row])
    with torch.device("meta"):
        network, spec = ogn_mask_rcnn(config, f"row-{row}")(POSETRACK_15)
    assert hasattr(network.keypoint_head, "offset") == offset
    assert ("offset" in {head.name for head in spec.heads}) == offset
    assert spec.decoder.options["score_loss"] == ("smooth-l1" if row == "c" else "softmax")
    rows, columns = network.config.keypoints.grid
    assert (4 * rows, 4 * columns) == shape
    maps = network.keypoint_head(torch.zeros(1, 256, rows, columns, device="meta"))
    assert maps["heatmap"].shape == (1, 15, *shape)


@pytest.mark.parametrize("row", TABLE_4)
def test_every_row_of_the_ablation_finds_poses_in_an_image(row):
    torch.manual_seed(0)
    head = replace(TABLE_4[row], convolutions=1, hidden=8)
    proposals = ProposalConfig(channels=8, candidates=40, proposals=50)
    config = OgnMaskRcnnConfig(18, proposals, 16, people=PEOPLE, keypoints=head)
    network, spec = ogn_mask_rcnn(config, f"row-{row}")(POSETRACK_15)
    torch.nn.init.normal_(network.box_head.classes.weight, std=0.1)
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    options = EngineOptions(sizes=(96,))
    with PoseEngine(TorchSession.of_network(network, spec), spec, options) as engine:
        poses = engine(image)
    assert len(poses) > 3
    assert (np.diff(poses.scores) <= 0).all()
    # maps of fresh weights are nearly flat: a softmax over them says so, heights are near 0
    probability = 1 / (56 * 56 if row in ("fair", "a") else 88 * 64)
    if row in ("a", "b"):
        np.testing.assert_allclose(poses.keypoint_scores, probability, rtol=0.2)
    elif row == "c":
        assert np.abs(poses.keypoint_scores / probability - 1).max() > 0.5


def test_boxes_keep_their_ratio_where_the_ablation_says_so(pyramid):
    torch.manual_seed(0)
    keypoints = KeypointHeadConfig(ratio_consistent=False, offset=False, convolutions=1, hidden=4)
    config = OgnMaskRcnnConfig(18, ProposalConfig(channels=8), 16, keypoints=keypoints)
    boxes = torch.tensor([[[10.0, 8, 42, 30]]]).repeat(2, 1, 1)
    maps = OgnMaskRcnn(config, K).keypoint_maps(pyramid, boxes)
    assert torch.equal(maps["rois"], boxes)
    assert maps.keys() == {"rois", "heatmap"}
    assert maps["heatmap"].shape == (2, 1, K, 56, 56)


def test_every_parameter_of_a_training_step_has_a_gradient(network):
    image = random_images(1, 64, 96)
    features = network.features(image)
    levels = network.region_proposals.predict(features)
    boxes = torch.tensor([[[10.0, 8, 42, 30], [0, 0, 90, 60]]])
    logits, deltas = network.box_predictions(features, boxes)
    maps = network.keypoint_maps(features, boxes)
    parts = [logits, deltas, maps["heatmap"], maps["offset"]]
    parts += [part for level in levels for part in (level.objectness, level.deltas)]
    network.zero_grad()
    sum(part.square().sum() for part in parts).backward()
    without = [name for name, p in network.named_parameters() if p.grad is None]
    network.zero_grad()
    assert without == []


# ---- export


class Exported(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        outputs = self.network(image)
        return tuple(outputs[name] for name in OUTPUTS)


def test_the_whole_network_exports_for_every_size_and_batch(network, tmp_path):
    path = tmp_path / "ogn.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the TorchScript exporter
        warnings.filterwarnings("ignore", "Constant folding")
        torch.onnx.export(
            Exported(network).eval(),
            (random_images(2, 64, 96),),
            str(path),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}}
            | {name: {0: "batch"} for name in OUTPUTS},
            opset_version=17,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for seed, (batch, height, width) in enumerate([(2, 64, 96), (1, 128, 64), (3, 32, 160)]):
        image = random_images(batch, height, width, seed)
        with torch.inference_mode():
            expected = network(image)
        assert expected["count"].min() > 1
        assert expected["heatmap"].std() > 0.1
        exported = session.run(list(OUTPUTS), {"image": image.numpy()})
        for name, output in zip(OUTPUTS, exported, strict=True):
            atol = EXPORTED_BOX_PIXELS if name in ("boxes", "rois") else HEADS_ATOL
            np.testing.assert_allclose(output, expected[name], rtol=0, atol=atol, err_msg=name)
