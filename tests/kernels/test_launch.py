"""What a launch asks of CUDA's runtime, told by stories in test_launch.cpp over a made-up one."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .places import KERNELS

HERE = Path(__file__).parent
SOURCE = HERE / "test_launch.cpp"
STORIES = re.findall(r"STORY\((\w+)\),", SOURCE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if shutil.which("c++") is None:
        pytest.skip("no c++ on this machine")
    built = tmp_path_factory.mktemp("launch") / "test_launch"
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{HERE / 'made_up_cuda'}"]
    warm_up = ["-x", "c++", str(KERNELS / "host" / "warm_up.cu")]
    command = ["c++", *flags, str(SOURCE), *warm_up, "-o", str(built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return built


@pytest.mark.parametrize("story", STORIES)
def test_launch(program, story):
    done = subprocess.run([program, story], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
