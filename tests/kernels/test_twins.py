"""Every kernel, every case, every device against the reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import reference

from .case import Case, picture
from .cases import CASES
from .heatmaps_cases import check_windowed
from .places import PLACES, run

ALL = [
    pytest.param(name, case, place, id=f"{place}-{name}-{case.name}", marks=marks)
    for place, marks in PLACES.items()
    for name, cases in CASES.items()
    for case in cases
]


def expected(name, case):
    with np.errstate(all="ignore"):
        return getattr(reference, name)(**case.arguments)


def test_every_kernel_has_cases():
    functions = {name for name in kernels.__all__ if name[0].islower()}
    assert set(CASES) == functions == set(reference.__all__)
    for cases in CASES.values():
        assert len({case.name for case in cases}) == len(cases)


def assert_alike(got, wanted, rtol, atol):
    if isinstance(wanted, tuple):
        for one, other in zip(got, wanted, strict=True):
            assert_alike(one, other, rtol, atol)
        return
    assert got.dtype == wanted.dtype
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol, strict=True)
    else:
        np.testing.assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize(("name", "case", "place"), ALL)
def test_twin_agrees_with_the_reference(name, case, place):
    got, wanted = run(place, name, case.given), expected(name, case)
    if case.check is not None:
        case.check(case.arguments, got, wanted)
    else:
        assert_alike(got, wanted, case.rtol, case.atol)


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_size_image_at_any_size_and_scale(data):
    height, width, out_height, out_width = (data.draw(st.integers(0, 40)) for _ in range(4))
    arguments = {
        "image": picture(height, width),
        "size": (out_height, out_width),
        "scale": data.draw(st.floats(0.01, 20)),
        "border": (1, 2, 3),
    }
    test_twin_agrees_with_the_reference("size_image", Case("drawn", arguments), "cpu")


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    spread=st.floats(1e-3, 1e6),
    steps=st.sampled_from([1, 2, 3, 1000]),
    fraction=st.sampled_from([1, 2, 1000]),
)
def test_gaussian_argmax_anywhere(seed, height, width, spread, steps, fraction):
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
    case = Case("drawn", arguments, check=check_windowed)
    test_twin_agrees_with_the_reference("gaussian_argmax", case, "cpu")


@pytest.mark.parametrize("name", CASES)
def test_the_same_input_gives_the_same_bytes(name):
    for case in CASES[name]:
        first, second = (run("cpu", name, case.given) for _ in range(2))
        pairs = zip(first, second, strict=True) if isinstance(first, tuple) else [(first, second)]
        for a, b in pairs:
            assert a.tobytes() == b.tobytes(), case.name


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(CASES) - {"soft_argmax"}))  # sums in another order
def test_both_twins_give_the_same_bits(name):
    for case in CASES[name]:
        if "300" in case.name:  # slow on the stand-in
            continue
        results = [run(place, name, case.given) for place in ("cpu", "cuda-on-host")]
        one, other = (r if isinstance(r, tuple) else (r,) for r in results)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=case.name)


@pytest.mark.parametrize("name", CASES)
def test_inputs_stay_as_they_are(name):
    for case in CASES[name]:
        arrays = {k: v for k, v in case.arguments.items() if isinstance(v, np.ndarray)}
        before = {key: array.tobytes() for key, array in arrays.items()}
        getattr(kernels, name)(**case.arguments)
        assert {key: array.tobytes() for key, array in arrays.items()} == before


# arrays that belong to all images of a batch
SHARED = {"constant", "order", "sigmas", "sign", "steps", "weight"}


def of_one_image(arguments):
    """The arguments without their batch axis, or None if there is more than one image."""

    def without(name, value):
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(without(name, part) for part in value)
        is_array = isinstance(value, np.ndarray) and name not in SHARED
        return value.reshape(value.shape[1:]) if is_array else value

    arrays = [v for n, v in arguments.items() if isinstance(v, np.ndarray) and n not in SHARED]
    if any(len(array) != 1 for array in arrays):
        return None
    return {name: without(name, value) for name, value in arguments.items()}


@pytest.mark.parametrize("name", CASES)
def test_arrays_of_one_image_may_leave_the_batch_axis_out(name):
    cases = sorted(CASES[name], key=lambda case: "batch 1" not in case.name)
    case, arguments = next((c, a) for c in cases if (a := of_one_image(c.given)) is not None)
    results = getattr(kernels, name)(**case.given)
    singles = getattr(kernels, name)(**arguments)
    if not isinstance(results, tuple):
        results, singles = (results,), (singles,)
    for batch, one in zip(results, singles, strict=True):
        np.testing.assert_array_equal(batch[0], one, strict=True)
