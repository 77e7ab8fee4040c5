"""The CPU twins give the same bytes at every level of x86-64, whatever the loader chooses here."""

import shutil
import subprocess
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from posetrack import kernels
from posetrack.kernels import devices, native, tracking
from posetrack.kernels.library import Library
from posetrack.kernels.native import LEVELS, cpu_features, path_of

from .cases import CASES
from .crowds import tracks_of_a_crowd

BASE = Path(str(native.installed(".", "cpu")))
HIGHER = [level for level in LEVELS if level != "."]


def library_of(level, base=BASE):
    """The library of one level, if the build of `base` has it and the CPU can run it."""
    path = base.parent / level / base.name
    if not path.exists():
        pytest.skip("the build is for another kind of CPU")
    if missing := LEVELS[level] - cpu_features():
        pytest.skip(f"this CPU has no {', '.join(sorted(missing))}")
    return Library(path, "cpu")


def results(name, arguments):
    result = getattr(kernels, name)(**arguments)
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("level", HIGHER)
@pytest.mark.parametrize("name", CASES)
def test_every_level_gives_the_same_bytes(name, level):
    assert_same_bytes(name, Library(BASE, "cpu"), library_of(level))


@pytest.mark.parametrize("level", HIGHER)
def test_tracks_are_the_same_bytes_at_every_level(level):
    states = []
    for library in (Library(BASE, "cpu"), library_of(level)):
        with patch.object(tracking, "library", lambda _, library=library: library):
            states.append(tracks_of_a_crowd(17, 60))
    for one, other in zip(*states, strict=True):
        assert one.tobytes() == other.tobytes()


def assert_same_bytes(name, first, second):
    """Two libraries of CPU twins over every case of a kernel."""
    for case in CASES[name]:
        with patch.object(devices, "library", lambda _: first):
            wanted = results(name, case.given)
        with patch.object(devices, "library", lambda _: second):
            got = results(name, case.given)
        if name == "soft_argmax":  # sums of another order, within the bound that the twins have
            case.check(case.arguments, got, wanted)
            continue
        for one, other in zip(got, wanted, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape), case.name
            np.testing.assert_array_equal(one, other, err_msg=case.name)
            assert bits_but_of_nan(one) == bits_but_of_nan(other), case.name


def bits_but_of_nan(array):
    """The bytes, zeros of either sign told apart; of two NaN that meet either may come out."""
    if array.dtype.kind != "f":
        return array.tobytes()
    return np.where(np.isnan(array), np.zeros_like(array), array).tobytes()


@pytest.mark.parametrize(
    ("features", "level"),
    [
        (LEVELS["glibc-hwcaps/x86-64-v4"], "glibc-hwcaps/x86-64-v4"),
        (LEVELS["glibc-hwcaps/x86-64-v4"] - {"avx512vl"}, "glibc-hwcaps/x86-64-v3"),
        (LEVELS["glibc-hwcaps/x86-64-v3"] - {"fma"}, "."),
        (frozenset(), "."),
    ],
)
def test_python_takes_the_highest_level_that_the_cpu_has(features, level):
    if not (BASE.parent / level / BASE.name).exists():
        pytest.skip("the build is for another kind of CPU")
    with patch.object(native, "cpu_features", lambda: features):
        assert Path(str(path_of("cpu"))) == BASE.parent / level / BASE.name


@pytest.mark.parametrize("level", LEVELS)
def test_no_level_calls_the_c_library_for_a_fused_product(level):
    """Such a call keeps its loop scalar, and is slow where the CPU has no instruction for it."""
    path = BASE.parent / level / BASE.name
    if not path.exists():
        pytest.skip("the build is for another kind of CPU")
    assert fused_calls(path) == []


def fused_calls(path):
    """The functions for fused products that a library takes from the C library."""
    if shutil.which("nm") is None:
        pytest.skip("no nm on this machine")
    command = ["nm", "-D", "--undefined-only", str(path)]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [name for name in names if name.startswith("fma")]
