"""Tables in the documents come from committed results."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["rules.md", "evaluation.md"])
def test_rules_name_tests_that_there_are(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    files = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tests = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    named = re.findall(r"`(test_\w+)`", text)
    assert len(named) > 8
    assert set(named) - tests == set()


TABLED = ["README.md", "docs/kernels.md", "docs/models/movenet-multipose.md"]


@pytest.mark.parametrize("name", TABLED)
def test_no_table_is_empty(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    tables = re.findall(r"<!-- (.+?) table -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert tables
    assert all(body.count("\n|") >= 3 for _, body in tables)
