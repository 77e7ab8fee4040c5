"""Images to be sized and cut: usual, empty, thin, huge, tiny, turned, beyond their border."""

import numpy as np
from posetrack.kernels import NetworkInput
from tolerances import HALF_RTOL, PREPROCESS_GREY_LEVELS

from .case import BATCHES, INF, NAN, Case, picture, rng


def _sized(name, image, size, scale, border=(10, 20, 30)):
    return Case(name, {"image": image, "size": size, "scale": scale, "border": border})


def size_image_cases():
    checkers = np.uint8([0, 255])[np.indices((37, 53)).sum(0) % 2][..., None].repeat(3, 2)
    return [
        _sized("usual", picture(120, 160), (64, 96), 64 / 120),
        _sized("same size", picture(20, 30), (20, 30), 1.0),
        _sized("half", picture(40, 60), (20, 30), 0.5),
        _sized("just below half", picture(41, 61), (20, 30), 0.49),
        _sized("a third", picture(90, 91), (32, 32), 1 / 3),
        _sized("a fiftieth", picture(300, 200), (6, 5), 0.02),
        _sized("less than one pixel", picture(30, 40), (3, 3), 0.001),
        _sized("larger", picture(13, 17), (40, 50), 2.7),
        _sized("much larger", picture(2, 3), (64, 64), 21.0),
        _sized("border on both sides", picture(20, 30), (64, 64), 0.9),
        _sized("image beyond the input", picture(50, 60), (16, 16), 0.8),
        _sized("extremes", checkers, (30, 40), 0.77),
        _sized("extremes, small", checkers, (10, 15), 0.27),
        _sized("white", np.full((31, 47, 3), 255, np.uint8), (20, 32), 0.63),
        _sized("one pixel", picture(1, 1), (8, 8), 3.0),
        _sized("to one pixel", picture(50, 70), (1, 1), 1 / 70),
        _sized("one row", picture(1, 200), (32, 64), 0.3),
        _sized("one column", picture(200, 1), (64, 32), 0.3),
        _sized("huge, thin", picture(3, 20000), (32, 256), 256 / 20000),
        _sized("fitted by its height", picture(90, 60), (32, 64), None),
        _sized("fitted by its width", picture(50, 130), (64, 64), None),
        *[
            _sized(f"batch {b}", np.stack([picture(41, 61, i) for i in range(b)]), (30, 32), 0.6)
            for b in BATCHES
        ],
        _sized("batch, a third", np.stack([picture(40, 61, i) for i in range(3)]), (16, 32), 1 / 3),
        _sized("batch of no images", picture(41, 61)[None][:0], (30, 32), 0.6),
        _sized("batch without pixels", np.zeros((3, 0, 5, 3), np.uint8), (3, 4), 0.6),
        _sized("no image", picture(0, 0), (4, 5), 1.0),
        _sized("no rows", picture(0, 7), (4, 5), 1.0),
        _sized("no columns", picture(7, 0), (4, 5), 1.0),
        _sized("nothing wanted", picture(7, 8), (0, 5), 1.0),
        _sized("no width wanted", picture(7, 8), (5, 0), 1.0),
    ]


IMAGENET = {"mean": (123.7, 116.3, 103.5), "std": (58.4, 57.1, 57.4)}
WHOLE = [[1, 0, 0], [0, 1, 0]]
TURNED = [[0.8, -0.5, 5], [0.6, 0.7, -3]]
LAYOUTS = ("rgb", "bgr", "nv12-bt601", "nv12-bt709")


def zoomed(zoom, x=0.0, y=0.0):
    """Output pixels -> image pixels."""
    return [[1 / zoom, 0, x], [0, 1 / zoom, y]]


def images_of(layout, batch, height, width, seed=0):
    shape = (
        (batch, height, width, 3) if layout in ("rgb", "bgr") else (batch, height * 3 // 2, width)
    )
    return rng(seed).integers(0, 256, shape, np.uint8)


def _cut(
    name, images, matrix, size=(24, 32), layout="rgb", *, half=False, border=(9, 99, 255), **to
):
    matrices = np.broadcast_to(np.asarray(matrix, np.float64), (len(images), 2, 3)).copy()
    wanted = NetworkInput(size, half=half, **to)
    arguments = {"images": images, "matrix": matrices, "wanted": wanted}
    atol = PREPROCESS_GREY_LEVELS / min(wanted.std)
    rtol = HALF_RTOL if half else 0.0
    return Case(name, {**arguments, "layout": layout, "border": border}, rtol, atol)


def preprocess_cases():
    image = picture(40, 60)[None]
    each = rng(3).normal(0, 1, (3, 2, 3)) * [1, 1, 20]
    flip = [[-1, 0, 59], [0, 1, 0]]
    special = [[NAN, 0, 0], [0, 1, 0]], [[1, 0, INF], [0, 1, 0]], [[1, INF, 0], [0, 1, -INF]]
    far = [[1e300, 0, -1e300], [0, 1, 0]], [[1, 0, 1e9], [0, 1, 0]], [[1, 1e20, 0], [-1e20, 1, 0]]
    return [
        *[
            _cut(
                f"{layout}, {name}", images_of(layout, 2, 40, 60), matrix, layout=layout, half=half
            )
            for layout in LAYOUTS
            for name, matrix, half in (
                ("zoomed", zoomed(0.7, -3.3, 2.6), False),
                ("turned", TURNED, False),
                ("zoomed, float16", zoomed(1.7, 4.5), True),
                ("turned, float16", TURNED, True),
            )
        ],
        *[_cut(f"batch {b}", images_of("rgb", b, 40, 60), each[:b], **IMAGENET) for b in BATCHES],
        _cut("NV12, each turned", images_of("nv12-bt709", 3, 40, 60), each, layout="nv12-bt709"),
        _cut("as it is", image, WHOLE, (40, 60)),
        _cut("as it is, float16", image, WHOLE, (40, 60), half=True),
        _cut("flipped", image, flip, (40, 60), **IMAGENET),
        _cut("upside down", image, [[1, 0, 0], [0, -1, 39]], (40, 60)),
        _cut("one row again and again", image, [[1, 0, 0], [0, 0, 7.5]]),
        _cut("one pixel again and again", image, [[0, 0, 3], [0, 0, 7]]),
        _cut("much larger", image, zoomed(20, 5, 5)),
        _cut("much smaller", image, zoomed(0.05, -60, -60)),
        _cut("part of a wide image", picture(8, 3000)[None], zoomed(1.3, 2000, 1)),
        _cut("a quarter turn", image, [[0, 1, 0], [-1, 0, 39]], (60, 40)),
        _cut("sheared", image, [[1, 0.3, -4], [0, 1, 2]]),
        _cut("edges at half a pixel", image, [[1, 0, -0.5], [0, 1, -0.5]], (41, 61)),
        _cut("edges at one pixel", image, [[1, 0, -1], [0, 1, -1]], (42, 62)),
        _cut("left of the image", image, zoomed(1, -100)),
        _cut("right of the image", image, zoomed(1, 100)),
        _cut("above the image", image, zoomed(1, 0, -100)),
        _cut("below the image", image, zoomed(1, 0, 100)),
        *[_cut(f"special {i}", image, matrix) for i, matrix in enumerate(special)],
        *[_cut(f"far away {i}", image, matrix) for i, matrix in enumerate(far)],
        _cut("float16 overflows", image, WHOLE, half=True, std=(1e-3, 1e-2, 1)),
        _cut("float16 below the normal", image, WHOLE, half=True, std=(1e8, 1e7, 3e6)),
        _cut("one pixel", picture(1, 1)[None], zoomed(3, -1, -1)),
        _cut("to one pixel", image, zoomed(1, 5.5, 6.5), (1, 1)),
        _cut("one row", picture(1, 60)[None], zoomed(0.9)),
        _cut("one column", picture(60, 1)[None], zoomed(0.9)),
        _cut("smallest NV12", images_of("nv12-bt601", 1, 2, 2), zoomed(5, -1), layout="nv12-bt601"),
        _cut("large", picture(720, 1280)[None], zoomed(0.36, 1, 2), (256, 448), **IMAGENET),
        _cut("no images", image[:0], WHOLE),
        _cut("no pixels", picture(0, 0)[None], WHOLE),
        _cut("no rows", picture(0, 7)[None], zoomed(0.9)),
        _cut("no columns", picture(7, 0)[None], TURNED),
        _cut("no NV12 pixels", images_of("nv12-bt601", 2, 0, 0), WHOLE, layout="nv12-bt601"),
        _cut("nothing wanted", image, WHOLE, (0, 5)),
        _cut("no width wanted", image, WHOLE, (5, 0)),
    ]


CASES = {"size_image": size_image_cases(), "preprocess": preprocess_cases()}
