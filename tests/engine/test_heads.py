"""Activation, and the view of scale 1 among those of a multi-scale test."""

from dataclasses import replace

import numpy as np
import pytest
from posetrack.engine.heads import activate, view_at_scale_1
from posetrack.structures import ImageTransform

from .hand_made import blank_heads
from .published_maps import blank_level

TRANSFORM = ImageTransform.hrnet_affine((64, 64), 64)


def test_logits_of_the_named_heads_become_probabilities(spec):
    heads = blank_heads(1, 5)
    heads["heatmap"][0, 0, 0] = [0, np.log(3), -np.log(3), 200, -200]
    heads["offset"][0, 0, 0] = [0, 1, -1, 200, -200]
    activated = activate(heads, spec)
    np.testing.assert_allclose(activated["heatmap"][0, 0, 0], [0.5, 0.75, 0.25, 1, 0], rtol=1e-6)
    assert activated["heatmap"].dtype == np.float32
    for name in ("offset", "local_offset", "box_size", "box_offset"):
        np.testing.assert_array_equal(activated[name], heads[name])


def test_heads_handed_in_stay_as_they_are(spec):
    heads = blank_heads(2, 2)
    activate(heads, spec)
    assert not heads["heatmap"].any()


def test_spec_without_activation_changes_nothing(spec):
    plain = replace(spec, heads=tuple(replace(head, activation="none") for head in spec.heads))
    heads = {name: np.full_like(head, 7) for name, head in blank_heads(2, 2).items()}
    assert all((head == 7).all() for head in activate(heads, plain).values())


def test_view_of_scale_1_is_found():
    views = [blank_level(1, 1, TRANSFORM, scale) for scale in (0.5, 2.0, 1.0)]
    assert view_at_scale_1(views) is views[2]


def test_scales_without_1_are_refused():
    with pytest.raises(ValueError, match=r"scales must include 1, .*, got 2, 0\.5"):
        view_at_scale_1([blank_level(1, 1, TRANSFORM, scale) for scale in (2.0, 0.5)])
