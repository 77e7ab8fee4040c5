"""Images into the network's input: by hand, against OpenCV, the same bits on every way."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import NetworkInput
from tolerances import OPENCV_NV12_GREY_LEVELS, OPENCV_WARP_GREY_LEVELS, PREPROCESS_GREY_LEVELS

from .case import picture
from .cases import CASES
from .images_cases import TURNED, WHOLE, images_of, zoomed
from .places import run


def cut(image, matrix, size, **options):
    """(3, h, w) of one image, as it is unless a mean and std are given."""
    wanted = options.pop("wanted", NetworkInput(size))
    return kernels.preprocess(image[None], np.float64([matrix]), wanted, **options)[0]


def grey_rows(rows):
    return np.uint8(rows)[..., None].repeat(3, 2)


# ---- by hand


def test_pixel_between_four_is_their_mean():
    image = grey_rows([[10, 20], [30, 80]])
    np.testing.assert_array_equal(cut(image, [[0, 0, 0.5], [0, 0, 0.5]], (1, 1)), [[[35]]] * 3)


def test_matrix_goes_from_output_to_image():
    image = grey_rows([[0, 10, 20, 30, 40, 50]])
    np.testing.assert_array_equal(cut(image, [[2, 0, 1], [0, 1, 0]], (1, 3))[0], [[10, 30, 50]])


def test_half_a_pixel_outside_is_half_border():
    image = grey_rows([[100, 100]])
    row = cut(image, [[1, 0, -0.5], [0, 1, 0]], (1, 4), border=(0, 50, 200))[:, 0]
    np.testing.assert_array_equal(row[0], [50, 100, 50, 0])
    np.testing.assert_array_equal(row[1], [75, 100, 75, 50])
    np.testing.assert_array_equal(row[2], [150, 100, 150, 200])


def test_channels_are_normalised_each_by_its_own():
    wanted = NetworkInput((1, 1), mean=(10, 20, 30), std=(2, 4, 5))
    image = np.uint8([[[30, 60, 80]]])
    assert cut(image, WHOLE, None, wanted=wanted).ravel().tolist() == [10, 10, 10]
    other = cut(image[..., ::-1].copy(), WHOLE, None, wanted=wanted, layout="bgr")
    assert other.ravel().tolist() == [10, 10, 10]


@pytest.mark.parametrize("layout", ["nv12-bt601", "nv12-bt709"])
@pytest.mark.parametrize(
    ("luma", "grey"), [(16, 0), (235, 255), (0, 0), (255, 255), (125.5, 127.5)]
)
def test_nv12_without_colour_is_grey_of_limited_range(layout, luma, grey):
    image = np.full((3, 2), 128, np.uint8)
    image[:2] = luma
    expected = grey if luma != 125.5 else (125 - 16) * 255 / 219
    np.testing.assert_allclose(cut(image, WHOLE, (2, 2), layout=layout), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("layout", "yuv"),
    [("nv12-bt601", (81.4815, 90.2031, 240)), ("nv12-bt709", (62.5594, 102.3338, 240))],
)
def test_nv12_red_by_either_standard(layout, yuv):
    y, u, v = (round(value) for value in yuv)
    image = np.uint8([[y, y], [y, y], [u, v]])
    red, green, blue = cut(image, WHOLE, (2, 2), layout=layout)[:, 0, 0]
    assert red > 253
    assert max(green, blue) < 2


def test_nv12_colour_belongs_to_four_pixels():
    image = np.full((3, 4), 128, np.uint8)
    image[2] = [128, 128, 90, 240]
    red = cut(image, WHOLE, (2, 4), layout="nv12-bt601")[0]
    assert (red[:, :2] == red[0, 0]).all()
    assert (red[:, 2:] == 255).all()


# ---- against OpenCV


@pytest.mark.parametrize("matrix", [zoomed(0.7, -3.3, 2.6), zoomed(2.3, 11, -4), TURNED, WHOLE])
def test_cut_agrees_with_opencv(matrix):
    image = cv2.GaussianBlur(picture(90, 120), None, 2)
    ours = cut(image, matrix, (64, 80), border=(9, 99, 200)).transpose(1, 2, 0)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": (9, 99, 200)}
    theirs = cv2.warpAffine(image, np.float64(matrix), (80, 64), flags=flags, **border)
    difference = np.abs(ours - theirs)
    assert difference.max() <= OPENCV_WARP_GREY_LEVELS
    assert difference.mean() < 1


def test_nv12_agrees_with_opencv():
    image = images_of("nv12-bt601", 1, 40, 60)[0]
    image[:40] = np.maximum(image[:40], 16)  # OpenCV takes what is darker than black for black
    theirs = cv2.cvtColor(image, cv2.COLOR_YUV2RGB_NV12)
    ours = cut(image, WHOLE, (40, 60), layout="nv12-bt601").transpose(1, 2, 0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=OPENCV_NV12_GREY_LEVELS)


# ---- the same bits


@pytest.mark.parametrize("layout", ["rgb", "bgr", "nv12-bt601", "nv12-bt709"])
@pytest.mark.parametrize("half", [False, True])
def test_zoom_gives_the_bits_of_a_turn_by_nothing(layout, half):
    image = images_of(layout, 1, 40, 60)[0]
    wanted = NetworkInput((30, 50), (120, 110, 100), (50, 60, 70), half)
    for zoom, x, y in ((0.7, -3.3, 2.6), (1.9, 7.1, -5.2), (0.13, -200, -100)):
        matrix = np.float64(zoomed(zoom, x, y))
        turned = matrix.copy()
        turned[0, 1] = turned[1, 0] = 1e-300  # too little for a sum to show
        ways = (cut(image, m, None, wanted=wanted, layout=layout) for m in (matrix, turned))
        assert len({way.tobytes() for way in ways}) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["center_nms_topk", "gaussian_argmax", "merge_flipped", "preprocess"]
)
def test_both_twins_give_the_same_bits(name):
    for case in CASES[name]:
        if case.half or "300" in case.name:  # slow on the stand-in
            continue
        results = [run(place, name, case.arguments) for place in ("cpu", "cuda-on-host")]
        one, other = (r if isinstance(r, tuple) else (r,) for r in results)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=case.name)


@settings(deadline=None, max_examples=200)
@given(exponent=st.floats(-12, 12), mean=st.floats(-300, 300))
def test_float16_is_the_rounded_float32(exponent, mean):
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)[..., None].repeat(3, 2)
    std = 10.0**exponent
    kinds = (NetworkInput((16, 16), (mean,) * 3, (std,) * 3, half) for half in (False, True))
    single, half = (cut(image, WHOLE, None, wanted=wanted) for wanted in kinds)
    with np.errstate(over="ignore"):
        assert half.tobytes() == single.astype(np.float16).tobytes()


@pytest.mark.parametrize("toward", [0, np.inf])
def test_float16_between_two_is_the_even_one(toward):
    # a pixel of 1 with mean 0: any float32 1 / std; halfway between float16 neighbours and beside
    whole = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    middles = (whole[1:-1] + whole[2:]) / 2
    stds = np.nextafter(1 / middles[::997], np.float32(toward)).astype(np.float32)
    for std in stds[(stds > 0) & np.isfinite(stds)].tolist():
        kinds = (NetworkInput((1, 1), std=(std,) * 3, half=half) for half in (False, True))
        image = np.ones((1, 1, 3), np.uint8)
        single, half = (cut(image, WHOLE, None, wanted=wanted) for wanted in kinds)
        assert half.tobytes() == single.astype(np.float16).tobytes()


# ---- properties and refusals


@settings(deadline=None, max_examples=50)
@given(value=st.integers(0, 255), angle=st.floats(0, 7), x=st.floats(-20, 20))
def test_plain_colour_stays(value, angle, x):
    image = np.full((9, 11, 3), value, np.uint8)
    sin, cos = np.sin(angle), np.cos(angle)
    out = cut(image, [[cos, -sin, x], [sin, cos, 0]], (12, 12), border=(value,) * 3)
    np.testing.assert_array_equal(out, value)


def test_image_does_not_depend_on_its_batch():
    images = images_of("rgb", 3, 20, 30)
    matrices = np.float64([TURNED, zoomed(0.7), zoomed(2.0, 4, 5)])
    together = kernels.preprocess(images, matrices, NetworkInput((16, 16)))
    for b in range(3):
        np.testing.assert_array_equal(cut(images[b], matrices[b], (16, 16)), together[b])


def test_result_is_written_to_out():
    image, out = picture(20, 30), np.full((1, 3, 8, 9), 77, np.float16)
    arguments = image[None], np.float64([TURNED]), NetworkInput((8, 9), half=True)
    assert kernels.preprocess(*arguments, out=out) is out
    np.testing.assert_array_equal(out, kernels.preprocess(*arguments))


def test_luma_far_beyond_its_range_stays_a_colour():
    image = np.uint8([[255, 0], [255, 0], [0, 255]])
    out = cut(image, WHOLE, (2, 2), layout="nv12-bt709")
    assert out.min() >= 0
    assert out.max() <= 255 + PREPROCESS_GREY_LEVELS


IMAGE, MATRIX, WANTED = picture(6, 8)[None], np.float64([WHOLE]), NetworkInput((4, 4))
NV12 = images_of("nv12-bt709", 1, 6, 8)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            (IMAGE[0], MATRIX, WANTED),
            {},
            ValueError,
            r"images must have shape \(any, any, any, 3\)",
        ),
        ((IMAGE.astype(float), MATRIX, WANTED), {}, TypeError, "images must be uint8"),
        ((IMAGE[:, ::2], MATRIX, WANTED), {}, ValueError, "images must be C-contiguous"),
        ((IMAGE, MATRIX, WANTED), {"layout": "yuv"}, ValueError, "layout must be one of rgb, bgr"),
        ((IMAGE, MATRIX, WANTED), {"layout": "nv12-bt709"}, ValueError, r"images must have shape"),
        ((NV12[:, 1:].copy(), MATRIX, WANTED), {"layout": "nv12-bt709"}, ValueError, "8 rows of 8"),
        ((NV12[..., 1:].copy(), MATRIX, WANTED), {"layout": "nv12-bt709"}, ValueError, "rows of 7"),
        ((IMAGE, MATRIX.astype("f4"), WANTED), {}, TypeError, "matrix must be float64"),
        ((IMAGE, MATRIX[0], WANTED), {}, ValueError, r"matrix must have shape \(1, 2, 3\)"),
        (
            (IMAGE, MATRIX, NetworkInput((-1, 4))),
            {},
            ValueError,
            r"size must be at least 0, got \(-1",
        ),
        ((IMAGE, MATRIX, NetworkInput((4, 4), std=(1, 0, 1))), {}, ValueError, "std must be posit"),
        (
            (IMAGE, MATRIX, NetworkInput((4, 4), std=(1, 1, np.nan))),
            {},
            ValueError,
            "std must be p",
        ),
        ((IMAGE, MATRIX, WANTED), {"border": (0, 0, 256)}, ValueError, "border must be three"),
        (
            (IMAGE, MATRIX, WANTED),
            {"out": np.zeros((1, 3, 4, 4))},
            TypeError,
            "out must be float32",
        ),
    ],
)
def test_a_wrong_argument_is_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        kernels.preprocess(*arguments, **options)


def test_images_of_a_batch_are_sized_apart():
    images = np.stack([picture(31, 47, seed) for seed in range(3)])
    sized = kernels.size_image(images, (20, 24), 0.4, (1, 2, 3))
    assert sized.shape == (3, 20, 24, 3)
    for image, small in zip(images, sized, strict=True):
        np.testing.assert_array_equal(kernels.size_image(image, (20, 24), 0.4, (1, 2, 3)), small)
