"""Model descriptions of version 1, brought to version 2.

Version 1 did not say what kind a head is, kept the flip test in two fields that only together had
a meaning, and gave every family MoveNet's person scores.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .person_scores import MOVENET_MULTIPOSE

_KINDS = {
    "heatmap": "heatmap",
    "heatmap_2x": "heatmap",
    "offset": "vector",
    "local_offset": "vector",
    "box_offset": "vector",
    "box_size": "size",
    "embedding": "feature",
    "coordinates": "coordinates",
    "volume": "volume",
    "boxes": "detection",
    "box_scores": "detection",
    "count": "detection",
    "rois": "detection",
}
_OPTIONS = {"published_spread": "released_spread", "absorb_distance": "snap_distance"}
_HRNET_SIZING = "released-affine"
_MIN_SCORE = 0.05  # what version 1 meant where it said nothing


def upgraded(values: dict[str, Any]) -> dict[str, Any]:
    """The fields of version 2 for those of version 1, without `version`.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: a field is missing or of another type, or
            a head has a name that version 1 did not know.
    """
    old = dict(values)
    flip = _flip(old)
    sizing = dict(old.pop("sizing"))
    of_hrnet = sizing.get("convention") == _HRNET_SIZING
    if of_hrnet:
        sizing["convention"] = "hrnet-affine"
    return {
        **old,
        **flip,
        "sizing": sizing,
        "pixel_range": "unit" if of_hrnet else "byte",
        "heads": [_head(head) for head in old["heads"]],
        "decoder": _decoder(old["decoder"]),
        **_scores(old),
    }


def _head(head: dict[str, Any]) -> dict[str, Any]:
    if head["name"] not in _KINDS:
        raise ValueError(f"no head of version 1 is called {head['name']!r}")
    return {**head, "kind": _KINDS[head["name"]]}


def _flip(old: dict[str, Any]) -> dict[str, Any]:
    """The flip fields; takes those of version 1 out of `old`."""
    done = old.pop("flip_baked", False)
    shift, fill = old.pop("mirror_shift", None), old.pop("mirror_fill", "zero")
    if shift is not None:
        return {"flip": "done" if done else "inside", "flip_shift": shift, "flip_fill": fill}
    if old["family"] == "simple-baseline":  # whose maps were moved by one cell all the same
        return {"flip": "around", "flip_shift": old["heads"][0]["stride"], "flip_fill": "keep"}
    if any(_KINDS.get(head["name"]) == "detection" for head in old["heads"]):
        return {"flip": "never"}
    return {"flip": "done" if done else "around"}


def _decoder(decoder: dict[str, Any]) -> dict[str, Any]:
    options = {_OPTIONS.get(key, key): value for key, value in decoder["options"].items()}
    if options.get("rule") == "published":
        options["rule"] = "released"
    return {**decoder, "options": options}


def _scores(old: dict[str, Any]) -> dict[str, Any]:
    """Which poses are kept and which scores speak of a person."""
    if old["family"] != "movenet":
        return {"min_score": 0.0, "person": None}
    renamed = {"evidence": "mean_keypoint_score"}
    said = {renamed.get(key, key): value for key, value in (old.get("person") or {}).items()}
    return {
        "min_score": old.get("min_score", _MIN_SCORE),
        "person": {**asdict(MOVENET_MULTIPOSE), **said},
    }
