"""Tables in the documents come from committed results, or from the code."""

import re
from pathlib import Path

import pytest
from posetrack.exporters.operators_table import operators_table

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["rules.md", "evaluation.md"])
def test_rules_name_tests_that_there_are(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    files = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tests = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    named = re.findall(r"`(test_\w+)`", text)
    assert len(named) > 8
    assert set(named) - tests == set()


def test_every_operator_is_in_the_table_as_it_is():
    text = (ROOT / "docs" / "onnx.md").read_text(encoding="utf-8")
    assert f"operators_table -->\n{operators_table()}<!-- end -->" in text


TABLED = [
    "README.md",
    "docs/kernels.md",
    "docs/onnx.md",
    "docs/tracking.md",
    "docs/models/movenet-multipose.md",
]


@pytest.mark.parametrize("name", TABLED)
def test_no_table_is_empty(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    tables = re.findall(r"<!-- (.+?) table -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert tables
    assert all(body.count("\n|") >= 3 for _, body in tables)
