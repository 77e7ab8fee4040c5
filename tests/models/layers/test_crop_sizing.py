"""The crop of one person as a network's input."""

import re

import pytest
from posetrack.models.layers.crop_sizing import crop_sizing
from posetrack.models.networks.simple_baseline import SimpleBaselineConfig, simple_baseline
from posetrack.structures import COCO_17


@pytest.mark.parametrize(("crop", "size"), [((256, 192), 192), ((64, 96), 64), ((32, 32), 32)])
def test_short_side_is_the_size(crop, size):
    sizing = crop_sizing(crop)
    assert (sizing.rule, sizing.crop, sizing.size, sizing.multiple_of) == ("crop", crop, size, 32)


@pytest.mark.parametrize("crop", [(250, 192), (256, 100), (0, 192), (-32, 192)])
def test_crop_must_suit_the_strides(crop):
    message = f"sides of a crop must be multiples of 32, got {crop}"
    with pytest.raises(ValueError, match=re.escape(message)):
        crop_sizing(crop)
    with pytest.raises(ValueError, match=re.escape(message)):
        simple_baseline(SimpleBaselineConfig(18, crop=crop))(COCO_17)
