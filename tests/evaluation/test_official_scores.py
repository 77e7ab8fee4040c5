"""The official tools' numbers: of two made-up videos, and of every case of the shared data."""

import json
from pathlib import Path

import pytest
from posetrack.evaluation import TrackingEvaluation
from posetrack.formats import open_tracks

FILE = Path(__file__).parents[1] / "data" / "evaluation" / "two_videos.json"
OFFICIAL = 1e-6
PARITY = {
    "ap": "AP",
    "ap_precision": "AP_precision",
    "ap_recall": "AP_recall",
    "mota": "MOTA",
    "precision": "precision",
    "recall": "recall",
    "motp_match_and_switch_only": "MOTP",
    "motp_as_released_with_pip_motmetrics": "MOTP_released",
}
OF_A_SEQUENCE = {
    "ap": "AP",
    "pre": "AP_precision",
    "rec": "AP_recall",
    "mota": "MOTA",
    "mot_pre": "precision",
    "mot_rec": "recall",
}
CASES = ("perfect", "one_person", "ignore_regions", "posetrack18_format")


def evaluated(truth, predictions, *, strict=True):
    evaluation = TrackingEvaluation(strict=strict)
    for path in sorted(truth.glob("*.json")):
        pair = zip(open_tracks(path), open_tracks(predictions / path.name), strict=True)
        evaluation.add_video(path.stem, pair)
    return evaluation.scores()


def with_total(scores, name):
    return [*(row[name] for row in scores.per_keypoint.values()), scores.total[name]]


def expected(values):
    return pytest.approx(
        [float("nan") if v is None else v for v in values], abs=OFFICIAL, nan_ok=True
    )


@pytest.fixture(scope="module")
def two_videos(tmp_path_factory):
    document = json.loads(FILE.read_text(encoding="utf-8"))
    folder = tmp_path_factory.mktemp("two_videos")
    for side in ("truth", "predictions"):
        (folder / side).mkdir()
        for name, video in document["videos"].items():
            (folder / side / f"{name}.json").write_text(json.dumps(video[side]), encoding="utf-8")
    return folder, document


def test_strict_scores_are_posevals(two_videos):
    folder, document = two_videos
    scores = evaluated(folder / "truth", folder / "predictions")
    for name, values in document["poseval"].items():
        assert with_total(scores, name) == expected(values), name


@pytest.mark.parametrize("tool", ["trackeval", "motmetrics"])
def test_scores_of_people_are_those_of(two_videos, tool):
    folder, document = two_videos
    total = evaluated(folder / "truth", folder / "predictions", strict=False).total
    ours = {name: total[name] for name in document[tool]}
    assert ours == pytest.approx(document[tool], abs=OFFICIAL)


@pytest.mark.data
@pytest.mark.parametrize("case", CASES)
def test_strict_scores_are_posevals_on_shared_cases(shared, case):
    folder = shared / "parity" / "poseval" / case
    wanted = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    scores = evaluated(folder / "gt", folder / "pred")
    for theirs, ours in PARITY.items():
        assert with_total(scores, ours) == expected(wanted[theirs]), ours
    for theirs, ours in (("ap", "AP"), ("mota", "MOTA")):
        parts = [*(part[ours] for part in scores.per_part.values()), scores.total[ours]]
        assert parts == expected(wanted[f"{theirs}_table_head_sho_elb_wri_hip_knee_ankl_total"])
    for video, values in wanted["ap_per_sequence"].items():
        for theirs, ours in OF_A_SEQUENCE.items():
            assert [scores.per_video[video][ours]] == expected(values[theirs][-1:])
