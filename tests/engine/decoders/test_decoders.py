"""Every decoding has a name, and no name is in both tables."""

from posetrack.engine.decoders import DECODERS
from posetrack.engine.top_down import TOP_DOWN


def test_decoder_of_the_model_that_ships_is_known(spec):
    assert spec.decoder.name in DECODERS


def test_a_model_sees_whole_images_or_crops():
    assert not DECODERS.keys() & TOP_DOWN.keys()
