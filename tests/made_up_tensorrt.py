"""A machine with a GPU and TensorRT, both made up; see `made_up/tensorrt`.

Modules that import them are imported anew for every test, so that each sees its own version.
"""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("made_up")
VERSIONS = ("8.6.1", "10.0.1", "10.4.0", "10.16.0", "11.4.0")
_THEIRS = ("tensorrt", "cuda", "pycuda", "posetrack.engine.tensorrt", "posetrack.exporters.plan")


def _forget():
    for name in [n for n in sys.modules if n.startswith(_THEIRS)]:
        del sys.modules[name]


@pytest.fixture
def tensorrt_machine(monkeypatch, tmp_path):
    """Call it with a version and facts of the machine: the made-up module `tensorrt`."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("POSETRACK_CACHE", str(tmp_path / "cache"))

    def start(version="10.16.0", *, plugins=True, **facts):
        _forget()
        monkeypatch.setenv("MADE_UP_TENSORRT", version)
        for name, value in facts.items():
            monkeypatch.setenv(f"MADE_UP_{name.upper()}", str(value))
        module = importlib.import_module("tensorrt")
        buffers = importlib.import_module("posetrack.engine.tensorrt.buffers")
        # torch may be imported here, and sees no GPU
        monkeypatch.setattr(buffers, "_LIBRARIES", _without_torch(buffers._LIBRARIES))
        if plugins:
            library = tmp_path / "libposetrack_trt.so"
            library.touch()
            loader = importlib.import_module("posetrack.engine.tensorrt.plugins")
            monkeypatch.setattr(loader, "native_plugins", lambda _: library)
            monkeypatch.setattr(loader, "path_of", lambda _: library)
        return module

    yield start
    _forget()


def _without_torch(libraries):
    return {name: one for name, one in libraries.items() if name != "torch"}
