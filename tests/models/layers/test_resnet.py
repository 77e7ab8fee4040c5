"""ResNet: torchvision's names and sizes, and where the maps are halved."""

import pytest
import torch
from posetrack.models.layers.resnet import ResNet, group_channels, residual_group


def parameters(network):
    return sum(tensor.numel() for tensor in network.parameters())


@pytest.mark.parametrize(
    ("depth", "with_classes", "features"),
    [
        # parameters that torchvision states for each network, and inputs of its 1000 classes
        (18, 11_689_512, 512),
        (34, 21_797_672, 512),
        (50, 25_557_032, 2048),
        (101, 44_549_160, 2048),
        (152, 60_192_808, 2048),
    ],
)
def test_parameters_are_torchvisions_without_the_classes(depth, with_classes, features):
    with torch.device("meta"):
        network = ResNet(depth)
    assert parameters(network) == with_classes - 1000 * (features + 1)


def test_names_are_torchvisions():
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in ResNet(50).state_dict().items()}
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["bn1.running_var"] == (64,)
    assert shapes["layer1.0.downsample.0.weight"] == (256, 64, 1, 1)
    assert shapes["layer1.0.downsample.1.running_mean"] == (256,)
    assert shapes["layer3.5.conv2.weight"] == (256, 256, 3, 3)
    assert shapes["layer4.2.bn3.bias"] == (2048,)
    assert not any(name.startswith("layer1.1.downsample") for name in shapes)
    with torch.device("meta"):
        shallow = ResNet(18).state_dict()
    assert not any(name.startswith("layer1.0.downsample") for name in shallow)
    assert tuple(shallow["layer2.0.downsample.0.weight"].shape) == (128, 64, 1, 1)


def test_maps_have_strides_4_to_32():
    network = ResNet(18).eval()
    with torch.inference_mode():
        maps = network(torch.zeros(2, 3, 64, 96))
    assert [tuple(m.shape) for m in maps] == [
        (2, 64, 16, 24),
        (2, 128, 8, 12),
        (2, 256, 4, 6),
        (2, 512, 2, 3),
    ]
    assert network.channels == group_channels(18) == (64, 128, 256, 512)


def test_first_groups_alone_give_their_maps():
    with torch.device("meta"):
        network = ResNet(50, groups=2)
        maps = network(torch.zeros(1, 3, 64, 64))
    assert [tuple(m.shape) for m in maps] == [(1, 256, 16, 16), (1, 512, 8, 8)]
    assert network.channels == (256, 512)
    assert not any(name.startswith("layer3") for name in network.state_dict())


def test_caffe_style_halves_in_the_first_convolution():
    strides = {}
    for style in ("pytorch", "caffe"):
        with torch.device("meta"):
            block = residual_group(50, 1, 256, style=style)[0]
        strides[style] = block.conv1.stride, block.conv2.stride, block.downsample[0].stride
    assert strides == {
        "pytorch": ((1, 1), (2, 2), (2, 2)),
        "caffe": ((2, 2), (1, 1), (2, 2)),
    }


def test_styles_share_their_weights_but_not_their_maps():
    torch.manual_seed(0)
    networks = [ResNet(50, style=style, groups=2).eval() for style in ("pytorch", "caffe")]
    networks[1].load_state_dict(networks[0].state_dict())
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        first, second = (network(image) for network in networks)
    assert torch.equal(first[0], second[0])
    assert first[1].shape == second[1].shape
    assert not torch.allclose(first[1], second[1], atol=0.1)


def test_image_moved_by_the_stride_moves_the_map_by_one_cell():
    torch.manual_seed(0)
    network = ResNet(18, groups=2).eval()
    image = torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        straight, moved = (network(x)[1] for x in (image, image.roll((8, 16), (2, 3))))
    # far enough from the borders, which the padding reaches
    torch.testing.assert_close(moved[..., 13:20, 14:20], straight[..., 12:19, 12:18])


@pytest.mark.parametrize("depth", [0, 19, 200])
def test_unknown_depth_is_refused(depth):
    with pytest.raises(ValueError, match=f"depth must be one of 18, 34, 50, 101, 152, got {depth}"):
        ResNet(depth)


def test_caffe_style_needs_bottlenecks():
    with pytest.raises(ValueError, match="style must be 'pytorch' below depth 50"):
        ResNet(34, style="caffe")
