"""The C headers, the library and the sources must tell one story."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from posetrack.kernels.contract import CONTRACTS, HOST
from posetrack.kernels.library import library

FOLDER = Path(__file__).parents[2] / "kernels"
HEADER = FOLDER / "include" / "posetrack_kernels.h"
PARTS = sorted((FOLDER / "include" / "posetrack").glob("*.h"))
FOLDERS = ("cpu", "cuda", "host", "shared", "tracks")
OWN_HEADERS = sorted(path for path in FOLDER.glob("*/*.*h") if path.parent.name in FOLDERS)
# what several kernels share
COMMON = {"check", "enlarged_heatmap", "map_sampling", "portable", "rough_similarity", "scratch"}
FORMULAS = sorted(path.stem for path in (FOLDER / "shared").glob("*.h") if path.stem not in COMMON)

CUDA_SOURCES = sorted((FOLDER / "cuda").glob("*.cu*"))


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def test_every_declaration_is_read():
    text = without_comments("".join(part.read_text() for part in PARTS if part.stem != "base"))
    twins = re.findall(r"PT_TWINS\(\s*(\w+)", text)
    assert sorted(CONTRACTS) == sorted(twins)
    assert len(twins) == text.count("PT_TWINS")
    assert text.count("PT_SCRATCH") == sum(c.scratch is not None for c in CONTRACTS.values())
    host = re.findall(r"PT_HOST\(\s*(\w+)", text)
    assert sorted(HOST) == sorted(host)
    assert text.count("PT_HOST_SCRATCH") == sum(c.scratch is not None for c in HOST.values())
    assert "PT_API" not in text, "what base.h does not declare is no twin"


@pytest.mark.parametrize("kernel", CONTRACTS)
def test_scratch_is_sized_by_arguments_of_its_kernel(kernel):
    contract = CONTRACTS[kernel]
    assert set(contract.scratch or ()) <= set(contract.arguments)
    assert (contract.scratch is None) == ("scratch" not in contract.by_name)


def test_the_header_includes_every_part():
    assert set(re.findall(r'#include "posetrack/(\w+).h"', HEADER.read_text())) == {
        part.stem for part in PARTS
    }


@pytest.mark.parametrize("header", OWN_HEADERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_include_guard_is_the_name_of_its_file(header):
    guard = f"POSETRACK_{header.parent.name}_{header.stem}_{header.suffix[1:]}".upper()
    assert f"#ifndef {guard}\n#define {guard}\n" in header.read_text()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_include_guard_of_a_part_is_its_name(part):
    guard = f"POSETRACK_{part.stem}_H".upper()
    assert f"#ifndef {guard}\n#define {guard}\n" in part.read_text()


def test_library_has_every_function():
    native = library("cpu")._native
    scratch = [f"{name}_scratch_bytes" for name, c in {**CONTRACTS, **HOST}.items() if c.scratch]
    for name in [*CONTRACTS, *HOST, *scratch]:
        assert getattr(native, f"{name}_cpu")


@pytest.mark.parametrize(("compiler", "standard"), [("cc", "c99"), ("cc", "c11"), ("c++", "c++17")])
def test_header_compiles(compiler, standard, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} on this machine")
    source = tmp_path / ("use.cpp" if compiler == "c++" else "use.c")
    source.write_text('#include "posetrack_kernels.h"\nint main(void) { return PT_OK; }\n')
    flags = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-pedantic", f"-std={standard}"]
    command = [compiler, *flags, "-I", str(HEADER.parent), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_formula_has_its_twins():
    assert sorted(path.stem for path in (FOLDER / "cpu").glob("*.cpp")) == FORMULAS
    assert sorted(path.stem for path in (FOLDER / "cuda").glob("*.cu")) == FORMULAS


def test_every_function_of_the_host_has_its_file():
    sources = {f"pt_{path.stem}" for path in (FOLDER / "tracks").glob("*.cpp")}
    assert sources == set(HOST)


@pytest.mark.parametrize("name", FORMULAS)
def test_both_twins_include_the_same_formulas(name):
    twins = (FOLDER / "cpu" / f"{name}.cpp", FOLDER / "cuda" / f"{name}.cu")
    formulas = [set(re.findall(r'#include "../shared/(\w+).h"', t.read_text())) for t in twins]
    assert formulas[0] == formulas[1]
    assert name in formulas[0]


@pytest.mark.parametrize("source", CUDA_SOURCES, ids=lambda path: path.name)
def test_a_cuda_source_holds_no_arithmetic_of_its_own(source):
    code = without_comments(source.read_text())
    numbers = re.findall(r"\b\d+\.\d*(?:[eE][-+]?\d+)?f?|\b\d+[eE][-+]?\d+f?", code)
    functions = (
        r"exp\w*|log\w*|sqrt\w*|pow\w*|floor\w*|ceil\w*|round\w*|fma\w*|fabs\w*|sin\w*|cos\w*"
    )
    calls = re.findall(rf"\b(?:{functions})\s*\(", code)
    assert not numbers + calls, "formulas belong into kernels/shared"


def test_formulas_can_be_used_side_by_side(tmp_path):
    """No two define the same name differently: a linker would take either for both."""
    if shutil.which("c++") is None:
        pytest.skip("no c++ on this machine")
    source = tmp_path / "all.cpp"
    paths = sorted((FOLDER / "shared").glob("*.h"))
    source.write_text("".join(f'#include "{path}"\n' for path in paths))
    command = ["c++", "-fsyntax-only", "-std=c++17", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
