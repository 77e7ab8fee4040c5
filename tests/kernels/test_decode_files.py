"""The twins on the maps that the authors' decoding code was run on."""

import numpy as np
import parity
import pytest
from posetrack.kernels import GlobalWindow, reference

from .case import Case
from .logocap_cases import gaussian
from .places import PLACES, run
from .refinement_cases import CASES as REFINEMENT
from .test_twins import test_twin_agrees_with_the_reference as check_twin

SIZE = (448, 512)  # of the input that the maps of 112 x 128 cells stand for
STRIDE = 4
PLACED = [pytest.param(place, marks=marks, id=place) for place, marks in PLACES.items()]
pytestmark = pytest.mark.data


@pytest.fixture(params=["n1", "n5"])
def maps(request, shared):
    arrays = parity.load(shared, "decode_logocap")
    names = ("heatmaps", "offsets", "kam_preclamp")
    heatmap, offset, kernels = (np.float32(arrays[f"{request.param}/{n}"])[None] for n in names)
    cells, values, _ = reference.upsampled_peaks(
        heatmap[:, -1:], SIZE, kernels.shape[1], window=3, rule="half-pixel"
    )
    starts = reference.center_offset_decode(cells[:, 0], offset, sign=-1.0, ratio=STRIDE)
    return {
        "heatmap": heatmap,
        "offset": offset,
        "kernels": kernels,
        "cells": cells[:, 0].copy(),
        "centers": values[:, 0],
        "poses": starts * np.float32(STRIDE),
    }


@pytest.mark.parametrize("place", PLACED)
def test_centers_and_peaks(place, maps):
    heatmap = maps["heatmap"]
    centers = {"maps": heatmap[:, -1:], "size": SIZE, "count": 30}
    options = {"window": 3, "rule": "half-pixel"}
    check_twin("upsampled_peaks", Case("centers", {**centers, **options}), place)
    peaks = {"maps": heatmap[:, :-1], "size": SIZE, "count": 30}
    options = {"window": 5, "rule": "corner"}
    check_twin("upsampled_peaks", Case("peaks", {**peaks, **options}), place)


@pytest.mark.parametrize("place", PLACED)
def test_initial_poses(place, maps):
    arguments = {"cells": maps["cells"], "offset": maps["offset"]}
    case = Case("starts", {**arguments, "sign": -1.0, "ratio": STRIDE, "rule": "floor"})
    check_twin("center_offset_decode", case, place)


@pytest.mark.parametrize("place", PLACED)
def test_global_adaptation(place, maps):
    arguments = {
        "keypoints": maps["poses"],
        "heatmap": maps["heatmap"][:, :-1],
        "size": SIZE,
        "kernels": maps["kernels"],
        "window": GlobalWindow(gaussian(97)),
    }
    check_twin("global_adaptation", Case("adaptation", arguments), place)


@pytest.mark.parametrize("place", PLACED)
def test_refinement_and_gaussian_fits(place, maps):
    heatmap, poses = maps["heatmap"][:, :-1], maps["poses"]
    cells, values, _ = reference.upsampled_peaks(heatmap, SIZE, 30, window=5, rule="corner")
    snapping = {"keypoints": poses, "cells": cells, "values": values, "width": SIZE[1]}
    case = Case("snap_to_peaks", {**snapping, "max_distance": 75.0, "min_value": -np.inf})
    check_twin("snap_to_peaks", case, place)
    points, scores, _ = run("cpu", "snap_to_peaks", case.arguments)
    fitting = {"heatmap": heatmap, "size": SIZE, "keypoints": points, "scores": scores}
    alike = next(case for case in REFINEMENT["fit_gaussians"] if case.check)
    case = Case("fits", {**fitting, "min_score": 0.05, "clamped": False}, check=alike.check)
    check_twin("fit_gaussians", case, place)


@pytest.mark.parametrize("place", PLACED)
@pytest.mark.parametrize("at", ["between", "floor", "transposed"])
def test_heat_under_the_keypoints(place, at, maps):
    arguments = {"heatmap": maps["heatmap"][:, :-1], "size": SIZE, "keypoints": maps["poses"]}
    alike = REFINEMENT["sample_heat"][0]
    case = Case(at, {**arguments, "at": at}, rtol=alike.rtol, atol=alike.atol)
    check_twin("sample_heat", case, place)


@pytest.mark.parametrize("place", PLACED)
def test_suppression(place, maps):
    poses = maps["poses"]
    arguments = {"keypoints": poses, "scores": maps["centers"], "counts": None}
    relative = {"distance": 0.05, "min_keypoints": 8, "relative": True}
    check_twin("nms_near_keypoints", Case("relative", {**arguments, **relative}), place)
    absolute = {"distance": 10.0, "min_keypoints": 10, "relative": False}
    check_twin("nms_near_keypoints", Case("absolute", {**arguments, **absolute}), place)
