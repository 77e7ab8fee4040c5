"""The C header, the prototypes in Python, and the sources must tell one story."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from posetrack.kernels.library import PROTOTYPES, cpu_library

FOLDER = Path(__file__).parents[2] / "kernels"
HEADER = FOLDER / "include" / "posetrack_kernels.h"
LETTERS = {"int64_t": "l", "float": "f", "double": "d", "size_t": "z", "pt_status": "s"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def letter(argument):
    """The letter of `library._KINDS` for one argument such as `const float* map`."""
    if "*" in argument:
        return "p"
    return LETTERS[argument.split()[0]]


def declared():
    """{name: (result, arguments)} of every function in the header."""
    text = without_comments(HEADER.read_text())
    functions = re.findall(r"PT_API\s+(\w+)\s+(\w+)\s*\(([^)]*)\)\s*;", text)
    return {
        name: (LETTERS[result], "".join(letter(argument) for argument in arguments.split(",")))
        for result, name, arguments in functions
    }


def test_prototypes_are_those_of_the_header():
    functions = declared()
    assert len(functions) == without_comments(HEADER.read_text()).count("PT_API ") - 2, (
        "a declaration was not understood (the macro itself is defined twice)"
    )
    assert functions == PROTOTYPES


def test_library_has_every_function():
    library = cpu_library()
    for name in PROTOTYPES:
        assert getattr(library, name)


def test_every_pointer_says_its_shape():
    text = HEADER.read_text()
    pointers = re.findall(r"^    .*\*\s*\w+,(.*)$", text, re.MULTILINE)
    assert len(pointers) == sum(arguments.count("p") for _, arguments in PROTOTYPES.values())
    for comment in pointers:
        assert "/*" in comment


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


def test_every_twin_includes_the_formula_of_its_name():
    formulas = {path.stem for path in (FOLDER / "shared").glob("*.h")} - {"portable"}
    twins = {path.stem for path in (FOLDER / "cpu").glob("*.cpp")}
    assert formulas == twins
    for name in twins:
        assert f'#include "../shared/{name}.h"' in (FOLDER / "cpu" / f"{name}.cpp").read_text()
