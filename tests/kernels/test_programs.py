"""Programs in C, C++ and CUDA find libraries and headers, and the level that suits the CPU."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from posetrack.kernels.library import library

from .places import KERNELS

EXAMPLES = KERNELS / "examples"


def output_of(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.strip()


def folder(option):
    return Path(output_of(sys.executable, "-m", "posetrack.kernels", option))


def configured(source, build, *definitions):
    """CMake's finished process for a project that wants the package."""
    if shutil.which("cmake") is None or shutil.which("c++") is None:
        pytest.skip("no cmake or no c++ on this machine")
    package = f"-Dposetrack_kernels_DIR={folder('--cmake-dir')}"
    command = ["cmake", "-S", str(source), "-B", str(build), package, *definitions]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_folders_are_told():
    assert (folder("--cmake-dir") / "posetrack_kernels-config.cmake").is_file()
    assert (folder("--include-dir") / "posetrack_kernels.h").is_file()
    assert any(folder("--library-dir").glob("libposetrack_cpu.so.*"))


def test_example_is_built_and_finds_both_people(tmp_path):
    done = configured(EXAMPLES, tmp_path, "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
    assert done.returncode == 0, done.stderr
    output_of("cmake", "--build", tmp_path, "--target", "centers")
    assert output_of(tmp_path / "centers").splitlines() == ["20 15 0.90", "45 30 0.70"]


def test_component_that_was_not_built_is_missed_by_name(tmp_path):
    if any(folder("--library-dir").glob("libposetrack_cuda.so.*")):
        pytest.skip("this build has the CUDA twins")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(needs_cuda LANGUAGES CXX)\n"
        "find_package(posetrack_kernels REQUIRED COMPONENTS cpu cuda)\n"
    )
    done = configured(tmp_path, tmp_path / "build")
    assert done.returncode != 0
    assert "this build of posetrack has no cuda kernels" in " ".join(done.stderr.split())


def test_programs_get_the_level_that_python_takes(tmp_path):
    """glibc's loader looks into the folders of the levels, since version 2.33."""
    if shutil.which("cc") is None:
        pytest.skip("no cc on this machine")
    if (version := glibc_version()) < (2, 33):
        pytest.skip(f"this C library ({version}) knows no levels")
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text("int pt_assign_cpu(void); int main(void) { return pt_assign_cpu(); }")
    (base,) = folder("--library-dir").glob("libposetrack_cpu.so.*")
    link = [str(base), f"-Wl,-rpath,{base.parent}", "-o", str(program)]
    subprocess.run(["cc", str(source), *link], check=True)
    traced = os.environ | {"LD_TRACE_LOADED_OBJECTS": "1"}
    done = subprocess.run([str(program)], env=traced, capture_output=True, text=True, check=True)
    assert f"=> {library('cpu').path} " in done.stdout


def glibc_version():
    try:
        version = ctypes.CDLL(None).gnu_get_libc_version
    except AttributeError:
        return 0, 0
    version.restype = ctypes.c_char_p
    return tuple(map(int, version().decode().split(".")))


@pytest.mark.slow
def test_cuda_example_compiles(tmp_path):
    nvcc = os.environ.get("CUDACXX") or shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("no nvcc on this machine")
    flags = ["-std=c++17", "-Werror=all-warnings", "-I", str(folder("--include-dir"))]
    output_of(nvcc, *flags, "-c", EXAMPLES / "centers.cu", "-o", tmp_path / "centers.o")
