"""Tables on terminals of any width, and names of any kind."""

import io
import re

from posetrack.apps.evaluating.output import print_table, shown

COLUMNS = ["", *(f"score_{i}" for i in range(12))]
VALUES = [i / 8 for i in range(12)]


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self):
        return True


def printed_on_terminal(monkeypatch, columns, rows):
    """The cells of a table as a terminal of 60 columns gets it, and its width."""
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        print_table("Scores", columns, rows)
    text = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    return rows_of(text), max(map(len, text.splitlines()))


def rows_of(text):
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if "│" in line
    ]


def test_a_row_too_wide_for_the_terminal_stands_as_a_column(monkeypatch):
    rows, width = printed_on_terminal(monkeypatch, COLUMNS, [("total", VALUES)])
    assert width <= 60
    assert rows == [[f"score_{i}", shown(i / 8)] for i in range(12)]


def test_several_rows_are_never_cut(monkeypatch):
    long = "a name that is long " * 9
    rows, _ = printed_on_terminal(monkeypatch, COLUMNS, [("one", VALUES), (long, VALUES)])
    assert rows == [[name, *map(shown, VALUES)] for name in ("one", long.strip())]


def test_names_are_shown_as_they_are(capsys):
    print_table("Scores", ["", "AP"], [("a[b].mp4", [0.5]), ("c[/d]", [0.5]), ("e\x1b[2J", [0.5])])
    assert [row[0] for row in rows_of(capsys.readouterr().out)] == [
        "a[b].mp4",
        "c[/d]",
        "e\\x1b[2J",
    ]
