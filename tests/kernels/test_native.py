"""A library is loaded if it fits this package, and its failures are told in its own words."""

import re
import shutil
import subprocess

import pytest
from posetrack.kernels.library import Library, library
from posetrack.kernels.native import abi_version

from .places import KERNELS

HEADER = f'#include "{KERNELS / "include" / "posetrack_kernels.h"}"\n'
OURS = f"{HEADER} int32_t pt_abi_version_cuda(void) {{ return PT_ABI_VERSION; }}"
ASSIGN = (None, None, 0, None, 1, 1, 1, 0.0, None)  # arguments, and the stream


def made_up(tmp_path, source):
    """A shared library from lines of C."""
    if shutil.which("cc") is None:
        pytest.skip("no cc on this machine")
    (tmp_path / "made_up.c").write_text(source)
    library_file = tmp_path / "made_up.so"
    command = ["cc", "-shared", "-fPIC", str(tmp_path / "made_up.c"), "-o", str(library_file)]
    subprocess.run(command, check=True)
    return library_file


def returning(status):
    """A twin of pt_assign that only returns a status."""
    declared = re.search(r"PT_TWINS\(\s*pt_assign,(.*?)\);", text_of("association"), re.DOTALL)[1]
    failed = 'const char* pt_last_error_cuda(void) { return "no kernel image (cudaErrorNoImage)"; }'
    return f"{OURS} {failed} pt_status pt_assign_cuda({declared}, void* s) {{ return {status}; }}"


def text_of(part):
    return (KERNELS / "include" / "posetrack" / f"{part}.h").read_text()


def test_every_library_says_its_version():
    native = library("cpu")._native
    assert native.pt_abi_version_cpu() == abi_version() > 0
    assert library("cpu").path.endswith(f".so.{abi_version()}")


def test_a_library_of_another_version_is_refused(tmp_path):
    path = made_up(tmp_path, "int pt_abi_version_cpu(void) { return 999; }")
    wanted = f"must have version {abi_version()} of the C interface, got 999: reinstall posetrack"
    with pytest.raises(RuntimeError, match=wanted):
        Library(path, "cpu")


def test_a_library_without_a_version_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="got one without a version: reinstall posetrack"):
        Library(made_up(tmp_path, "int nothing;"), "cuda")


def test_a_file_that_is_no_library_is_refused(tmp_path):
    (tmp_path / "text.so").write_text("text")
    with pytest.raises(RuntimeError, match=r"the cpu kernels cannot be loaded \(.*\): reinstall"):
        Library(tmp_path / "text.so", "cpu")


def test_what_cuda_says_is_in_the_error(tmp_path):
    loaded = Library(made_up(tmp_path, returning("PT_CUDA_ERROR")), "cuda")
    with pytest.raises(RuntimeError, match=r"pt_assign: .* no kernel image \(cudaErrorNoImage\)"):
        loaded.call("pt_assign", ASSIGN)


def test_an_unknown_status_is_an_error(tmp_path):
    loaded = Library(made_up(tmp_path, returning(7)), "cuda")
    with pytest.raises(RuntimeError, match="pt_assign returned the status 7"):
        loaded.call("pt_assign", ASSIGN)


def test_kernels_that_cuda_cannot_load_say_why(tmp_path):
    failed = 'const char* pt_last_error_cuda(void) { return "no device (cudaErrorNoDevice)"; }'
    source = f"{OURS} {failed} pt_status pt_warm_up_cuda(void) {{ return PT_CUDA_ERROR; }}"
    wanted = r"the CUDA kernels cannot be loaded: no device \(cudaErrorNoDevice\)"
    with pytest.raises(RuntimeError, match=wanted):
        Library(made_up(tmp_path, source), "cuda").warm_up()
