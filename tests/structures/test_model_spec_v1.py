"""Model descriptions of version 1 say in version 2 what they always meant."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from posetrack.structures import ModelSpec, PersonScores
from posetrack.structures.person_scores import MOVENET_MULTIPOSE

FIRST = Path(__file__).parents[1] / "data" / "model_spec_v1.json"
HEATMAP = {"name": "heatmap", "channels": 18, "stride": 4, "activation": "none", "sign": 1}
BOXES = {"name": "boxes", "channels": 4, "stride": 1, "activation": "none", "sign": 1}
OFFSET = {"name": "offset", "channels": 34, "stride": 4, "activation": "none", "sign": -1}


def shipped():
    """The description inside the first model that shipped."""
    return json.loads(FIRST.read_text("utf-8"))


def of_hrnet(**changes):
    """A description as version 1 wrote it for the published networks."""
    values = shipped()
    values["sizing"] |= {"convention": "released-affine", "multiple_of": 64, "crop": None}
    values |= {"family": "dekr", "heads": [HEATMAP, OFFSET], "decoder": {"name": "dekr"}}
    values["decoder"]["options"] = {"absorb_distance": 50.0}
    values |= {"mirror_shift": 3, "mirror_fill": "keep", "flip_baked": False}
    return values | changes


def read(values):
    return ModelSpec.from_json(json.dumps(values))


def test_shipped_model_is_read_with_everything_it_left_unsaid():
    assert shipped()["version"] == 1
    spec = read(shipped())
    kinds = [head.kind for head in spec.heads]
    assert kinds == ["heatmap", "vector", "vector", "size", "vector"]
    assert (spec.flip, spec.flip_shift, spec.pixel_range) == ("around", 0, "byte")
    assert (spec.min_score, spec.person) == (0.06, MOVENET_MULTIPOSE)


def test_movenet_keeps_scores_of_its_own():
    own = {"keypoint": 0.1, "track": 0.2, "clear": 0.3, "evidence": 0.4, "moving": 0.5}
    assert read(shipped() | {"person": own}).person == PersonScores(0.1, 0.2, 0.3, 0.4, 0.5)
    some = read(shipped() | {"person": {"evidence": 0.4}}).person
    assert some == replace(MOVENET_MULTIPOSE, mean_keypoint_score=0.4)


def test_movenet_that_says_no_score_keeps_the_one_that_version_1_meant():
    values = shipped()
    del values["min_score"]
    assert read(values).min_score == 0.05


def test_no_other_family_inherits_the_scores_of_movenet():
    own = asdict(MOVENET_MULTIPOSE)
    own["evidence"] = own.pop("mean_keypoint_score")
    spec = read(of_hrnet(person=own, min_score=0.05))
    assert (spec.person, spec.min_score) == (None, 0.0)


def test_sizing_of_hrnet_is_called_hrnet_affine_and_brings_pixels_to_0_1():
    spec = read(of_hrnet())
    assert (spec.sizing.convention, spec.pixel_range) == ("hrnet-affine", "unit")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"mirror_shift": 3, "flip_baked": False}, ("inside", 3, "keep")),
        ({"mirror_shift": 0, "flip_baked": True}, ("done", 0, "keep")),
        ({"mirror_shift": None, "flip_baked": False}, ("around", 0, "zero")),
        ({"mirror_shift": None, "flip_baked": True}, ("done", 0, "zero")),
        ({"mirror_shift": None, "family": "simple-baseline"}, ("around", 4, "keep")),
        ({"mirror_shift": None, "heads": [BOXES]}, ("never", 0, "zero")),
    ],
)
def test_flip_fields_become_one_word_with_shift_and_fill(old, new):
    spec = read(of_hrnet(**old))
    assert (spec.flip, spec.flip_shift, spec.flip_fill) == new


def test_options_take_their_new_names():
    assert read(of_hrnet()).decoder.options == {"snap_distance": 50.0}
    old = {"name": "movenet", "options": {"rule": "published", "published_spread": 0.5}}
    options = read(shipped() | {"decoder": old}).decoder.options
    assert options == {"rule": "released", "released_spread": 0.5}


def test_head_that_version_1_did_not_know_is_named():
    with pytest.raises(ValueError, match="does not fit: no head of version 1 is called 'colour'"):
        read(of_hrnet(heads=[HEATMAP | {"name": "colour"}]))
