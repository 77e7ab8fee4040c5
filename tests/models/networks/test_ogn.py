"""OGN for single people: its names, strides and crops."""

import pytest
import torch
from posetrack.models.layers.keypoint_disks import DISK_RADIUS_PX
from posetrack.models.networks.ogn import CROPS, MODELS, Ogn, OgnConfig, ogn
from posetrack.structures import COCO_17, POSETRACK_15


def shapes_of(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("stride", [8, 16])
@pytest.mark.parametrize("crop", CROPS)
def test_heads_have_the_stride_for_every_crop_of_the_paper(stride, crop):
    config = OgnConfig(18, stride, crop, channels=4)
    with torch.device("meta"):
        network, spec = ogn(config)(COCO_17)
        heads = network(torch.zeros(1, 3, *crop))
    cells = (crop[0] // stride, crop[1] // stride)
    assert {name: tuple(head.shape) for name, head in heads.items()} == {
        "heatmap": (1, 17, *cells),
        "offset": (1, 34, *cells),
    }
    assert spec.sizing.crop == crop
    assert [(h.name, h.channels, h.stride) for h in spec.heads] == [
        ("heatmap", 17, stride),
        ("offset", 34, stride),
    ]


def test_names_say_depth_and_stride():
    assert set(MODELS) == {
        f"ogn-resnet-{depth}{suffix}" for depth in (50, 101, 152) for suffix in ("", "-stride-16")
    }
    for name in ("ogn-resnet-101", "ogn-resnet-50-stride-16"):
        with torch.device("meta"):
            network, spec = MODELS[name].build(POSETRACK_15)
        assert spec.name == name
        assert MODELS[name].keypoints(shapes_of(network)) == 15


def test_stride_is_halved_by_each_deconvolution():
    with torch.device("meta"):
        networks = {stride: Ogn(OgnConfig(18, stride), 17) for stride in (8, 16)}
    count = {
        stride: sum(shape[2:] == (4, 4) for shape in shapes_of(network).values())
        for stride, network in networks.items()
    }
    assert count == {8: 2, 16: 1}


def test_offset_and_heatmap_are_read_from_the_same_features():
    torch.manual_seed(0)
    network = Ogn(OgnConfig(18, 16, channels=4), 2).eval()
    with torch.no_grad():
        network.offset_layer.weight.normal_(std=1e3)  # fresh heads say next to nothing
        network.heatmap_layer.weight.copy_(network.offset_layer.weight[1:3])
        network.heatmap_layer.bias.copy_(network.offset_layer.bias[1:3])
        heads = network(torch.randn(1, 3, 64, 64))
    assert heads["heatmap"].std() > 0.01
    torch.testing.assert_close(heads["heatmap"], heads["offset"][:, 1:3])


def test_radius_is_in_cells_and_in_the_spec():
    for stride in (8, 16):
        with torch.device("meta"):
            _, spec = ogn(OgnConfig(18, stride, channels=4))(COCO_17)
        assert spec.decoder.name == "ogn"
        assert spec.decoder.options["radius"] * stride == DISK_RADIUS_PX


def test_other_strides_are_refused():
    with pytest.raises(ValueError, match="stride of an OGN must be 8 or 16, got 4"):
        Ogn(OgnConfig(18, 4), 17)
