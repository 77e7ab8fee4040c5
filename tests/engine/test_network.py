"""A session with its spec: flip tests that fit, batches, times, companions beside a file."""

import re
from dataclasses import replace

import numpy as np
import pytest
from posetrack.engine.network import STAGES, Network, opened_model, spec_of
from posetrack.structures import ModelFileError, SessionOptions
from posetrack.structures.model_spec import companion_path

from .hand_made import FakeSession

IMAGES = np.zeros((1, 256, 256, 3), np.uint8)


def seconds():
    return dict.fromkeys(STAGES, 0.0)


def test_with_a_flip_test_the_network_sees_the_images_and_their_flipped_images(spec):
    session = FakeSession({256: []})
    images = np.random.default_rng(0).integers(0, 256, IMAGES.shape, np.uint8)
    heads = Network(session, spec, flip_test=True)(images, seconds())
    (seen,) = session.images
    np.testing.assert_array_equal(seen, np.concatenate((images, images[:, :, ::-1])))
    assert {len(head) for head in heads.values()} == {1}


def test_flip_test_that_is_in_the_file_is_not_made_again(spec):
    session = FakeSession({256: []})
    Network(session, replace(spec, flip="done"), flip_test=True)(IMAGES, seconds())
    assert [len(images) for images in session.images] == [1]


@pytest.mark.parametrize(
    ("flip", "message"),
    [
        ("inside", "belongs inside its file: export it with `posetrack export --flip-test`"),
        ("never", "has no flip test: leave flip_test out"),
    ],
)
def test_flip_test_that_the_model_does_not_have_is_refused(spec, flip, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Network(FakeSession({}), replace(spec, flip=flip), flip_test=True)


@pytest.mark.parametrize(
    ("shift", "fill", "fits"),
    [(0, "zero", True), (4, "keep", True), (4, "zero", False), (3, "keep", False)],
)
def test_maps_are_moved_by_whole_cells_and_keep_their_border(spec, shift, fill, fits):
    spec = replace(spec, flip_shift=shift, flip_fill=fill)
    Network(FakeSession({}), spec, flip_test=False)
    if fits:
        Network(FakeSession({}), spec, flip_test=True)
        return
    with pytest.raises(ModelFileError, match=f"its spec says {shift} px and '{fill}'"):
        Network(FakeSession({}), spec, flip_test=True)


def test_times_are_added_up(spec):
    network, spent = Network(FakeSession({256: []}), spec, flip_test=True), seconds()
    network(IMAGES, spent)
    once = dict(spent)
    network(IMAGES, spent)
    assert all(spent[stage] > once[stage] > 0 for stage in STAGES)


def test_companion_lies_beside_its_model(tmp_path):
    path = companion_path(tmp_path / "a.b.onnx", "score")
    assert path == tmp_path / "a.b.score.onnx"


def test_everything_is_closed_if_the_engine_cannot_be_made(spec, tmp_path, monkeypatch):
    opened = []

    def open_file(path, options):
        opened.append(FakeSession({}, spec.to_json()))
        return opened[-1]

    monkeypatch.setattr("posetrack.engine.network.open_session", open_file)
    for name in ("a.onnx", "a.score.onnx"):
        (tmp_path / name).touch()
    with pytest.raises(ZeroDivisionError), opened_model(tmp_path / "a.onnx", SessionOptions()):
        raise ZeroDivisionError
    assert [session.closed for session in opened] == [True, True]
    with opened_model(tmp_path / "a.onnx", SessionOptions()) as (session, companions):
        assert (session, companions) == (opened[2], {"score": opened[3]})
    assert not opened[2].closed


def test_spec_that_cannot_be_read_is_a_bad_model_file():
    with pytest.raises(ModelFileError, match="the model description is not readable"):
        spec_of(FakeSession({}, "{"))
