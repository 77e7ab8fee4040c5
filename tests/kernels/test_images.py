"""Images into the network's input: by hand, against OpenCV, the same bits on every way."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posetrack import kernels
from posetrack.kernels import NetworkInput
from tolerances import (
    OPENCV_GREY_LEVELS,
    OPENCV_NV12_GREY_LEVELS,
    OPENCV_WARP_GREY_LEVELS,
    PREPROCESS_GREY_LEVELS,
)

from .case import NAN, picture
from .images_cases import TURNED, WHOLE, images_of, zoomed


def cut(image, matrix, size, **options):
    """(3, h, w) of one image, as it is unless a mean and std are given."""
    wanted = options.pop("wanted", NetworkInput(size))
    return kernels.preprocess(image[None], np.float64([matrix]), wanted, **options)[0]


def grey(rows):
    return np.uint8(rows)[..., None].repeat(3, 2)


# ---- size_image


def test_size_image_to_half_takes_the_mean_of_four_pixels():
    image = grey([[10, 20, 100, 120], [30, 40, 140, 160]])
    np.testing.assert_array_equal(kernels.size_image(image, (1, 2), 0.5)[..., 0], [[25, 130]])


def test_size_image_to_double_puts_pixels_at_quarters():
    sized = kernels.size_image(grey([[0, 100]]), (1, 4), 2.0)
    np.testing.assert_array_equal(sized[0, :, 0], [0, 25, 75, 100])


def test_size_image_below_half_counts_every_pixel():
    image = grey([[0, 0, 0, 0, 0, 0, 0, 0]])
    for column in range(8):
        image[:] = 0
        image[0, column] = 240
        assert kernels.size_image(image, (1, 2), 0.25).any(), f"column {column} is lost"


def test_size_image_fills_what_lies_outside_with_the_border():
    sized = kernels.size_image(grey([[200, 200], [200, 200]]), (3, 4), 1.0, (1, 2, 3))
    np.testing.assert_array_equal(sized[:2, :2], np.full((2, 2, 3), 200))
    np.testing.assert_array_equal(sized[2], np.tile(np.uint8([1, 2, 3]), (4, 1)))
    np.testing.assert_array_equal(sized[:, 2:], np.tile(np.uint8([1, 2, 3]), (3, 2, 1)))


def test_size_image_without_image_is_all_border():
    sized = kernels.size_image(np.zeros((0, 9, 3), np.uint8), (2, 2), 1.0, (7, 8, 9))
    np.testing.assert_array_equal(sized, np.tile(np.uint8([7, 8, 9]), (2, 2, 1)))


def test_size_image_at_scale_one_copies():
    image = picture(31, 47)
    np.testing.assert_array_equal(kernels.size_image(image, (31, 47), 1.0), image)


@settings(deadline=None)
@given(value=st.integers(0, 255), scale=st.floats(0.005, 30), size=st.integers(1, 50))
def test_size_image_keeps_a_plain_colour(value, scale, size):
    image = np.full((size, 3, 3), value, np.uint8)
    sized = kernels.size_image(image, (20, 20), scale, (value, value, value))
    assert (sized == value).all()


@pytest.mark.parametrize(
    ("size", "out_size"),
    [
        ((480, 640), (240, 320)),
        ((480, 640), (256, 341)),
        ((360, 640), (252, 448)),
        ((300, 200), (297, 198)),
        ((120, 160), (256, 341)),
        ((37, 53), (111, 159)),
    ],
)
def test_size_image_agrees_with_opencv_down_to_half(size, out_size):
    image = picture(*size)
    scale = out_size[0] / size[0]
    ours = kernels.size_image(image, out_size, scale)
    theirs = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    height, width = np.minimum(ours.shape, theirs.shape)[:2]
    assert height == out_size[0]
    assert width >= out_size[1] - 1
    difference = np.abs(ours[:height, :width].astype(int) - theirs[:height, :width])
    assert difference.max() <= OPENCV_GREY_LEVELS


def test_size_image_writes_to_out():
    image, out = picture(20, 30), np.full((10, 16, 3), 77, np.uint8)
    wanted = kernels.size_image(image, (10, 16), 0.5, (1, 2, 3))
    assert kernels.size_image(image, (10, 16), 0.5, (1, 2, 3), out=out) is out
    np.testing.assert_array_equal(out, wanted)


def test_size_image_by_a_thousandth_keeps_a_flat_image_flat():
    image = np.full((1, 4096, 3), 200, np.uint8)
    assert (kernels.size_image(image, (1, 1), 1 / 4096) == 200).all()


def test_images_of_a_batch_are_sized_apart():
    images = np.stack([picture(31, 47, seed) for seed in range(3)])
    sized = kernels.size_image(images, (20, 24), 0.4, (1, 2, 3))
    assert sized.shape == (3, 20, 24, 3)
    for image, small in zip(images, sized, strict=True):
        np.testing.assert_array_equal(kernels.size_image(image, (20, 24), 0.4, (1, 2, 3)), small)


SMALL = picture(8, 9)
SIZE_IMAGE_REFUSED = [
    ((SMALL.astype(np.float32), (4, 4), 0.5), TypeError, "image must be uint8"),
    ((SMALL[..., :2], (4, 4), 0.5), ValueError, r"image .*\(8, 9, 3\)"),
    ((SMALL[:, ::2], (4, 4), 0.5), ValueError, "image must be C-contiguous"),
    ((SMALL, (4, 4), 0.0), ValueError, "got 0: None makes the image fit"),
    ((SMALL, (4, 4), -1.0), ValueError, "scale must be 0 or from 1 / 4096 to 16384, got -1.0"),
    ((SMALL, (4, 4), NAN), ValueError, "scale must be 0 or from 1 / 4096 to 16384, got nan"),
    ((SMALL, (-4, 4), 1.0), ValueError, "h must be 0 to .*, got -4"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), SIZE_IMAGE_REFUSED)
def test_size_image_names_a_wrong_argument(arguments, error, message):
    with pytest.raises(error, match=message):
        kernels.size_image(*arguments)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros((4, 5, 3), np.uint8), ValueError, r"out must have shape \(4, 4, 3\)"),
        (np.zeros((4, 4, 3), np.float32), TypeError, "out must be uint8"),
        (np.zeros((8, 4, 3), np.uint8)[::2], ValueError, "out must be C-contiguous"),
    ],
)
def test_size_image_refuses_a_wrong_out(out, error, message):
    with pytest.raises(error, match=message):
        kernels.size_image(SMALL, (4, 4), 0.5, out=out)


def test_size_image_refuses_a_border_that_is_no_colour():
    with pytest.raises(ValueError, match="border"):
        kernels.size_image(SMALL, (12, 12), 1.0, (1, 2, 3, 4))
    with pytest.raises(ValueError, match="border"):
        kernels.size_image(SMALL, (12, 12), 1.0, (1, 2))


def test_size_image_refuses_a_border_out_of_range():
    with pytest.raises(ValueError, match="border"):
        kernels.size_image(SMALL, (12, 12), 1.0, (300, 0, 0))


def test_size_image_refuses_an_out_that_is_read_only():
    out = np.zeros((4, 4, 3), np.uint8)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out"):
        kernels.size_image(SMALL, (4, 4), 0.5, out=out)


@pytest.mark.parametrize("scale", [1e-300, 1 / 5000, 20000.0, float("nan")])
def test_size_image_refuses_a_scale_that_makes_no_sense(scale):
    with pytest.raises(ValueError, match="scale"):
        kernels.size_image(SMALL, (4, 4), scale)


# ---- preprocess, by hand


def test_pixel_between_four_is_their_mean():
    image = grey([[10, 20], [30, 80]])
    np.testing.assert_array_equal(cut(image, [[0, 0, 0.5], [0, 0, 0.5]], (1, 1)), [[[35]]] * 3)


def test_matrix_goes_from_output_to_image():
    image = grey([[0, 10, 20, 30, 40, 50]])
    np.testing.assert_array_equal(cut(image, [[2, 0, 1], [0, 1, 0]], (1, 3))[0], [[10, 30, 50]])


def test_half_a_pixel_outside_is_half_border():
    image = grey([[100, 100]])
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


# ---- preprocess, against OpenCV


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


# ---- preprocess, the same bits


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


# ---- preprocess, properties and refusals


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
            (IMAGE[..., :2], MATRIX, WANTED),
            {},
            ValueError,
            r"images must have shape \(B, H, W, 3\)",
        ),
        ((IMAGE.astype(float), MATRIX, WANTED), {}, TypeError, "images must be uint8"),
        ((IMAGE[:, ::2], MATRIX, WANTED), {}, ValueError, "images must be C-contiguous"),
        ((IMAGE, MATRIX, WANTED), {"layout": "yuv"}, ValueError, "layout must be one of rgb, bgr"),
        ((IMAGE, MATRIX, WANTED), {"layout": "nv12-bt709"}, ValueError, r"images must have shape"),
        (
            (NV12[:, 1:].copy(), MATRIX, WANTED),
            {"layout": "nv12-bt709"},
            ValueError,
            r"even H and W, got \(1, 8, 8\)",
        ),
        (
            (NV12[..., 1:].copy(), MATRIX, WANTED),
            {"layout": "nv12-bt709"},
            ValueError,
            r"even H and W, got \(1, 9, 7\)",
        ),
        ((IMAGE, MATRIX.astype("f4"), WANTED), {}, TypeError, "matrix must be float64"),
        ((IMAGE, MATRIX[:, :1], WANTED), {}, ValueError, r"matrix must have shape \(1, 2, 3\)"),
        (
            (IMAGE, MATRIX, NetworkInput((-1, 4))),
            {},
            ValueError,
            "h must be at least 0, got -1",
        ),
        (
            (IMAGE, MATRIX, NetworkInput((4, 4), std=(1, 0, 1))),
            {},
            ValueError,
            "std_green must be above 0, got 0",
        ),
        (
            (IMAGE, MATRIX, NetworkInput((4, 4), std=(1, 1, np.nan))),
            {},
            ValueError,
            "std_blue must be above 0, got nan",
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
