"""What only a GPU shows: the CPU's bytes, and a frame's post-processing in one CUDA graph."""

import numpy as np
import pytest
from posetrack import kernels

from .case import blobs, rng
from .cases import CASES
from .logocap_cases import gaussian
from .test_any_order import bytes_of

pytestmark = pytest.mark.cuda

PEOPLE, COUNT, STRIDE = 5, 17, 4


def logocap(heatmap, offset, embedding, steps, attraction, window):
    """Everything between LOGO-CAP's networks and the poses, without a look at any number."""
    size = (heatmap.shape[2] * STRIDE, heatmap.shape[3] * STRIDE)
    cells, *_ = kernels.upsampled_peaks(heatmap[:, -1:], size, PEOPLE, window=3, rule="half-pixel")
    starts = kernels.center_offset_decode(cells[:, 0], offset, sign=-1.0, ratio=STRIDE)
    features = kernels.local_windows(starts, steps, embedding, float(STRIDE))
    places, values = kernels.global_adaptation(starts, heatmap[:, :-1], size, attraction, window)
    rows, count = kernels.nms_near_keypoints(
        places, values[..., 0].clone(), distance=0.05, min_keypoints=8, relative=True
    )
    return features, places, values, rows, count


def test_post_processing_of_a_frame_is_one_graph():
    import torch

    random = rng(1)
    heatmap = blobs(1, COUNT + 1, 32, 44, seed=2)
    arrays = {
        "heatmap": heatmap,
        "offset": random.normal(0, 3, (1, 2 * COUNT, 32, 44)).astype(np.float32),
        "embedding": random.normal(0, 1, (1, 8, 32, 44)).astype(np.float32),
        "steps": np.tile(np.arange(-5, 6, dtype=np.float32), (COUNT, 1)),
        "attraction": random.random((1, PEOPLE, COUNT, 11, 11)).astype(np.float32),
    }
    inputs = {name: torch.from_numpy(array).cuda() for name, array in arrays.items()}
    inputs["window"] = kernels.GlobalWindow(torch.from_numpy(gaussian(97)).cuda())
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        wanted = [tensor.clone() for tensor in logocap(**inputs)]  # and the library is warm
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = logocap(**inputs)
    for tensor in captured:
        tensor.zero_()
    graph.replay()
    torch.cuda.synchronize()
    for got, expected in zip(captured, wanted, strict=True):
        assert torch.equal(got, expected)


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(n, c, id=f"{n}-{c.name}") for n, cases in CASES.items() for c in cases],
)
def test_gpu_gives_the_bytes_of_the_cpu(name, case):
    if name == "soft_argmax":
        pytest.skip("the CPU fuses products: test_twins compares the two within their bound")
    assert bytes_of("cuda", name, case) == bytes_of("cpu", name, case)
