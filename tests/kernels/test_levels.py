"""The CPU twins give the same bytes at every level of x86-64, not only at the one chosen here."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from posetrack import kernels
from posetrack.kernels import devices
from posetrack.kernels.library import Library

from .cases import CASES

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# what the compiler is told, and what of it the CPU must have
LEVELS = {
    "plain": ("-march=x86-64 -DPT_MAX_WIDTH=4", ()),
    "avx2": ("-march=x86-64-v3 -DPT_MAX_WIDTH=8", ("avx2", "fma", "bmi2")),
    "avx512": (
        "-march=x86-64-v4 -mprefer-vector-width=512",
        ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"),
    ),
}


@pytest.fixture(scope="module", params=LEVELS)
def level(request, tmp_path_factory):
    """The library of one level, without clones."""
    flags, needed = LEVELS[request.param]
    info = Path("/proc/cpuinfo")
    found = info.read_text().split() if info.exists() else []
    if missing := [feature for feature in needed if feature not in found]:
        pytest.skip(f"this CPU has no {', '.join(missing)}")
    folder = tmp_path_factory.mktemp(request.param)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    define = [
        f"--config-settings=cmake.define.CMAKE_CXX_FLAGS={flags} -DPT_NO_CLONES",
        "--config-settings=cmake.define.POSETRACK_CUDA=OFF",
        f"--config-settings=build-dir={folder}/build",
    ]
    command = [*pip, str(folder / "package"), *define, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return Library(folder / "package/posetrack/kernels/libposetrack_cpu.so", "cpu")


def results(name, arguments):
    result = getattr(kernels, name)(**arguments)
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", CASES)
def test_every_level_gives_the_same_bytes(level, name):
    for case in CASES[name]:
        wanted = results(name, case.arguments)
        with patch.object(devices, "library", lambda _: level):
            got = results(name, case.arguments)
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
