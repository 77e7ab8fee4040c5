"""The installed package without its dependencies, beside NumPy alone, on a path of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .places import KERNELS
from .test_programs import EXAMPLES, output_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

USE = """
import sys
import numpy as np
from posetrack import kernels

maps = np.zeros((1, 48, 64), np.float32)
maps[0, 15, 20] = 0.9
cells, scores, count = kernels.center_nms_topk(maps, 5, radius=2)
assert (count[0], divmod(int(cells[0, 0]), 64)) == (1, (15, 20))
own = sys.stdlib_module_names | {"numpy", "posetrack", "__main__"}
print(sorted({name.split(".")[0] for name in sys.modules} - own))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """How to run Python with an install of the package, NumPy, and nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
    settings = ["cmake.define.POSETRACK_CUDA=OFF", f"build-dir={folder}/build"]
    output_of(*pip, *(f"--config-settings={one}" for one in settings), KERNELS.parent)
    numpy = Path(np.__file__).parent
    for part in (numpy, numpy.with_name("numpy.libs")):
        if part.exists():
            (folder / part.name).symlink_to(part)
    environment = os.environ | {"PYTHONPATH": str(folder)}

    def run(*arguments):
        command = [sys.executable, "-S", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_kernels_run_beside_numpy_alone(alone):
    assert alone("-c", USE) == "[]"


def test_programs_are_built_against_the_wheel(alone, tmp_path):
    package = f"-Dposetrack_kernels_DIR={alone('-m', 'posetrack.kernels', '--cmake-dir')}"
    output_of("cmake", "-S", EXAMPLES, "-B", tmp_path, package)
    output_of("cmake", "--build", tmp_path, "--target", "centers")
    assert output_of(tmp_path / "centers").splitlines()[0] == "20 15 0.90"


def test_the_wheel_holds_what_programs_need_and_no_sources(alone):
    folder = Path(alone("-m", "posetrack.kernels", "--library-dir"))
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert Path("include/posetrack/base.h") in files
    sources = {".cpp", ".cu", ".cuh", ".in", ".inc", ".map", ".txt"}
    assert [path for path in files if path.suffix in sources] == []
    assert {path.parts[0] for path in files if path.suffix == ".h"} == {"include"}
