"""The C headers are the contract: what is read from them, and how a call is held to it."""

from unittest.mock import patch

import numpy as np
import pytest
from posetrack.kernels.call import run
from posetrack.kernels.contract import CONSTANTS, CONTRACTS, Argument, parse
from posetrack.kernels.devices import CPU
from posetrack.kernels.library import library

HEADER = """
#define PT_FIRST 7

PT_SCRATCH(pt_thing, int64_t N);

/* What it does. */
PT_TWINS(
    pt_thing, float* out,                 /* (B, N) */
    void* scratch, int64_t scratch_bytes, /* working memory */
    const int32_t* counts, /* (B); NULL: all, which is (most) of them */
    const void* head,      /* (B, 2K, h / 2) x, y */
    pt_dtype head_dtype, int64_t B, int64_t N, double gate /* finite, below 1 */,
    float weight);
"""


def test_arguments_are_those_of_the_header():
    contracts, _, constants, _ = parse(HEADER)
    thing = contracts["pt_thing"]
    assert constants == {"PT_FIRST": 7}
    assert thing.arguments == (
        Argument("out", "float", pointer=True, output=True, shape=("B", "N")),
        Argument("scratch", "void", pointer=True),
        Argument("scratch_bytes", "int64_t"),
        Argument("counts", "int32_t", pointer=True, optional=True, shape=("B",)),
        Argument("head", "void", pointer=True, shape=("B", "2K", "h / 2")),
        Argument("head_dtype", "pt_dtype"),
        Argument("B", "int64_t"),
        Argument("N", "int64_t"),
        Argument("gate", "double"),
        Argument("weight", "float"),
    )
    assert thing.scratch == (Argument("N", "int64_t"),)
    assert [array.name for array in thing.arrays] == ["out", "counts", "head"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("PT_TWINS(pt_x, float* out, /* values */ int64_t N);", "comment of out must begin with"),
        ("PT_TWINS(pt_x, float* out, int64_t N);", "comment of out must begin with its shape"),
        ("PT_TWINS(pt_x, float ** out /* (N) */);", "is no argument as"),
        ("PT_SCRATCH(pt_x, int64_t N);", "there is scratch, but no kernel, of the name pt_x"),
    ],
)
def test_what_is_not_understood_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        parse(wrong)


def test_every_dtype_of_a_head_is_an_argument():
    for contract in CONTRACTS.values():
        for array in contract.arrays:
            if array.type == "void":
                assert contract.dtype_of(array) in contract.by_name, (contract.name, array.name)


def test_constants_are_read():
    assert CONSTANTS["PT_FLOAT16"] == 1
    assert CONSTANTS["PT_CORNER"] == 1


# ---- calls

BOXES = np.array([[[0.0, 0, 10, 10], [5, 0, 15, 10]]])


def test_sizes_are_read_off_the_arrays():
    cost = run("pt_iou_cost", boxes=BOXES, others=BOXES[:, :1])
    np.testing.assert_allclose(cost, [[[0], [2 / 3]]])


def test_one_image_needs_no_batch_axis_and_gets_none():
    batch = run("pt_iou_cost", boxes=BOXES, others=BOXES)
    np.testing.assert_array_equal(run("pt_iou_cost", boxes=BOXES[0], others=BOXES[0]), batch[0])


def test_outputs_and_scratch_may_be_given():
    cost = np.empty((1, 2, 2))
    assert run("pt_iou_cost", boxes=BOXES, others=BOXES, cost=cost) is cost
    scratch = np.empty(4096, np.uint8)
    match = run("pt_assign", cost=cost, gate=0.5, scratch=scratch)
    assert match.tolist() == [[0, 1]]


def test_heads_may_be_channels_of_a_larger_array():
    maps = np.random.default_rng(3).random((2, 5, 4, 6), np.float32)
    for head in (maps, maps.astype(np.float16)):
        cells, _ = run("pt_heatmap_argmax", maps=head[:, 1:3])
        wanted = head[:, 1:3].reshape(2, 2, -1).argmax(-1)
        np.testing.assert_array_equal(cells, wanted)


def call(**changes):
    arguments = {"boxes": BOXES, "others": BOXES} | changes
    return run("pt_iou_cost", **{k: v for k, v in arguments.items() if v is not ...})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"radius": 3}, TypeError, "pt_iou_cost has no argument radius"),
        ({"others": ...}, TypeError, "pt_iou_cost needs others"),
        ({"others": None}, TypeError, "pt_iou_cost needs others"),
        (
            {"boxes": BOXES[..., :3]},
            ValueError,
            r"boxes must have shape \(1, 2, 4\), got \(1, 2, 3\)",
        ),
        ({"others": BOXES[:0]}, ValueError, r"others must have shape \(1, 2, 4\), got \(0, 2, 4\)"),
        ({"boxes": BOXES[0]}, ValueError, r"others must have shape \(N, 4\), got \(1, 2, 4\)"),
        ({"T": 3}, ValueError, r"boxes must have shape \(1, 3, 4\), got \(1, 2, 4\)"),
        ({"T": 2.5}, TypeError, "T must be a whole number of 64 bits, got 2.5"),
        ({"T": 2**64}, TypeError, "T must be a whole number of 64 bits"),
        ({"boxes": BOXES.astype(np.float32)}, TypeError, "boxes must be float64, got float32"),
        ({"boxes": BOXES.astype(">f8")}, TypeError, "boxes must be float64, got >f8"),
        ({"boxes": BOXES[..., ::-1]}, ValueError, "boxes must be C-contiguous"),
        ({"cost": np.empty((1, 2, 3))}, ValueError, r"cost must have shape \(1, 2, 2\)"),
        ({"counts": np.array([1])}, TypeError, "counts must be int32, got int64"),
        ({"boxes": [[0, 0, 1, 1]]}, TypeError, "boxes must be a NumPy array or a torch tensor"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(changes, error, message):
    with pytest.raises(error, match=message):
        call(**changes)


def test_an_output_that_cannot_be_written_is_refused():
    cost = np.empty((1, 2, 2))
    cost.flags.writeable = False
    with pytest.raises(ValueError, match="cost must be writeable"):
        call(cost=cost)


def test_an_array_that_is_not_aligned_is_refused():
    memory = np.zeros(BOXES.nbytes + 1, np.uint8)
    apart = memory[1:].view(np.float64).reshape(BOXES.shape)
    assert not apart.flags.aligned
    with pytest.raises(ValueError, match="pt_iou_cost: boxes must be aligned to its elements"):
        call(boxes=apart)


def test_an_array_of_another_library_on_a_gpu_is_refused():
    class Array:
        shape, dtype = (1, 2, 4), np.dtype(np.float64)
        __cuda_array_interface__ = None

    with pytest.raises(TypeError, match=r"boxes must be a NumPy array or a torch tensor on a GPU"):
        call(boxes=Array())


MAPS = np.zeros((2, 5, 4, 6), np.float32)
FAULTS = {  # kernel -> inputs, options, one of its heads
    "pt_adaptive_convolution": (
        {"x": MAPS, "matrix": MAPS[:, :4], "weight": np.zeros((2, 5, 3, 3), np.float32)},
        {"spacing": 0.0},
        "x",
    ),
    "pt_center_nms_topk": (
        {"maps": MAPS[:, 0]},
        {"N": 3, "radius": 1, "tolerance": 0.0, "threshold": 0.0},
        "maps",
    ),
    "pt_fuse_offsets": (
        {"heatmaps": MAPS[:, :2], "offsets": MAPS[:, :4]},
        {"radius": 1.0, "smoothing": 1.0},
        "heatmaps",
    ),
    "pt_gaussian_argmax": (
        {
            "heatmap": MAPS,
            "centers": np.zeros((2, 3, 5, 2), np.float32),
            "spread": np.ones((2, 3), np.float32),
        },
        {},
        "heatmap",
    ),
    "pt_global_adaptation": (
        {
            "keypoints": np.zeros((2, 3, 5, 2), np.float32),
            "heatmap": MAPS,
            "kernels": np.zeros((2, 3, 5, 3, 3), np.float32),
            "weights": np.ones((5, 5), np.float32),
        },
        {"H": 8, "W": 12, "first_weight": 0.75, "clamp": 1},
        "heatmap",
    ),
    "pt_local_windows": (
        {
            "keypoints": np.zeros((2, 3, 4, 2), np.float32),
            "steps": np.zeros((4, 3), np.float32),
            "embedding": MAPS,
        },
        {"stride": 4.0, "features_dtype": 0},
        "embedding",
    ),
    "pt_merge_flipped": (
        {"straight": MAPS, "flipped": MAPS, "order": np.arange(5, dtype=np.int32)},
        {"shift": 0},
        "straight",
    ),
    "pt_smooth_heatmaps": ({"maps": MAPS}, {"deviation": 1.0}, "maps"),
    "pt_upsample_maps": ({"maps": MAPS}, {"H": 8, "W": 12, "rule": 0}, "maps"),
    "pt_upsampled_peaks": (
        {"maps": MAPS},
        {"H": 8, "W": 12, "N": 3, "window": 3, "rule": 0, "min_value": 0.0, "at_least": 0},
        "maps",
    ),
}


@pytest.mark.parametrize("kernel", FAULTS)
def test_a_stride_that_is_wrong_by_one_is_refused(kernel):
    arrays, options, head = FAULTS[kernel]
    run(kernel, **arrays, **options)
    for wrong in (arrays[head].strides[0] // 4 - 1, arrays[head].strides[0] // 4 + 1):
        with pytest.raises(ValueError, match=f"{head}_batch_stride must be"):
            run(kernel, **arrays, **options, **{f"{head}_batch_stride": wrong})


@pytest.mark.parametrize("kernel", FAULTS)
def test_swapped_sizes_are_refused(kernel):
    arrays, options, head = FAULTS[kernel]
    h, w = arrays[head].shape[-2:]
    with pytest.raises(ValueError, match=rf"{head} must have shape \(.*{w}, {h}\), got"):
        run(kernel, **arrays, **options, h=w, w=h)


def in_half(kernel):
    """The arrays with heads in float16: then every kernel with scratch needs some."""
    return {
        name: array.astype(np.float16) if CONTRACTS[kernel].by_name[name].type == "void" else array
        for name, array in FAULTS[kernel][0].items()
    }


@pytest.mark.parametrize("kernel", FAULTS)
def test_scratch_that_is_too_small_is_refused(kernel):
    with pytest.raises(ValueError, match="scratch must be a contiguous array of"):
        run(kernel, **in_half(kernel), **FAULTS[kernel][1], scratch=np.empty(1, np.uint8))


@pytest.mark.parametrize("kernel", FAULTS)
def test_the_library_itself_refuses_the_same_faults(kernel):
    """As a program in C would meet them."""
    calls = []
    with patch.object(CPU, "call", lambda *call: calls.append(call)):
        kept = run(
            kernel, **in_half(kernel), **FAULTS[kernel][1], scratch=np.empty(2**17, np.uint8)
        )
    values = dict(zip(CONTRACTS[kernel].by_name, calls[0][1], strict=True))
    head = FAULTS[kernel][2]
    wrong = {
        f"{head}_batch_stride": values[f"{head}_batch_stride"] // 5 * 1 - 1,
        "scratch_bytes": values["scratch_bytes"] - 1,
        head: None,
        "h": -1,
        "w": 2**40,
    }
    for name, value in wrong.items():
        said = "scratch" if name == "scratch_bytes" else name
        with pytest.raises(ValueError, match=f"^{kernel}: {said} must"):
            library("cpu").call(kernel, list((values | {name: value}).values()))
    assert kept is not None  # and so its memory is still there
