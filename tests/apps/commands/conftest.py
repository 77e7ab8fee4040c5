"""Running the command here, or where libraries are not installed."""

import os
import subprocess
import sys

import pytest
from posetrack.apps.main import execute


@pytest.fixture
def posetrack(capsys):
    """Runs `posetrack`: exit code, stdout, stderr as one line."""

    def call(*arguments):
        code = execute([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, " ".join(captured.err.split())

    return call


@pytest.fixture
def posetrack_without(tmp_path):
    """Runs `posetrack` where some libraries are not installed: exit code, stdout, stderr."""

    def call(libraries, *arguments):
        code = (
            f"import sys; sys.modules.update(dict.fromkeys({libraries!r}))\n"
            "from posetrack.apps.entry import main; main()"
        )
        command = [sys.executable, "-c", code, *map(str, arguments)]
        environment = os.environ | {"POSETRACK_CACHE": str(tmp_path / "cache")}
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=100, check=False, env=environment
        )
        return answer.returncode, answer.stdout, answer.stderr

    return call
