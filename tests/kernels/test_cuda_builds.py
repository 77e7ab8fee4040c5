"""The CUDA twins compile for every GPU that is promised, and build options mean what they say.

Nothing here needs a GPU. Older GPUs (sm_61, sm_70) need a CUDA 12 toolkit, named by CUDA12_HOME or
the nvcc on the path; without one, NVRTC 12 from pip compiles the device code alone.
"""

import ctypes
import os
import re
import shutil
import struct
import subprocess
import sys
from functools import lru_cache, partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
from posetrack.kernels.contract import CONTRACTS
from posetrack.kernels.library import library
from posetrack.kernels.native import abi_version

from .places import KERNELS
from .tensorrt_host import STAND_IN

ROOT = KERNELS.parent
SOURCES = sorted((KERNELS / "cuda").glob("*.cu"))
PROMISED = {75, 80, 86, 89, 90, 100, 120}
OLDER = (61, 70)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def build(target, **options):
    """Install into a folder, with CMake's variables as named; the finished process."""
    options = {"POSETRACK_ORT": "OFF", "POSETRACK_TRT": "OFF"} | options
    defines = [f"--config-settings=cmake.define.{key}={value}" for key, value in options.items()]
    own = [f"--config-settings=build-dir={target}/build", "--target", str(target / "package")]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command = [*pip, *own, *defines, str(ROOT)]
    return subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)


needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="no cmake")
CPU_ALONE = {"cpu"}


def targets(folder, **options):
    """The libraries that would be built, for whichever level of CPU: `cpu`, `cuda`, ..."""
    options = {"POSETRACK_ORT": "OFF", "POSETRACK_TRT": "OFF"} | options
    defines = [f"-D{key}={value}" for key, value in options.items()]
    run = partial(subprocess.run, capture_output=True, text=True, check=True)
    run(["cmake", "-S", str(ROOT), "-B", str(folder), *defines])
    listed = run(["cmake", "--build", str(folder), "--target", "help"]).stdout
    return set(re.findall(r"posetrack_([a-z]+)", listed))


def log_of(done):
    return " ".join((done.stdout + done.stderr).replace("│", " ").split())


# ---- the options


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"CUDA": "yes"}, "POSETRACK_CUDA must be AUTO, ON or OFF, got 'yes'"),
        ({"ORT": "1"}, "POSETRACK_ORT must be AUTO, ON or OFF, got '1'"),
        ({"TRT": "1"}, "POSETRACK_TRT must be AUTO, ON or OFF, got '1'"),
        (
            {"ORT": "ON"},
            "POSETRACK_ORT=ON, but there is no include/onnxruntime_c_api.h in ORT_ROOT=",
        ),
        (
            {"TRT": "ON", "CUDA": "ON"},
            "POSETRACK_TRT=ON, but there is no include/NvInfer.h in TENSORRT_ROOT=",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_in_our_words(tmp_path, options, wanted):
    options = {"CUDA": "OFF"} | options
    nvcc = os.environ.get("CUDACXX") or shutil.which("nvcc")
    if options["CUDA"] == "ON" and nvcc_version(nvcc) == (0, 0):
        pytest.skip("no nvcc")
    roots = {"ORT_ROOT": str(tmp_path), "TENSORRT_ROOT": str(tmp_path)}
    done = build(tmp_path, **{f"POSETRACK_{n}": v for n, v in options.items()}, **roots)
    assert done.returncode != 0
    assert wanted in log_of(done)


def test_without_nvcc_cuda_is_refused_in_our_words(tmp_path):
    done = build(tmp_path, POSETRACK_CUDA="ON", CMAKE_CUDA_COMPILER="NOTFOUND")
    assert done.returncode != 0
    wanted = "POSETRACK_CUDA=ON, but there is no nvcc: install CUDA's toolkit or set CUDACXX"
    assert wanted in log_of(done)


def test_without_cuda_twins_plugins_are_refused_in_our_words(tmp_path):
    done = build(tmp_path, POSETRACK_CUDA="OFF", POSETRACK_TRT="ON", TENSORRT_ROOT=str(STAND_IN))
    assert done.returncode != 0
    wanted = "POSETRACK_TRT=ON, but the CUDA twins are not built: set POSETRACK_CUDA=ON"
    assert wanted in log_of(done)


@needs_cmake
def test_off_builds_no_cuda_library(tmp_path):
    assert targets(tmp_path, POSETRACK_CUDA="OFF") == CPU_ALONE


@needs_cmake
def test_auto_without_nvcc_and_headers_builds_the_cpu_library_alone(tmp_path):
    options = {"POSETRACK_ORT": "AUTO", "ORT_ROOT": str(tmp_path)}
    options |= {"POSETRACK_TRT": "AUTO", "TENSORRT_ROOT": str(tmp_path)}
    options |= {"POSETRACK_CUDA": "AUTO", "CMAKE_CUDA_COMPILER": "NOTFOUND"}
    assert targets(tmp_path, **options) == CPU_ALONE


# ---- nvcc


def nvcc_version(nvcc):
    """(major, minor), or (0, 0) where there is no such compiler."""
    if nvcc is None or not Path(nvcc).exists():
        return 0, 0
    said = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r"release (\d+)\.(\d+)", said).groups()))


def architectures(library):
    """The compute numbers of the PTX and the sm numbers of the machine code in a library.

    It has fat binaries: a header (magic, version, own size, size of what follows) and entries: kind
    (1 is PTX, 2 machine code), version, own size, size of the code, ..., at byte 28 the number.
    """
    data, found = library.read_bytes(), (set(), set())
    for start in re.finditer(struct.pack("<IHH", 0xBA55ED50, 1, 16), data):
        at = start.end() + 8
        end = at + struct.unpack_from("<Q", data, start.end())[0]
        while at < end:
            kind, _, header, size = struct.unpack_from("<HHIQ", data, at)
            if kind not in (1, 2) or header < 32:
                pytest.skip(f"fat binaries of another layout: kind {kind}, header of {header}")
            found[kind - 1].add(struct.unpack_from("<I", data, at + 28)[0])
            at += header + size
        assert at == end, "an entry reaches beyond its fat binary"
    return found


@pytest.fixture(scope="module")
def cuda_library(tmp_path_factory):
    """The library of all CUDA twins for all GPUs that this nvcc is given by default."""
    nvcc = os.environ.get("CUDACXX") or shutil.which("nvcc")
    if nvcc_version(nvcc) < (12, 8):
        pytest.skip("no nvcc of CUDA 12.8 or newer")
    target = tmp_path_factory.mktemp("cuda")
    plugins = {"POSETRACK_TRT": "ON", "TENSORRT_ROOT": str(STAND_IN)}
    done = build(target, POSETRACK_CUDA="ON", POSETRACK_WERROR="ON", **plugins)
    assert done.returncode == 0, log_of(done)[-8000:]
    return target / f"package/posetrack/kernels/libposetrack_cuda.so.{abi_version()}"


def test_nvcc_builds_every_twin_without_warnings(cuda_library):
    native = ctypes.CDLL(str(cuda_library))
    assert [kernel for kernel in CONTRACTS if not hasattr(native, f"{kernel}_cuda")] == []


def test_nvcc_builds_for_every_promised_gpu(cuda_library):
    assert architectures(cuda_library)[1] >= PROMISED


def test_plugins_find_the_twins_beside_them(cuda_library):
    native = ctypes.CDLL(str(cuda_library.with_name("libposetrack_trt.so")))
    assert hasattr(native, "getCreators")
    assert str(cuda_library) in Path("/proc/self/maps").read_text("utf-8")


def test_gpus_that_are_not_listed_get_code_to_compile(cuda_library):
    """Jetson's (sm_72, sm_87) and the GPUs of tomorrow, by PTX that is older than they are."""
    ptx, native = architectures(cuda_library)
    assert ptx == {min(native), 75, max(native)}


def test_libraries_can_be_linked_with_one_program(cuda_library):
    """No function has the same name in both, so neither answers for the other."""
    command = ["nm", "-D", "--defined-only", "--format=just-symbols"]
    both = [
        set(
            subprocess.run(
                [*command, path], capture_output=True, text=True, check=True
            ).stdout.split()
        )
        for path in (cuda_library, library("cpu").path)
    ]
    assert both[0] & both[1] == set()


# ---- older GPUs


def older_nvcc():
    """The nvcc of a CUDA 12 toolkit, or None."""
    home = os.environ.get("CUDA12_HOME")
    named = str(Path(home) / "bin" / "nvcc") if home else shutil.which("nvcc")
    return named if nvcc_version(named)[0] == 12 else None


@lru_cache(maxsize=1)
def nvrtc():
    """NVRTC 12 of pip's package, or None."""
    if find_spec("nvidia") is None or find_spec("nvidia.cuda_nvrtc") is None:
        return None
    for folder in find_spec("nvidia.cuda_nvrtc").submodule_search_locations:
        path = Path(folder) / "lib" / "libnvrtc.so.12"
        if path.exists():
            return ctypes.CDLL(str(path))
    return None


def instances(source):
    """Every instance of a source's kernel templates, over both element types."""
    names = []
    for parameters, name in re.findall(
        r"template\s*<([^>]*)>\s*__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)",
        source.read_text(encoding="utf-8"),
    ):
        kinds = [parameter.split()[0] for parameter in parameters.split(",")]
        assert set(kinds) == {"typename"}, f"{name}: say here which {parameters} there are"
        for types in product(("float", "posetrack::Half"), repeat=len(kinds)):
            names.append(f"posetrack::{name}<{', '.join(types)}>".encode())
    return names


def compile_by_nvrtc(source, architecture):
    """The machine code of a source; fails with the compiler's log."""
    library, program = nvrtc(), ctypes.c_void_p()
    text, name = source.read_bytes(), str(source).encode()
    created = library.nvrtcCreateProgram(ctypes.byref(program), text, name, 0, None, None)
    assert created == 0
    for instance in instances(source):
        assert library.nvrtcAddNameExpression(program, instance) == 0
    options = [f"--gpu-architecture=sm_{architecture}", "-std=c++17", "--fmad=false"]
    options.append(f"-I{source.parent}")
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = library.nvrtcCompileProgram(program, len(options), given)
    assert status == 0, text_of("ProgramLog", program)[-8000:].decode()
    code = text_of("CUBIN", program)
    assert library.nvrtcDestroyProgram(ctypes.byref(program)) == 0
    return code


def text_of(what, program):
    """What NVRTC has to say of a program: its log, its machine code."""
    size = ctypes.c_size_t()
    assert getattr(nvrtc(), f"nvrtcGet{what}Size")(program, ctypes.byref(size)) == 0
    buffer = ctypes.create_string_buffer(size.value)
    assert getattr(nvrtc(), f"nvrtcGet{what}")(program, buffer) == 0
    return buffer.raw


@pytest.mark.parametrize("architecture", OLDER)
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_cuda_12_compiles_for_older_gpus(source, architecture, tmp_path):
    nvcc = older_nvcc()
    if nvcc is None and nvrtc() is None:
        pytest.skip("neither a CUDA 12 toolkit (CUDA12_HOME) nor pip's nvidia-cuda-nvrtc-cu12")
    if nvcc is None:
        code = compile_by_nvrtc(source, architecture)
        assert code[:4] == b"\x7fELF"
        return
    flags = ["-std=c++17", "-O3", "--fmad=false", "-Xcompiler=-Wall,-Wextra,-Werror,-fPIC"]
    target = f"-gencode=arch=compute_{architecture},code=sm_{architecture}"
    command = [nvcc, *flags, target, "-c", str(source), "-o", str(tmp_path / "object.o")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-8000:]
