"""The CPU twins under the address and undefined-behaviour sanitizers, over every case."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Tests that build programs of their own, which the sanitizers do not concern.
PROGRAMS = (
    "test_fused.py",
    "test_launch.py",
    "test_native.py",
    "test_programs.py",
    "test_tensorrt_headers.py",
    "test_tensorrt_plugins.py",
    "test_tensorrt_rtx.py",
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(command, **environment):
    done = subprocess.run(
        command,
        cwd=ROOT / "tests",  # not the root, where folders bear the names of the package's parts
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.strip()


def library_of_compiler(name):
    path = run([os.environ.get("CXX", "c++"), f"-print-file-name={name}"])
    if not Path(path).is_absolute():
        pytest.skip(f"the compiler comes without {name}")
    return path


def test_kernels_are_clean_under_sanitizers(tmp_path):
    preload = f"{library_of_compiler('libasan.so')}:{library_of_compiler('libubsan.so')}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    define = [
        "--config-settings=cmake.define.POSETRACK_SANITIZE=address,undefined",
        "--config-settings=cmake.define.POSETRACK_CUDA=OFF",
    ]
    own_build = f"--config-settings=build-dir={tmp_path}/build"
    run([*pip, str(tmp_path / "package"), *define, own_build, str(ROOT)])
    environment = {
        "PYTHONPATH": str(tmp_path / "package"),
        "LD_PRELOAD": preload,
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    where = "from posetrack.kernels.library import library; print(library('cpu').path)"
    loaded = run([sys.executable, "-c", where], **environment)
    assert loaded.startswith(str(tmp_path)), f"{loaded}: an editable install hides the new build"
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    others = [f"--ignore={ROOT}/tests/kernels/{name}" for name in PROGRAMS]
    quick = ["-m", "not slow", *others, str(ROOT / "tests" / "kernels")]
    assert " passed" in run([*pytest_command, *quick], **environment)
