"""Several sources at once, and on several GPUs: made-up engines that say who works."""

import json
import threading

import cv2
import numpy as np
import pytest
from factories import make_poses, make_spec
from posetrack.apps.run import batch
from posetrack.structures import BackendError


class Engine:
    """Finds nobody; waits in its first image until so many engines, or sources, are at work."""

    def __init__(self, choice, barrier, options):
        self.device = choice.session.device
        self.spec, self.options, self.sizes = make_spec(), options, (256,)
        self.session = self
        self.backend, self.precision = "made up", "fp32"
        self.closed, self.seen = False, []
        self._barrier = barrier

    def run_timed(self, image):
        self.seen.append(int(image[0, 0, 0]))
        if self._barrier is not None:
            self._barrier.wait(20)
        if image[0, 0, 0] == 200:
            raise BackendError("CUDA says: out of memory")
        return make_poses(0), {"network": 0.001}

    def close(self):
        self.closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@pytest.fixture
def pictures(tmp_path):
    """Four images; the number in a name is their grey."""

    def make(*greys):
        for grey in greys:
            cv2.imwrite(str(tmp_path / f"{grey}.png"), np.full((32, 48, 3), grey, np.uint8))
        return [tmp_path / f"{grey}.png" for grey in greys]

    return make


@pytest.fixture
def engines(monkeypatch):
    """The engines that a command loads; they wait for each other in pairs."""
    loaded = []

    def start(pairs=2):
        barrier = threading.Barrier(pairs) if pairs else None

        def load(choice, options):
            loaded.append(Engine(choice, barrier, options))
            return loaded[-1]

        monkeypatch.setattr(batch, "load_engine", load)
        monkeypatch.setattr(batch, "model_card", lambda *_: {"name": "made up"})
        return loaded

    return start


@pytest.fixture
def posetrack(capsys):
    from posetrack.apps.main import execute

    def call(*arguments):
        code = execute([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, " ".join(captured.err.split())

    return call


def test_each_gpu_works_on_sources_of_its_own(posetrack, engines, pictures, tmp_path):
    loaded = engines(2)
    run = ("run", *pictures(10, 20, 30, 40), "-o", tmp_path / "out")
    code, out, err = posetrack(*run, "--gpus", "0,1")
    assert code == 0
    assert [engine.device for engine in loaded] == ["cuda:0", "cuda:1"]
    assert "made up fp32 on cuda:0" in err
    assert "made up fp32 on cuda:1" in err
    # the barrier lets nobody on unless both are at work
    assert [len(engine.seen) for engine in loaded] == [2, 2]
    assert sorted(loaded[0].seen + loaded[1].seen) == [10, 20, 30, 40]
    assert sorted(out.split()) == [str(tmp_path / "out" / f"{g}") for g in (10, 20, 30, 40)]
    assert all(engine.closed for engine in loaded)


def test_sources_share_batches(posetrack, engines, pictures, tmp_path):
    loaded = engines(2)
    run = ("run", *pictures(10, 20, 30, 40), "-o", tmp_path / "out")
    code, _, _ = posetrack(*run, "--batch", "2")
    (engine,) = loaded
    assert code == 0
    assert sorted(engine.seen) == [10, 20, 30, 40]
    report = json.loads((tmp_path / "out" / "10" / "run.json").read_text())
    assert report["options"]["batch"] == 2


def test_one_that_fails_stops_no_other(posetrack, engines, pictures, tmp_path):
    engines(2)
    run = ("run", *pictures(10, 200, 30, 200, 40, 50), "-o", tmp_path / "out")
    code, out, err = posetrack(*run, "--gpus", "0,1", "--overwrite")
    assert code == 1
    assert "CUDA says: out of memory" in err
    assert "of 6 sources failed" in err
    assert len(out.split()) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpus", "a"), "must be numbers of GPUs such as 0,1, got 'a'"),
        (("--gpus", "0,0"), "must name each GPU once, got '0,0'"),
        (("--gpus", "0,"), "must be numbers of GPUs"),
        (("--gpus", "0", "--device", "cuda:1"), "says what --device cuda:1 says: leave out one"),
        (("--batch", "0"), "Input should be greater than or equal to 1"),
    ],
)
def test_gpus_that_cannot_be_meant_are_refused(posetrack, pictures, tmp_path, options, message):
    code, _, err = posetrack("run", *pictures(10), "-o", tmp_path / "out", *options)
    assert (code, message in err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_an_engine_that_cannot_be_had_ends_it_all(posetrack, pictures, tmp_path):
    code, _, err = posetrack("run", *pictures(10), "-o", tmp_path / "out", "--gpus", "0,1")
    assert code == 1
    assert "device cuda:0 was asked for" in err
