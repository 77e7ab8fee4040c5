"""The README's example is run as it stands."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def example():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"<!-- readme-example -->\n```python\n(.*?)```", text, re.DOTALL).group(1)


def test_example_has_at_most_fifteen_lines():
    assert len(example().strip().splitlines()) <= 15


def test_example_prints_ids_and_places(tmp_path):
    script = tmp_path / "example.py"
    script.write_text(example(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) > 50
    assert {re.search(r"person (\d+)", line).group(1) for line in lines} >= {"1", "2"}
    assert done.stderr == ""


def test_two_commands_are_named():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
