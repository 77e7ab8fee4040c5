"""Images to the network's input: ours, and the published warp to the last grey level."""

import numpy as np
import parity
import pytest
from posetrack.engine.sizing import size_image
from posetrack.structures import ImageTransform, InputSizing

RELEASED = InputSizing(size=256, multiple_of=64, convention="hrnet-affine")
IMAGES = {
    "logocap_narrow": ("image_rgb_u8", "image_resized_u8", 256),
    "hrbu_narrow": ("image_rgb_u8", "s1/image_resized_u8", 256),
    "dekr_narrow": ("image_rgb_u8", "s1/image_resized_u8", 256),
    "decode_logocap": ("geom_img_u8", "geom_warp_u8", 128),
}


@pytest.mark.parametrize("name", IMAGES)
def test_released_warp_is_that_of_the_published_code(shared, name):
    source, expected, size = IMAGES[name]
    arrays = parity.load(shared, name)
    image = arrays[source]
    transform = RELEASED.transform(image.shape[:2], size)
    np.testing.assert_array_equal(size_image(image, transform, RELEASED), arrays[expected])


def test_image_of_the_input_size_stays_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (256, 320, 3), np.uint8)
    transform = RELEASED.transform((256, 320))
    assert transform.input_size == (256, 320)
    np.testing.assert_array_equal(size_image(picture, transform, RELEASED), picture)


def test_what_the_image_does_not_cover_is_border():
    white = np.full((100, 150, 3), 255, np.uint8)
    sizing = InputSizing(size=128, border=(1, 2, 3), convention="hrnet-affine")
    transform = ImageTransform((100, 150), (128, 320), 1.28, (64.0, 0.0))
    sized = size_image(white, transform, sizing)
    assert (sized[:, :60] == (1, 2, 3)).all()
    assert (sized[:120, 70:250] == 255).all()
    assert (sized[:, 260:] == (1, 2, 3)).all()


@pytest.mark.parametrize("sizing", [InputSizing(), RELEASED])
@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        (np.zeros((5, 5), np.uint8), ValueError, r"image must have shape \(.*3\)"),
        (
            np.zeros((5, 5, 4), np.uint8),
            ValueError,
            r"image must have shape \(.*3\)",
        ),
        (np.zeros((5, 5, 3)), TypeError, "image must be uint8, got float64"),
    ],
)
def test_what_is_no_image_is_refused(image, kind, message, sizing):
    with pytest.raises(kind, match=message):
        size_image(image, sizing.transform((5, 5)), sizing)
