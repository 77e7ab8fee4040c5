"""Maps of one person's crop: ties, borders, NaN, infinities, crowds, batches, views, volumes."""

import numpy as np
from tolerances import FUSED_RTOL, SMOOTHED_RTOL, SOFT_ARGMAX_TWIN, SOFT_SCORE_RTOL

from .case import BATCHES, FLOAT_MAX, INF, NAN, PEOPLE, Case, blobs, rng


def special_maps():
    """(name, (B, K, h, w) maps) that every kernel here gets."""
    usual = blobs(3, 17, 24, 18)
    whole = blobs(3, 20, 16, 12, seed=1)
    steps = rng(2).integers(-1, 3, (2, 5, 12, 9)).astype(np.float32)
    holes = usual[:1].copy()
    holes[rng(3).random(holes.shape) < 0.02] = NAN
    infinite = usual[:1].copy()
    infinite[0, 0, 5, 6], infinite[0, 1, 5, 6:8], infinite[0, 2, 7] = INF, INF, -INF
    infinite[0, 3, ::2], infinite[0, 3, 1::2], infinite[0, 4] = -INF, NAN, -INF
    infinite[0, 5, 3, 3], infinite[0, 5, 4, 4] = INF, -INF
    corners = np.zeros((1, 4, 7, 9), np.float32)
    corners[0, range(4), [0, 0, 6, 6], [0, 8, 0, 8]] = 1
    return [
        *[(f"{n} people", blobs(n, 4, 16, 12, seed=n)) for n in PEOPLE],
        *[(f"batch {b}", usual[:b]) for b in BATCHES],
        ("channels of a larger array", whole[:, 2:19]),
        ("every second image", blobs(5, 3, 16, 12)[::2]),
        ("the same image twice", np.broadcast_to(usual[:1], (2, 17, 24, 18))),
        ("ties", steps),
        ("ties everywhere", np.ones((2, 3, 9, 11), np.float32)),
        ("ties of both zeros", np.float32([[[[0.0, -0.0], [-0.0, 0.0]]]])),
        ("corners", corners),
        ("nothing", np.zeros((1, 2, 9, 11), np.float32)),
        ("below 0", -1 - usual[:1]),
        ("NaN", holes),
        ("NaN everywhere", np.full((1, 2, 9, 11), NAN)),
        ("infinite", infinite),
        ("huge", usual[:1] * (FLOAT_MAX / 4)),
        ("tiny", usual[:1] * np.float32(1e-30)),
        ("one cell", np.ones((1, 1, 1, 1), np.float32)),
        ("one row", blobs(1, 2, 1, 60)),
        ("one column", blobs(1, 2, 60, 1)),
        ("huge map", blobs(1, 1, 700, 300)),
        ("wide map", blobs(1, 1, 3, 5000)),
        ("no images", usual[:0]),
        ("no keypoints", usual[:, :0].copy()),
        ("no rows", usual[:, :, :0].copy()),
        ("no columns", usual[:, :, :, :0].copy()),
    ]


def largest(array):
    """The largest finite size in an array; 0 if there is none."""
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


def smooth_heatmaps_cases():
    def case(name, maps, deviation):
        atol = SMOOTHED_RTOL * largest(maps)
        return Case(name, {"maps": maps, "deviation": deviation}, atol=atol)

    usual = blobs(2, 3, 24, 18)
    return [
        *[case(name, maps, 1.0) for name, maps in special_maps()],
        *[case(f"deviation {d}", usual, d) for d in (0.0, 1e-200, 0.1, 0.13, 0.5, 1.5, 2, 3.3, 7)],
        case("wider than the map", usual, 64.0),
        case("wider than one tile", blobs(1, 1, 150, 600), 30.0),
    ]


def heatmap_argmax_cases():
    late = np.full((1, 1, 40, 40), -INF)
    late[0, 0, :39] = NAN
    later = [("the first value comes late", late)]
    return [Case(name, {"maps": maps}) for name, maps in special_maps() + later]


def quarter_offset_argmax_cases():
    def case(name, maps, quarter=0.25):
        return Case(name, {"maps": maps, "quarter": quarter})

    # one peak at every place of a small map, its neighbours random
    anywhere = rng(4).integers(0, 3, (1, 63, 7, 9)).astype(np.float32)
    anywhere.reshape(63, 63)[range(63), range(63)] = 5
    beside = np.zeros((1, 2, 7, 9), np.float32)
    beside[0, :, 3, 4] = 1
    beside[0, 0, 3, 5], beside[0, 0, 2, 4], beside[0, 1, 3, 3] = NAN, 0.5, -INF
    return [
        *[case(name, maps) for name, maps in special_maps()],
        case("a peak anywhere", anywhere),
        case("another step", anywhere, 0.5),
        case("no step", anywhere, 0.0),
        case("NaN and -infinity beside the peak", beside),
    ]


def check_fused(arguments, got, wanted):
    """Cells whose smoothed values differ only by rounding may stand for each other."""
    from posetrack.kernels import reference

    heatmaps, offsets = arguments["heatmaps"], arguments["offsets"]
    with np.errstate(invalid="ignore"):
        smoothed = reference.smooth_heatmaps(heatmaps, arguments["smoothing"])
    for one, other in zip(got, wanted, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
    for b, k in np.ndindex(heatmaps.shape[:2]):
        same = np.allclose(got[0][b, k], wanted[0][b, k], rtol=FUSED_RTOL, equal_nan=True)
        if same and np.array_equal(got[1][b, k], wanted[1][b, k]):
            continue
        near = np.nanmax(smoothed[b, k]) - SMOOTHED_RTOL * largest(heatmaps[b, k])
        places = np.argwhere(smoothed[b, k] >= near)[:, ::-1].astype(np.float32)
        assert len(places) > 1, (b, k, got[0][b, k], wanted[0][b, k])
        x, y = places.astype(int).T
        if offsets is not None:
            places += offsets[b, 2 * k : 2 * k + 2][:, y, x].T * np.float32(arguments["radius"])
        fits = np.isclose(places, got[0][b, k], rtol=FUSED_RTOL).all(axis=1)
        assert (fits & (heatmaps[b, k, y, x] == got[1][b, k])).any()


def fuse_offsets_cases():
    def case(name, heatmaps, offsets="some", smoothing=1.0, radius=25 / 8):
        if isinstance(offsets, str):
            batch, count, height, width = heatmaps.shape
            offsets = rng(5).normal(0, 1, (batch, 2 * count, height, width)).astype(np.float32)
        arguments = {"heatmaps": heatmaps, "offsets": offsets, "radius": radius}
        return Case(name, arguments | {"smoothing": smoothing}, check=check_fused)

    heads = blobs(3, 51, 16, 12)
    usual = blobs(2, 17, 24, 18)
    strange = rng(6).normal(0, 1, (2, 34, 24, 18)).astype(np.float32)
    strange[0], strange[1, ::2], strange[1, 1::2] = NAN, INF, FLOAT_MAX
    disks = np.zeros((1, 3, 20, 30), np.float32)
    y, x = np.mgrid[:20, :30]
    for k, (middle, radius) in enumerate([((12, 9), 3.2), ((12.5, 9.5), 3), ((8, 9), 7)]):
        disks[0, k] = np.hypot(x - middle[0], y - middle[1]) <= radius
    return [
        *[case(name, maps) for name, maps in special_maps()],
        *[case(f"without offsets: {name}", maps, None) for name, maps in special_maps()[4:]],
        *[case(f"smoothing {s}", usual, smoothing=s) for s in (0.0, 0.13, 0.5, 2.5)],
        case("heads of one array", heads[:, :17], heads[:, 17:]),
        case("offsets NaN, infinite, huge", usual, strange),
        case("disks", disks, smoothing=1.0),
        case("disks without offsets", disks, None, smoothing=1.5),
        case("disks as they are", disks, None, smoothing=0.0),
        case("radius 0", usual, radius=0.0),
    ]


def check_soft(arguments, got, wanted):
    for one, other in zip(got, wanted, strict=True):
        assert one.dtype == other.dtype
    np.testing.assert_allclose(got[0], wanted[0], rtol=0, atol=SOFT_ARGMAX_TWIN, strict=True)
    np.testing.assert_allclose(got[1], wanted[1], rtol=SOFT_SCORE_RTOL, atol=0, strict=True)


def soft_argmax_cases():
    def case(name, logits):
        return Case(name, {"logits": logits}, check=check_soft)

    def volume(*shape, scale=3.0, seed=7):
        return (rng(seed).standard_normal(shape) * scale).astype(np.float32)

    rising = np.linspace(-30, 30, 16 * 40 * 40, dtype=np.float32).reshape(1, 1, 16, 40, 40)
    single = np.full((1, 2, 4, 6, 5), -INF)
    single[0, 0, 3, 5, 4], single[0, 1, 2, 1, 3] = -1e30, INF
    two = np.full((1, 1, 3, 40, 40), NAN)
    two[0, 0, 0, 3, 4] = two[0, 0, 2, 39, 38] = 7
    climbing = np.linspace(-300, 300, 20 * 30 * 48, dtype=np.float32).reshape(1, 1, 20, 30, 48)
    late, holes, endless = (volume(1, 1, 20, 30, 48) for _ in range(3))
    late[0, 0, :7], late[0, 0, 7:9] = -INF, NAN
    holes[rng(8).random(holes.shape) < 0.3], holes[0, 0, 12] = NAN, -INF
    endless[0, 0, 15, 20, 31] = endless[0, 0, 3, 2, 47] = INF
    return [
        case("large volume that climbs", climbing),
        case("large volume that sinks", climbing[:, :, ::-1, ::-1, ::-1].copy()),
        case("large volume, its first logit late", late),
        case("large volume with NaN", holes),
        case("large volume with infinite logits", endless),
        case("large volume with huge logits", volume(1, 1, 20, 30, 48, scale=5e37)),
        *[case(name, maps) for name, maps in special_maps()],
        *[case(f"{n} people as wide as networks give", volume(n, 2, 64, 64)) for n in (1, 30)],
        *[case(f"flat, batch {b}", volume(b, 17, 32, 24)) for b in BATCHES],
        *[case(f"volume, batch {b}", volume(b, 3, 6, 12, 9)) for b in BATCHES],
        case("volumes as networks give them", volume(1, 3, 64, 64, 64)),
        case("volume with one level beside the peak", np.where(rising == 30, 0, -1.1 * rising**0)),
        case("volume of one level", np.zeros((1, 1, 64, 64, 64), np.float32)),
        case("volume that rises", rising),
        case("volume that falls", rising[:, :, ::-1, ::-1, ::-1].copy()),
        case("volume far below 0", volume(1, 2, 4, 9, 7) - 1e4),
        case("volume with large logits", volume(1, 2, 4, 9, 7, scale=1e5)),
        case("volume with huge logits", volume(1, 2, 4, 9, 7, scale=1e38)),
        case("largest against smallest float", np.float32([[[[[FLOAT_MAX, -FLOAT_MAX]]]]])),
        case("largest float against infinity", np.float32([[[[[FLOAT_MAX, INF]]]]])),
        case("volume with one logit", single),
        case("volume with two logits", two),
        case("volume with long rows", volume(1, 1, 2, 3, 3000)),
        case("volume with rows of no round length", volume(1, 1, 3, 50, 37)),
        case("channels of a larger array of volumes", volume(3, 5, 4, 9, 7)[:, 1:4]),
        case("every second volume", volume(5, 2, 4, 9, 7)[::2]),
        case("volume of one cell", np.ones((1, 1, 1, 1, 1), np.float32)),
        case("volume without slices", volume(1, 2, 0, 9, 7)),
        case("volume without rows", volume(1, 2, 4, 0, 7)),
        case("volume without columns", volume(1, 2, 4, 9, 0)),
        case("no volumes", volume(0, 2, 4, 9, 7)),
    ]


CASES = {
    "smooth_heatmaps": smooth_heatmaps_cases(),
    "heatmap_argmax": heatmap_argmax_cases(),
    "quarter_offset_argmax": quarter_offset_argmax_cases(),
    "fuse_offsets": fuse_offsets_cases(),
    "soft_argmax": soft_argmax_cases(),
}
