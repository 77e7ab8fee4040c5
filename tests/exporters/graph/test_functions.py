"""Every operator's definition in standard operators gives what its kernel gives."""

from dataclasses import replace

import numpy as np
import pytest
from posetrack import kernels
from posetrack.exporters.graph.functions import function_of, has_body
from posetrack.kernels.graph_ops import OPS

from ...kernels.cases import CASES
from ...kernels.refinement_cases import check_fits
from .run_graph import run, run_node, traced

# Which map its peaks are of a graph knows only where it searched for them, and the size that images
# are brought to is an array's: tests of their own.
APART = {"snap_to_peaks", "size_image"}
OPERATORS = {op.contract.name.removeprefix("pt_") for op in OPS.values() if has_body(op)} - APART
# A graph's arrays are float32, have a batch axis and are not empty; what NaN, infinity and numbers
# near the largest float do in it is its runtime's business.
OUTSIDE = (
    *("strange", "NaN", "huge", "one image", "infinit", "tiny", "float16", "no numbers"),
    *("no places", "one logit", "two logits", "logit late"),
)
# But a keypoint that is no number must not end a run.
INSIDE = [("sample_heat", "strange places"), ("fit_gaussians", "strange places")]
# What a graph refuses.
REFUSED = "a graph enlarges maps by whole numbers"


def cases(operators=OPERATORS):
    for name in sorted(operators):
        for case in CASES[name]:
            if is_inside(name, case):
                yield pytest.param(name, case, id=f"{name}: {case.name}")


def is_inside(name, case):
    """Whether a graph must get a case right."""
    sizes = [a.size for a in case.arguments.values() if isinstance(a, np.ndarray)]
    half = case.half or case.arguments.get("dtype") == np.float16
    if not all(sizes) or half or not np.isfinite(case.arguments.get("maps", 0)).all():
        return False
    wanted = any(name == n and case.name.startswith(start) for n, start in INSIDE)
    return wanted or not any(one in case.name for one in OUTSIDE)


def as_attribute(option):
    """A number as a node's attribute keeps it."""
    if not isinstance(option, float):
        return option
    with np.errstate(over="ignore"):
        return float(np.float32(option))


# Fits in float32 instead of float64, where some of the kernel's may differ from the reference's:
# pixels, and how many may lie farther apart.
FITS_PIXELS, FITS_DIFFERING = 0.01, 0.1
IN_NOISE = 0.2


def checked(case, got, wanted):
    if getattr(case.check, "func", None) is check_fits:
        differing = case.check.keywords["differing"]
        least = IN_NOISE if case.name == "noise" else FITS_DIFFERING
        differing = max(differing, least) if differing else 0.0
        check_fits(case.arguments, got, wanted, differing, FITS_PIXELS)
        return
    if case.check is not None:
        case.check(case.arguments, tuple(got), tuple(wanted))
        return
    for one, other in zip(got, wanted, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def global_adaptation(weights, window, **arguments):
    """With the window's weights as an array of its own."""
    return kernels.global_adaptation(**arguments, window=replace(window, weights=weights))


@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_a_definition_gives_what_the_kernel_gives(name, case):
    arrays = {n: a for n, a in case.arguments.items() if isinstance(a, np.ndarray)}
    options = {n: v for n, v in case.arguments.items() if n not in arrays}
    kernel = getattr(kernels, name)
    if name == "global_adaptation":
        kernel, arrays["weights"] = global_adaptation, options["window"].weights
    if refused(arrays, options.get("size")):
        with pytest.raises(ValueError, match=REFUSED):
            traced(kernel, arrays, **options)
        return
    wanted = kernel(**arrays, **{n: as_attribute(v) for n, v in options.items()})
    wanted = [wanted] if isinstance(wanted, np.ndarray) else wanted
    checked(case, run(traced(kernel, arrays, **options), arrays), wanted)


def refused(arrays, size):
    """Whether a map is to be enlarged by no whole ratio."""
    if size is None:
        return False
    maps = arrays.get("maps", arrays.get("heatmap"))
    ratios = [large / small for large, small in zip(size, maps.shape[2:], strict=True)]
    return ratios[0] != ratios[1] or ratios[0] % 1 != 0


@pytest.mark.parametrize(("name", "case"), list(cases({"snap_to_peaks"})))
def test_peaks_are_those_of_the_map_that_was_searched(name, case):
    given = dict(case.arguments)
    keypoints, width = given["keypoints"], given.pop("width")
    stay = np.random.default_rng(1).random(keypoints.shape[:3], np.float32)
    given["unmoved"] = given.get("unmoved", stay)
    wanted = getattr(kernels, name)(width=width, **given)
    ratio = 4 if width % 4 == 0 else 1
    given["maps"] = np.zeros((*given["cells"].shape[:2], 2, width // ratio), np.float32)
    given["peak_values"] = given.pop("values")
    everyone = np.full(len(keypoints), keypoints.shape[1], np.int32)
    limits = {"min_value": -np.inf, "zero_at": -np.inf, "ratio": ratio, "counts": everyone}
    checked(case, run_node("PosetrackSnapToPeaks", limits | given), wanted)


def test_keypoint_far_above_or_left_of_the_map_comes_to_its_pixel():
    random = np.random.default_rng(3)
    heat = random.random((2, 3, 32, 40), np.float32)
    keypoints = random.uniform(-140, -8.5, (2, 50, 3, 2)).astype(np.float32)
    keypoints[:, ::2, :, 0] += 200  # above, and no longer left
    keypoints[:, ::10, 0, 1] = -7.5  # on row -7: an empty window
    scores = random.uniform(0.1, 0.9, keypoints.shape[:3]).astype(np.float32)
    arrays = {"heatmap": heat, "keypoints": keypoints, "scores": scores}
    options = {"size": (128, 160), "min_score": 0.05}
    wanted = kernels.fit_gaussians(**arrays, **options)
    assert 0.5 < (wanted[1] != scores).mean() < 1
    got = run(traced(kernels.fit_gaussians, arrays, **options), arrays)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("op", [op for op in OPS.values() if has_body(op)], ids=lambda op: op.name)
def test_one_definition_serves_nodes_of_other_numbers(op):
    fixed = {"L": 19}  # a model has one kind of poses
    some, others = (
        function_of(op, {a.name: fixed.get(a.name, number) for a in op.attributes})
        for number in (1, 3)
    )
    assert some == others


@pytest.mark.parametrize("case", CASES["size_image"], ids=lambda case: case.name)
def test_images_are_sized_within_a_grey_level(case):
    image, (red, green, blue) = case.arguments["image"], case.arguments["border"]
    target = np.zeros(case.arguments["size"], np.float32)
    if image.size == 0 or target.size == 0:
        return  # a graph has no empty arrays
    images = image if image.ndim == 4 else image[None]
    wanted = kernels.size_image(**case.arguments | {"image": images})
    numbers = {"scale": case.arguments["scale"] or 0.0, "border": red << 16 | green << 8 | blue}
    (got,) = run_node("PosetrackSizeImage", {"image": images, "target": target, **numbers})
    apart = np.abs(got.astype(int) - wanted)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.01
