"""What people are told: printable lines, and sentences from errors."""

from __future__ import annotations

from posetrack.apps.sentences import printable, say, sentence


def test_line_is_one_line_that_a_terminal_can_show(capsys):
    say("two\nlines \x1b[31mred \udce9 日本 e\u0301")
    assert capsys.readouterr().err == "two\\x0alines \\x1b[31mred \\xe9 日本 e\u0301\n"
    assert printable("\x9b \ud800") == "\\x9b \\ud800"


def test_sentence_names_the_file_of_an_operating_system_error():
    error = FileNotFoundError(2, "No such file or directory", "clip.mp4")
    assert sentence(error, "runs") == "clip.mp4: No such file or directory"


def test_sentence_names_the_place_where_the_error_does_not():
    assert sentence(OSError(28, "No space left on device"), "runs/clip") == (
        "runs/clip: No space left on device"
    )
    assert sentence(OSError(28, "No space left on device")) == "No space left on device"


def test_sentence_of_a_fault_of_ours_asks_for_a_report():
    text = "runs/clip: AttributeError: no x: this is a fault of posetrack, please report it with"
    assert sentence(AttributeError("no x"), "runs/clip").startswith(text)
    assert sentence(MemoryError(), "runs/clip") == "runs/clip: there is not enough memory"


def test_sentence_of_other_errors_is_their_text():
    assert sentence(ValueError("size must ascend"), "runs") == "size must ascend"
    assert sentence(FileNotFoundError("there is no clip")) == "there is no clip"
