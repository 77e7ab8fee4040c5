"""Activation: logits become [0, 1] where the spec says so."""

from dataclasses import replace

import numpy as np
from posetrack.engine.decoders import DECODERS, activate

from ..hand_made import blank_heads


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


def test_decoder_of_the_model_that_ships_is_known(spec):
    assert spec.decoder.name in DECODERS
