"""Every kernel, every case, every device against the reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference
from tolerances import GAUSSIAN_ATOL, GAUSSIAN_RTOL, OFFSET_RTOL, OKS_ATOL

from .cases import CASES, Case, picture

DEVICES = ["cpu"]


def params(name):
    return [
        pytest.param(case, device, id=f"{device}-{case.name}")
        for case in CASES[name]
        for device in DEVICES
    ]


def run(name, case, device):
    """The kernel on a device: the arrays' own for now, there being one."""
    assert device == "cpu"
    return getattr(kernels, name)(**case.arguments)


def expected(name, case):
    with np.errstate(all="ignore"):
        return getattr(reference, name)(**case.arguments)


def test_every_kernel_has_cases():
    assert set(CASES) == set(kernels.__all__)
    for cases in CASES.values():
        assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize(("case", "device"), params("size_image"))
def test_size_image(case, device):
    np.testing.assert_array_equal(run("size_image", case, device), expected("size_image", case))


@pytest.mark.parametrize("device", DEVICES)
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_size_image_at_any_size_and_scale(device, data):
    height, width, out_height, out_width = (data.draw(st.integers(0, 40)) for _ in range(4))
    arguments = {
        "image": picture(height, width),
        "size": (out_height, out_width),
        "scale": data.draw(st.floats(0.01, 20)),
        "border": (1, 2, 3),
    }
    test_size_image(Case("drawn", arguments), device)


@pytest.mark.parametrize(("case", "device"), params("center_nms_topk"))
def test_center_nms_topk(case, device):
    results = run("center_nms_topk", case, device)
    for result, wanted in zip(results, expected("center_nms_topk", case), strict=True):
        np.testing.assert_array_equal(result, wanted)
        assert result.dtype == wanted.dtype


@pytest.mark.parametrize(("case", "device"), params("center_offset_decode"))
def test_center_offset_decode(case, device):
    keypoints = run("center_offset_decode", case, device)
    wanted = expected("center_offset_decode", case)
    assert keypoints.dtype == wanted.dtype
    np.testing.assert_allclose(keypoints, wanted, rtol=OFFSET_RTOL, atol=0, strict=True)


@pytest.mark.parametrize(("case", "device"), params("gaussian_argmax"))
def test_gaussian_argmax(case, device):
    cells, values = run("gaussian_argmax", case, device)
    wanted_cells, wanted = expected("gaussian_argmax", case)
    assert (cells.dtype, values.dtype) == (wanted_cells.dtype, wanted.dtype)
    # The kernels' weights end at e^-87: what is that much below the map's values is 0.
    atol = GAUSSIAN_ATOL * max(1, np.nanmax(case.arguments["heatmap"], initial=0))
    np.testing.assert_allclose(values, wanted, rtol=GAUSSIAN_RTOL, atol=atol, strict=True)
    np.testing.assert_array_equal(cells < 0, values == 0)
    if case.exact:
        np.testing.assert_array_equal(cells, wanted_cells)
    for at in np.argwhere((cells != wanted_cells) & (wanted > atol)):
        value = windowed_value(case.arguments, tuple(at), cells[tuple(at)])
        assert value == pytest.approx(wanted[tuple(at)], rel=GAUSSIAN_RTOL)


@pytest.mark.parametrize("device", DEVICES)
@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    spread=st.floats(1e-3, 1e6),
    steps=st.sampled_from([1, 2, 3, 1000]),
    fraction=st.sampled_from([1, 2, 1000]),
)
def test_gaussian_argmax_anywhere(device, seed, height, width, spread, steps, fraction):
    """Maps of few values and centers on and between cells make many near ties."""
    random = np.random.default_rng(seed)
    centers = random.integers(-20 * fraction, 30 * fraction, (1, 3, 2, 2)) / fraction
    corners = random.integers(-3, 15, (1, 3, 2, 2))
    arguments = {
        "heatmap": random.integers(0, steps + 1, (1, 2, height, width)).astype(np.float32),
        "centers": centers.astype(np.float32),
        "spread": np.full((1, 3), spread, np.float32),
        "boxes": np.sort(corners, axis=2).reshape(1, 3, 4).astype(np.float32),
    }
    test_gaussian_argmax(Case("drawn", arguments), device)


def windowed_value(arguments, at, cell):
    """Heatmap x Gaussian at one cell, in float64; 0 outside the box."""
    b, n, k = at
    heatmap, centers = arguments["heatmap"], arguments["centers"].astype(float)
    row, column = divmod(int(cell), heatmap.shape[3])
    if arguments["boxes"] is not None:
        x1, y1, x2, y2 = arguments["boxes"][b, n]
        if not (x1 <= column < x2 and y1 <= row < y2):
            return 0.0
    x, y = centers[b, n, k]
    distance = (column - x) ** 2 + (row - y) ** 2
    return heatmap[b, k, row, column] * np.exp(-distance / arguments["spread"][b, n])


@pytest.mark.parametrize(("case", "device"), params("oks_matrix"))
def test_oks_matrix(case, device):
    oks = run("oks_matrix", case, device)
    wanted = expected("oks_matrix", case)
    assert oks.dtype == wanted.dtype
    np.testing.assert_allclose(oks, wanted, rtol=0, atol=OKS_ATOL, strict=True)


@pytest.mark.parametrize(("case", "device"), params("oks_nms"))
def test_oks_nms(case, device):
    keep = run("oks_nms", case, device)
    np.testing.assert_array_equal(keep, expected("oks_nms", case), strict=True)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", CASES)
def test_the_same_input_gives_the_same_bytes(name, device):
    for case in CASES[name]:
        first, second = (run(name, case, device) for _ in range(2))
        pairs = zip(first, second, strict=True) if isinstance(first, tuple) else [(first, second)]
        for a, b in pairs:
            assert a.tobytes() == b.tobytes(), case.name
