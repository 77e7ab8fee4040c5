"""Every C++ compiler on the machine builds the CPU twins without warnings, to the same bytes."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from posetrack.kernels.library import library
from posetrack.kernels.native import LEVELS

from .cases import CASES
from .places import KERNELS
from .test_levels import BASE, assert_same_bytes, fused_calls, library_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PROMISED = ("g++-11", "g++-12", "clang++")


def found():
    """Names of the compilers on the path, one for each program."""
    folders = os.environ["PATH"].split(os.pathsep)
    paths = [path for folder in folders for path in Path(folder).glob("*++*")]
    named = [path for path in paths if re.fullmatch(r"(g|clang)\+\+(-\d+)?", path.name)]
    # a promised name comes last, and so stays
    named.sort(key=lambda path: path.name in PROMISED)
    return {path.resolve(): path.name for path in named}.values()


COMPILERS = sorted({*PROMISED, *found()})


@cache
def built_by(compiler):
    """The folder of the libraries, built with warnings as errors."""
    for program in (compiler, "cmake"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine")
    folder = Path(mkdtemp())
    options = [f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Release"]
    options += ["-DPOSETRACK_CUDA=OFF", "-DPOSETRACK_WERROR=ON"]
    for command in (
        ["cmake", "-S", str(KERNELS.parent), "-B", str(folder), *options],
        ["cmake", "--build", str(folder), "--parallel", str(os.cpu_count())],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return folder / "kernels"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiler_builds_every_level_without_warnings(compiler):
    folder = built_by(compiler)
    for level in LEVELS:
        if (BASE.parent / level / BASE.name).exists():
            assert fused_calls(folder / level / BASE.name) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_compilers_give_the_same_bytes(compiler, level):
    other = library_of(level, built_by(compiler) / BASE.name)
    for name in CASES:
        assert_same_bytes(name, library("cpu"), other)
