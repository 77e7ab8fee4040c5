"""Tables in the documents come from committed results."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


TABLED = ["README.md", "docs/kernels.md", "docs/models/movenet-multipose.md"]


@pytest.mark.parametrize("name", TABLED)
def test_no_table_is_empty(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    tables = re.findall(r"<!-- (.+?) table -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert tables
    assert all(body.count("\n|") >= 3 for _, body in tables)
