"""ModelSpec: through JSON and back, and one clear sentence for everything that does not fit."""

import json
import re
from dataclasses import asdict
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack.structures import (
    COCO_17,
    SKELETONS,
    DecoderSpec,
    HeadSpec,
    InputSizing,
    ModelSpec,
    PersonScores,
    Skeleton,
)
from posetrack.structures.model_spec import HeadKind

SPEC = ModelSpec(
    family="movenet",
    name="movenet-multipose",
    skeleton=COCO_17,
    sizing=InputSizing(size=384, border=(1, 2, 3)),
    mean=(127.5, 127.25, 127.0),
    std=(58.0, 57.0, 57.5),
    heads=(HeadSpec("heatmap", "heatmap", 18, 4, "sigmoid"), HeadSpec("offset", "vector", 34, 8)),
    cell_origin="corner",
    decoder=DecoderSpec("movenet", {"rule": "adaptive", "peak_radius": 3, "tolerance": 1e-6}),
    max_people=7,
    min_score=0.25,
    weights_sha256="ab" * 32,
    trained="on “COCO”",
)
TEXT = st.text(max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
SIZINGS = st.builds(
    InputSizing,
    size=st.integers(1, 2000),
    multiple_of=st.integers(1, 64),
    max_aspect=st.floats(1, 10),
    border=COLOURS,
    rule=st.sampled_from(["short-side", "crop"]),
    convention=st.sampled_from(["half-pixel", "hrnet-affine"]),
    crop=st.none() | st.tuples(st.integers(1, 512), st.integers(1, 512)),
)
HEADS = st.builds(
    HeadSpec,
    name=TEXT,
    kind=st.sampled_from(get_args(HeadKind)),
    channels=st.integers(1, 99),
    stride=st.integers(1, 32),
    activation=st.sampled_from(["none", "sigmoid"]),
)
OPTIONS = st.dictionaries(TEXT, FINITE | st.integers() | TEXT | st.booleans(), max_size=3)
SPECS = st.builds(
    ModelSpec,
    family=TEXT,
    name=TEXT,
    skeleton=st.sampled_from(list(SKELETONS.values())),
    sizing=SIZINGS,
    mean=st.tuples(FINITE, FINITE, FINITE),
    std=st.tuples(FINITE, FINITE, FINITE),
    heads=st.lists(HEADS, max_size=3).map(tuple),
    cell_origin=st.sampled_from(["half-pixel", "corner"]),
    decoder=st.builds(DecoderSpec, name=TEXT, options=OPTIONS),
    max_people=st.integers(1, 100),
    min_score=st.floats(0, 1),
    pixel_range=st.sampled_from(["byte", "unit"]),
    flip=st.sampled_from(["around", "inside", "done", "never"]),
    flip_shift=st.integers(0, 9),
    flip_fill=st.sampled_from(["zero", "keep"]),
    person=st.none() | st.builds(PersonScores, *[st.floats(0, 1)] * 5),
    precision=TEXT,
    weights_licence=TEXT,
    weights_sha256=TEXT,
    trained=TEXT,
)


def changed(*path, value=None, drop=False):
    """The JSON of SPEC with one value at `path` replaced, added or dropped."""
    values = json.loads(SPEC.to_json())
    place = values
    for key in path[:-1]:
        place = place[key]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(values)


@settings(deadline=None)
@given(spec=SPECS)
def test_spec_comes_back_from_json_as_it_was(spec):
    text = spec.to_json()
    assert "\n" not in text
    assert ModelSpec.from_json(text) == spec


def test_json_holds_the_version_and_every_field():
    values = json.loads(SPEC.to_json())
    assert values.pop("version") == 2
    assert values == json.loads(json.dumps(asdict(SPEC)))
    assert values["skeleton"]["keypoints"][0] == "nose"
    assert values["decoder"]["options"]["rule"] == "adaptive"


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_other_version_is_refused_with_what_to_do(version):
    message = (
        f"the model description has version {version}, this posetrack reads 1 and 2: "
        "export the model again"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        ModelSpec.from_json(changed("version", value=version))


@pytest.mark.parametrize("text", ["", "posetrack", "{", "[]", "null", "3", '"text"', "{}"])
def test_what_is_no_description_is_not_readable(text):
    with pytest.raises(ValueError, match=r"^the model description is not readable: "):
        ModelSpec.from_json(text)


@pytest.mark.parametrize(
    "path",
    [
        ("family",),
        ("skeleton",),
        ("heads",),
        ("cell_origin",),
        ("mean",),
        ("skeleton", "sigmas"),
        ("skeleton", "name"),
        ("sizing", "border"),
        ("decoder", "name"),
        ("heads", 0, "channels"),
    ],
)
def test_missing_field_is_named(path):
    with pytest.raises(ValueError, match=r"^the model description does not fit: ") as error:
        ModelSpec.from_json(changed(*path, drop=True))
    assert str(path[-1]) in str(error.value)


@pytest.mark.parametrize(
    "path",
    [
        ("colour",),
        ("skeleton", "colour"),
        ("sizing", "colour"),
        ("decoder", "colour"),
        ("heads", 1, "colour"),
    ],
)
def test_unknown_field_is_named(path):
    with pytest.raises(ValueError, match=r"^the model description does not fit: .*'colour'"):
        ModelSpec.from_json(changed(*path, value=1))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sizing",), [256, 32]),
        (("heads",), ["heatmap"]),
        (("heads",), 5),
        (("skeleton", "edges"), [[0, 1, 2]]),
        (("skeleton", "pairs"), [[0, 99]]),
        (("skeleton", "sigmas"), [0.1]),
        (("decoder",), "movenet"),
    ],
)
def test_field_of_another_form_does_not_fit(path, value):
    with pytest.raises(ValueError, match=r"^the model description does not fit: "):
        ModelSpec.from_json(changed(*path, value=value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("cell_origin",),
            "centre",
            "cell_origin of the model description must be 'half-pixel' or 'corner', got 'centre'",
        ),
        (
            ("heads", 1, "activation"),
            "softmax",
            "activation of offset of the model description must be 'none' or 'sigmoid', "
            "got 'softmax'",
        ),
        (
            ("sizing", "rule"),
            "fixed",
            "sizing.rule of the model description must be 'short-side' or 'crop' or 'inside', got "
            "'fixed'",
        ),
        (
            ("sizing", "convention"),
            "align-corners",
            "sizing.convention of the model description must be 'half-pixel' or "
            "'hrnet-affine', got 'align-corners'",
        ),
        (
            ("flip",),
            "twice",
            "flip of the model description must be 'around' or 'inside' or 'done' or 'never', "
            "got 'twice'",
        ),
        (
            ("heads", 1, "kind"),
            "map",
            "kind of offset of the model description must be 'heatmap' or 'vector' or 'size' or",
        ),
        (
            ("rules",),
            "mine",
            "rules of the model description must be 'released' or 'paper', got 'mine'",
        ),
    ],
)
def test_choice_that_would_be_run_as_another_is_refused(path, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ModelSpec.from_json(changed(*path, value=value))


def test_sizing_takes_the_models_size_unless_told_otherwise():
    sizing = InputSizing(size=384, multiple_of=32)
    assert sizing.transform((100, 100)).input_size == (384, 384)
    assert sizing.transform((100, 100), 256).input_size == (256, 256)
    assert sizing.transform((10, 1000)).input_size == (384, 1536)


def test_size_zero_is_not_taken_for_no_size():
    with pytest.raises(ValueError, match="size must be a positive number of pixels, got 0"):
        SPEC.sizing.transform((100, 100), 0)


def test_heads_count_cells_of_four_pixels_without_activation_by_default():
    head = HeadSpec("offset", "vector", 34)
    assert head == HeadSpec("offset", "vector", 34, stride=4, activation="none")


def test_head_is_found_by_its_name():
    assert SPEC.head("offset") is SPEC.heads[1]
    with pytest.raises(ValueError, match="has no head 'embedding', only heatmap, offset"):
        SPEC.head("embedding")


@pytest.mark.parametrize(
    ("kind", "channels", "order"),
    [
        ("heatmap", 5, [0, 2, 1, 3, 4]),  # two further maps, such as the center
        ("vector", 6, [0, 1, 4, 5, 2, 3]),
        ("vector", 2, [0, 1]),  # of a box
        ("coordinates", 9, [0, 1, 2, 6, 7, 8, 3, 4, 5]),
        ("volume", 6, [0, 1, 4, 5, 2, 3]),
        ("size", 2, [0, 1]),
        ("feature", 6, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_flip_exchanges_the_channels_of_left_and_right_keypoints(kind, channels, order):
    skeleton = Skeleton("three", ("nose", "left_hip", "right_hip"), (), ((1, 2),), (1.0,) * 3)
    assert HeadSpec("head", kind, channels).flip_order(skeleton).tolist() == order
