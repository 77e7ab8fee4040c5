"""Limits: where they come from, and which make no sense."""

import math
import re

import numpy as np
import pytest
from factories import make_spec
from posetrack.structures import PersonScores
from posetrack.trackers import TrackerConfig

NAN = math.nan
PERSON = PersonScores(keypoint=0.1, track=0.2, clear=0.3, mean_keypoint_score=0.4, moving=0.5)


def test_limits_on_scores_are_the_models():
    config = TrackerConfig.of(make_spec(person=PERSON))
    assert (config.birth_score, config.confident_score) == (0.2, 0.2)
    assert (config.confirm_score, config.confirm_mean_keypoint_score) == (0.3, 0.4)
    assert config.moving_score == 0.5


def test_model_that_is_not_calibrated_has_no_limits():
    assert TrackerConfig.of(make_spec(person=None)) == TrackerConfig()
    assert TrackerConfig().clear_people(np.float32([-9.0]), np.float32([0.0])).all()


def test_clear_people_need_both_scores():
    config = TrackerConfig.of(make_spec(person=PERSON))
    clear = config.clear_people(np.array([0.3, 0.29, 0.3]), np.array([0.4, 0.4, 0.39]))
    assert clear.tolist() == [True, False, False]


def test_cues_without_weight_are_not_computed():
    assert TrackerConfig(iou_weight=0).cue_weights == {"oks": 0.6}


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"confirm_matches": 1}, "confirm_matches must be at least 2, got 1"),
        ({"birth_score": 0.1, "confident_score": 0.2}, "confident_score must not be above birth"),
        ({"birth_score": NAN, "confident_score": 0.1}, "must not be above birth_score (nan)"),
        ({"birth_score": 0.1}, "birth_score and confident_score must be given both or neither"),
        ({"confident_share": 0.8}, "confident_share must not be above birth_share (0.75), got 0.8"),
        ({"birth_share": 1.1}, "birth_share must be at least 0, at most 1, got 1.1"),
        ({"double_oks": 0.0}, "double_oks must be above 0 and at most 1, got 0.0"),
        ({"lost_s": 0.0}, "lost_s must be above 0, got 0.0"),
        ({"confirm_s": -1.0}, "confirm_s must be at least 0, got -1.0"),
        ({"tentative_gap_s": NAN}, "tentative_gap_s must be at least 0, got nan"),
        ({"moving_way": NAN}, "moving_way must be at least 0, got nan"),
        ({"confirm_score": NAN}, "confirm_score must be a number, got nan"),
        ({"gate": NAN}, "gate must be above 0 and at most 1, got nan"),
        ({"weak_gate": 1.5}, "weak_gate must be above 0 and at most 1, got 1.5"),
        ({"oks_weight": 0, "iou_weight": 0}, "cue weights must be finite, none below 0 and one"),
        ({"oks_weight": -1}, "cue weights must be finite, none below 0 and one above, got {'oks':"),
        ({"oks_weight": NAN}, "cue weights must be finite"),
        ({"iou_weight": math.inf}, "cue weights must be finite"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        TrackerConfig(**limits)
