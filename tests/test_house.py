"""The house rules that a machine can check: who may import whom, sizes, no printing."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Folders on one line never import each other; each may import those on the lines below.
LAYERS = (
    ("apps",),
    ("training", "exporters"),
    ("engine", "trackers", "evaluation", "formats", "models", "synthetic"),
    ("kernels",),
    ("structures",),
)
LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}
# Library -> the only folders, or files, that may import it.
ONLY_IN = {
    "torch": {"models", "training", "exporters", "engine/tensorrt/with_torch.py"},
    "safetensors": {"models", "training", "exporters"},
    "onnx": {"exporters", "engine"},
    "onnxslim": {"exporters"},
    "av": {"apps"},
    "typer": {"apps"},
    "rich": {"apps"},
    "onnxruntime": {"engine", "exporters/precision/emulation.py"},
    "openvino": {"engine"},
    "tensorrt": {"engine"},
    "cuda": {"engine"},
    "pycuda": {"engine"},
    "faster_coco_eval": {"evaluation"},
    "scipy": {"kernels", "evaluation", "formats", "synthetic"},
    "cv2": {"apps", "engine", "trackers", "training", "synthetic"},
}
MAX_LINES = {"package": 400, "tests": 500, "native": 500}
MAX_FUNCTION_LINES = 60
PACKAGE = sorted(p for folder in LEVEL for p in (ROOT / folder).rglob("*.py"))
NATIVE = [
    path
    for suffix in ("*.h", "*.cpp", "*.cu", "*.cuh")
    for path in sorted((ROOT / "kernels").rglob(suffix))
]
PRINTERS = {"apps", "benchmarks"}
VAGUE_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def folder_of(path):
    return path.relative_to(ROOT).parts[0]


def name_of(path):
    return str(path.relative_to(ROOT))


def imports(path):
    """(folder or None, library or None) of every import in a file of the package."""
    depth = len(path.relative_to(ROOT).parts) - 1
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((None, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield None, node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == depth + 1:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((name.split(".")[0], None) for name in names)


@pytest.mark.parametrize("path", PACKAGE, ids=name_of)
def test_imports_only_go_down(path):
    here = folder_of(path)
    for folder, _ in imports(path):
        if folder is not None and folder != here:
            assert LEVEL[folder] > LEVEL[here], f"{here} must not import {folder}"


@pytest.mark.parametrize("path", PACKAGE, ids=name_of)
def test_libraries_stay_in_their_folders(path):
    for _, library in imports(path):
        assert library != "posetrack", "inside the package imports are relative"
        assert library not in LEVEL, f"`import {library}` finds a folder, not the package"
        if library in ONLY_IN:
            places = {folder_of(path), name_of(path)}
            assert places & ONLY_IN[library], f"{library} is not for {name_of(path)}"


def test_kernels_need_scipy_only_to_say_what_is_right():
    users = {
        path.parent.name
        for path in (ROOT / "kernels").rglob("*.py")
        if "scipy" in {library for _, library in imports(path)}
    }
    assert users <= {"reference"}


def test_structures_need_numpy_alone():
    known = {"numpy", *sys.stdlib_module_names}
    for path in (ROOT / "structures").glob("*.py"):
        libraries = {library for _, library in imports(path) if library}
        assert libraries <= known, f"{name_of(path)} imports {libraries - known}"


@pytest.mark.parametrize("path", PACKAGE, ids=name_of)
def test_only_apps_print(path):
    if folder_of(path) in PRINTERS:
        return
    calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
    assert not any(isinstance(c.func, ast.Name) and c.func.id == "print" for c in calls)


def test_files_are_short():
    groups = {
        "package": PACKAGE + sorted((ROOT / "benchmarks").glob("*.py")),
        "tests": sorted((ROOT / "tests").rglob("*.py")),
        "native": NATIVE,
    }
    for group, paths in groups.items():
        assert paths, group
        for path in paths:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= MAX_LINES[group], f"{name_of(path)} has {lines} lines"


def code_lines(function):
    """Lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return lines - (first.end_lineno - first.lineno + 1 if documented else 0)


def test_functions_are_short():
    lengths = {
        f"{name_of(path)}:{node.name}": code_lines(node)
        for path in PACKAGE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}
    assert sum(n < 40 for n in lengths.values()) >= 0.9 * len(lengths)


NOT_CODE = re.compile(
    r"""/\*.*?\*/ | //[^\n]*  # comments
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'  # strings and characters
    | ^[ \t]*\#(?:\\\n|[^\n])*  # preprocessor lines, also those of several lines""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def native_functions(text):
    """First line and number of lines of every function body in C++ or CUDA, both braces counted.

    What it understands: a body is a block outside other bodies before whose brace a parenthesis
    closes, with only words such as `const` between. So it counts functions, methods and
    constructors, also in namespaces and structs, a lambda as part of the function around it, and
    macros not at all. It takes every branch of an #if for code, so each must close its own braces.
    """
    code = NOT_CODE.sub(lambda found: "\n" * found.group().count("\n"), text)
    blocks, end_of_last = [], 0
    for mark in re.finditer(r"[{};]", code):
        if mark.group() == "{":
            before = code[end_of_last : mark.start()]
            starts = not any(is_body for is_body, _ in blocks)
            blocks.append((starts and bool(re.search(r"\)[\w\s]*$", before)), mark.start()))
        elif mark.group() == "}":
            is_body, start = blocks.pop()
            if is_body:
                yield code.count("\n", 0, start) + 1, code.count("\n", start, mark.end()) + 1
        end_of_last = mark.end()
    assert not blocks, "a brace is not closed"


def test_native_functions_are_found():
    text = """#define MACRO(x) \\
    if (x) {          \\
    }
namespace a {  // {
struct Pair {
    int sum() const {
        return 1; /* } */
    }
    int values[2] = {1, 2};
};
template <typename T>
void outer(
    T value) {
    const auto inner = [&](int i) {
        if (i) value("}");
    };
}
}
"""
    assert list(native_functions(text)) == [(6, 3), (13, 5)]


def test_native_functions_are_short():
    lengths = {
        f"{name_of(path)}:{line}": lines
        for path in NATIVE
        for line, lines in native_functions(path.read_text(encoding="utf-8"))
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}
    assert sum(n < 40 for n in lengths.values()) >= 0.9 * len(lengths)


def test_files_are_named_for_their_subject():
    assert [name_of(path) for path in PACKAGE if path.name in VAGUE_NAMES] == []


def test_no_folder_shadows_the_package():
    assert not (ROOT / "posetrack").exists()
    assert not (ROOT / "tests" / "__init__.py").exists()


def test_every_folder_of_the_package_is_mapped():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for folder in LEVEL:
        if (ROOT / folder).is_dir():
            assert f'"posetrack/{folder}" = "{folder}"' in text, folder
