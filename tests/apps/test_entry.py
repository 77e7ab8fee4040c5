"""The start and the end of the commands: a signal is one line and an exit code at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
# Sends a signal when a module is asked for.
AT_IMPORT = """
import os, sys
module, number = sys.argv[1], int(sys.argv[2])
del sys.argv[1:3]
class Kill:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Kill)
from posetrack.apps import entry
entry.main_run()
"""
# Sends a signal when everything is done.
AT_THE_END = """
import os, sys
from posetrack.apps import entry, streams
lost_output, number = streams.lost_output, int(sys.argv.pop())
def end():
    os.kill(os.getpid(), number)
    return lost_output()
streams.lost_output = end
entry.main()
"""


def run(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("number", "code"), CODES)
def test_signal_during_the_imports_is_one_line(number, code):
    answer = run(AT_IMPORT, "numpy", int(number), "--version")
    assert answer == (code, "", "posetrack: interrupted\n")


@pytest.mark.parametrize("module", ["typer", "cv2", "posetrack.engine", "posetrack.apps.main"])
def test_signal_is_heard_from_the_first_import_on(module):
    answer = run(AT_IMPORT, module, int(signal.SIGINT), "--version")
    assert answer == (130, "", "posetrack: interrupted\n")


@pytest.mark.parametrize(("number", "code"), CODES)
def test_signal_behind_all_work_still_is_the_exit_code(number, code):
    answer = run(AT_THE_END, "models", "list", int(number))
    assert answer[0] == code
    assert answer[2] == "posetrack: interrupted\n"


def test_signal_while_the_model_loads_ends_the_run_and_lets_its_folder_go(clips, tmp_path):
    clip = clips / "store-aisle-detection.mp4"
    module = "posetrack.engine.sessions.onnxruntime"  # imported by the thread that loads
    answer = run(AT_IMPORT, module, int(signal.SIGTERM), clip, "-o", tmp_path / "runs")
    assert answer == (143, "", "posetrack: interrupted before the first frame\n")
    assert list(tmp_path.iterdir()) == []


def test_library_that_cannot_be_loaded_is_one_sentence():
    script = "import sys; sys.modules['numpy'] = None; from posetrack.apps import entry; "
    code, out, err = run(script + "entry.main()", "models", "list")
    assert (code, out) == (1, "")
    assert err.startswith("posetrack: ModuleNotFoundError: import of numpy halted")
    assert err.count("\n") == 1
