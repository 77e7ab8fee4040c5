"""Our full-size networks have the names and shapes that the released code builds."""

import parity
import pytest
import torch
from posetrack.models import MODELS
from posetrack.models.networks.pose_scoring import PoseScoring, num_features
from posetrack.models.weights.differences import shapes_of
from posetrack.models.weights.identify import SKELETON_OF
from posetrack.structures import COCO_17, CROWDPOSE_14, H36M_18, MPII_16

from ..published_keys import FOLDER, published_shapes

DATA = {"coco": COCO_17, "crowdpose": CROWDPOSE_14, "mpii": MPII_16, "h36m": H36M_18}
LISTS = sorted(path.stem for path in FOLDER.glob("*.txt"))
# Lists that others include.
PARTS = {"hrnet-w32", "hrnet-w48", "resnet-50", "resnet-101", "resnet-152"}
NETWORKS = [name for name in LISTS if name not in PARTS and not name.startswith("pose-scoring")]


def test_list_is_expanded_as_its_readme_says():
    shapes = published_shapes("integral-3d-resnet-50-h36m")
    assert shapes["backbone.layer3.5.bn2.running_var"] == (256,)
    assert shapes["head.features.7.num_batches_tracked"] == ()
    assert shapes["head.features.9.weight"] == (18 * 64, 256, 1, 1)
    assert len(shapes) == 338


@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        # counted when the networks of the released code were built
        ("dekr-hrnet-w32-coco", 2264),
        ("dekr-hrnet-w48-crowdpose", 2192),
        ("heatmap-guided-hrnet-w48-coco", 1914),
        ("heatmap-guided-higher-hrnet-w48-crowdpose", 1934),
        ("simple-baseline-resnet-101-mpii", 644),
        ("integral-3d-resnet-152-h36m", 950),
    ],
)
def test_lists_are_complete(name, tensors):
    assert len(published_shapes(name)) == tensors


def test_there_is_a_list_for_every_published_network():
    kinds = {
        *(f"logocap-hrnet-{w}-coco" for w in ("w32", "w48")),
        *(f"dekr-hrnet-{w}-{d}" for w in ("w32", "w48") for d in ("coco", "crowdpose")),
        *(
            f"heatmap-guided-{n}-{d}"
            for n in ("hrnet-w32", "hrnet-w48", "higher-hrnet-w48")
            for d in ("coco", "crowdpose")
        ),
        *(f"simple-baseline-resnet-{n}-{d}" for n in (50, 101, 152) for d in ("coco", "mpii")),
        *(f"integral-3d-resnet-{n}-h36m" for n in (50, 152)),
    }
    assert set(NETWORKS) == kinds


@pytest.mark.parametrize("name", NETWORKS)
def test_network_takes_the_published_names_and_shapes(name):
    model, data = name.rsplit("-", 1)
    skeleton = DATA[data]
    with torch.device("meta"):
        network, _ = MODELS[model].build(skeleton)
    published = published_shapes(name)
    assert shapes_of(network.state_dict()) == published
    assert MODELS[model].keypoints(published) == len(skeleton)
    assert SKELETON_OF[len(skeleton)] == skeleton


@pytest.mark.parametrize("data", ["coco", "crowdpose"])
def test_pose_scoring_takes_the_published_names_and_shapes(data):
    network = PoseScoring(num_features(DATA[data]))
    assert shapes_of(network.state_dict()) == published_shapes(f"pose-scoring-{data}")


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("logocap_narrow", "logocap-hrnet-w32-coco"),
        ("dekr_narrow", "dekr-hrnet-w32-coco"),
        ("hrbu_narrow", "heatmap-guided-hrnet-w32-coco"),
    ],
)
def test_lists_agree_with_the_names_of_the_authors_code(shared, file, name):
    """Narrow networks of the authors' code: other widths and fewer modules, the same names."""
    narrow = parity.load(shared, file)
    names = {key.removeprefix("sd/") for key in narrow if key.startswith("sd/")}
    published = published_shapes(name)
    assert names - published.keys() == set()
    heads = {key for key in published.keys() - names if ".stage" not in f".{key}"}
    assert heads == set()
