"""Tracks of people from frame to frame: the definition of right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...structures.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array
from ...structures.skeleton import AREA_SHARE
from ..contract import CONSTANTS
from ..tracking import TRACK, Followed, PoseArrays, TrackTable
from .association import assign, iou_cost

__all__ = ["follow_poses", "predict_tracks", "track_costs"]

_SMALLEST_SIDE = 1.0  # px; a predicted or given box is never thinner
_SLOWING_S = 0.3  # in which a velocity that fades falls to 37 %
_FEWEST_COMMON = 3  # keypoints; poses that share fewer are alike by that much less
_MOST_SPREAD = 0.6  # in box heights, of a prediction
_FAR = 2.4477  # the 95 % quantile of chi for two degrees of freedom
_BOX_ERROR = 0.1  # box heights; how exact the centre of a given box is
_TENTATIVE, _CONFIRMED = 1, 2


def predict_tracks(table: TrackTable, config: AnyArray, *, time_s: float, step_s: float) -> None:
    """See `kernels.tracking.predict_tracks`."""
    rows, limits = table.rows, config[0]
    fading = time_s - rows["seen_s"] > limits["coast_s"]
    rows["velocity"][fading] *= np.exp(-step_s / _SLOWING_S)
    before = rows["position"].copy()
    moved = before + step_s * rows["velocity"]
    moved[:, 2:] = np.maximum(moved[:, 2:], _SMALLEST_SIDE)
    walk = _variance(before[:, 3], limits["center_walk"], limits["size_walk"])  # px²/s³
    both, speed_spread = rows["covariance"].copy(), rows["velocity_variance"].copy()
    rows["position"] = moved
    rows["position_variance"] += step_s * (2 * both + step_s * (speed_spread + step_s / 3 * walk))
    rows["covariance"] += step_s * (speed_spread + step_s / 2 * walk)
    rows["velocity_variance"] += step_s * walk
    zoom = moved[:, None, 2:] / before[:, None, 2:]
    table.keypoints[:] = (table.keypoints - before[:, None, :2]) * zoom + moved[:, None, :2]


def track_costs(
    table: TrackTable,
    poses: PoseArrays,
    config: AnyArray,
    *,
    time_s: float,
    more_cost: Float64Array | None = None,
    more_weight: float = 0.0,
) -> Float64Array:
    """See `kernels.tracking.track_costs`."""
    rows, boxes, limits = table.rows, poses.boxes.astype(np.float64), config[0]
    center, size = rows["position"][:, :2], rows["position"][:, 2:]
    predicted = np.concatenate((center - size / 2, center + size / 2), axis=1)
    cost = np.zeros((len(table), len(poses))) if more_cost is None else more_cost.copy()
    total = more_weight + sum(limits[f"{name}_weight"] for name in ("oks", "iou", "motion"))
    if limits["oks_weight"]:
        tolerance = 4 * np.mean(table.sigmas.astype(np.float64) ** 2)
        spread = np.minimum(rows["position_variance"][:, 0], (_MOST_SPREAD * size[:, 1]) ** 2)
        area = AREA_SHARE * size.prod(axis=1) + 2 * spread / tolerance
        for t, n in np.ndindex(cost.shape):
            known = (table.keypoints[t], table.keypoint_scores[t])
            seen = (poses.keypoints[n], poses.keypoint_scores[n])
            cost[t, n] += limits["oks_weight"] * (
                1 - _similarity(*known, *seen, table.sigmas, area[t])
            )
    if limits["iou_weight"]:
        cost += limits["iou_weight"] * iou_cost(predicted, boxes)
    if limits["motion_weight"]:
        offset = (boxes[:, :2] + boxes[:, 2:]) / 2 - center[:, None]
        error = (_BOX_ERROR * (boxes[:, 3] - boxes[:, 1])) ** 2
        variance = rows["position_variance"][:, None, :2] + error[:, None]
        far = np.sqrt((offset**2 / variance).sum(axis=2))
        cost += limits["motion_weight"] * np.minimum(far / _FAR, 1)
    cost = cost / total if total else np.ones_like(cost)
    cost[~(time_s - rows["seen_s"] <= limits["lost_s"])] = np.inf
    return cost


def follow_poses(  # noqa: PLR0913 - as the kernel
    table: TrackTable,
    poses: PoseArrays,
    config: AnyArray,
    *,
    time_s: float,
    gate: float,
    more_cost: Float64Array | None = None,
    more_weight: float = 0.0,
    looks: Float64Array | None = None,
) -> Followed:
    """See `kernels.tracking.follow_poses`."""
    limits, tracks = config[0], table.rows
    birth, confident = _learned(table, poses.scores, limits)
    once = ~_doubles(poses, table.sigmas, limits["double_oks"])
    strong, good = poses.scores >= np.float32(confident), poses.scores >= np.float32(birth)
    cost = track_costs(
        table, poses, config, time_s=time_s, more_cost=more_cost, more_weight=more_weight
    )
    rows = np.full(len(poses), -1, np.int32)
    everybody = np.ones(len(table), np.bool_)
    _match(rows, cost, everybody, once & strong, gate)
    _match(rows, cost, everybody, once & ~strong, limits["weak_gate"])
    if looks is not None:
        lost_s = time_s - tracks["seen_s"]
        away = (tracks["confirmed"] > 0) & (lost_s > limits["returns_after_s"])
        away &= lost_s <= limits["patience_s"]
        _match(rows, looks, away, once & good, limits["return_gate"])
    for n, t in enumerate(rows):
        if t >= 0:
            _correct(table, int(t), poses, n, time_s, limits)
    patience_s = np.where(tracks["confirmed"] > 0, limits["patience_s"], limits["tentative_s"])
    kept = np.flatnonzero(time_s - tracks["seen_s"] <= patience_s)
    born = np.flatnonzero(once & good & (rows < 0))
    born = born[np.argsort(-poses.scores[born], kind="stable")]
    place = {int(t): i for i, t in enumerate(kept)}
    rows[:] = [place.get(int(t), -1) for t in rows]
    rows[born] = len(kept) + np.arange(len(born))
    _arrange(table, kept, poses, born, time_s, limits)
    there, tracks = rows >= 0, table.rows
    track_ids, states = np.full(len(rows), -1, np.int64), np.zeros(len(rows), np.uint8)
    track_ids[there] = tracks["id"][rows[there]]
    confirmed = tracks["confirmed"][rows[there]] > 0
    states[there] = np.where(confirmed, _CONFIRMED, _TENTATIVE)
    sources = np.concatenate((kept, -1 - born)).astype(np.int32)
    return Followed(track_ids, states, rows, sources)


def _learned(table: TrackTable, scores: Float32Array, limits: Any) -> tuple[float, float]:
    """The scores that start and that confidently continue tracks."""
    tracker, room = table.tracker[0], CONSTANTS["PT_SCORES"]
    newest = np.concatenate(
        (tracker["newest_scores"][: tracker["scores"]], np.sort(scores[scores > 0]))
    )[-room:]
    ranked = np.sort(newest)
    tracker["scores"] = len(newest)
    tracker["newest_scores"][: len(newest)] = newest
    tracker["ranked_scores"][: len(newest)] = ranked
    weight = np.cumsum(ranked)
    typical = ranked[np.searchsorted(weight, weight[-1] / 2)] if len(ranked) else -np.inf
    given = not np.isnan([limits["birth_score"], limits["confident_score"]]).any()
    for name in ("birth", "confident", "confirm"):
        known = not np.isnan(limits["confirm_score"]) if name == "confirm" else given
        tracker[name] = limits[f"{name}_score"] if known else limits[f"{name}_share"] * typical
    return tracker["birth"], tracker["confident"]


def _doubles(poses: PoseArrays, sigmas: Float32Array, threshold: float) -> BoolArray:
    """(N,): which poses resemble one with a higher score."""
    keypoints, scores, boxes = poses.keypoints, poses.keypoint_scores, poses.boxes
    doubles = np.zeros(len(poses), np.bool_)
    for n, m in np.ndindex(len(poses), len(poses)):
        if poses.scores[m] > poses.scores[n]:
            x1, y1, x2, y2 = boxes[m].astype(np.float64)
            area = AREA_SHARE * (x2 - x1) * (y2 - y1)
            pair = (keypoints[m], scores[m], keypoints[n], scores[n])
            doubles[n] |= _similarity(*pair, sigmas, area) >= threshold
    return doubles


def _match(
    rows: Int32Array, cost: Float64Array, tracks: BoolArray, poses: BoolArray, gate: float
) -> None:
    """Match those of the named tracks (T,) and poses (N,) that are still free, into `rows`."""
    free = np.flatnonzero(tracks & ~np.isin(np.arange(len(tracks)), rows))
    here = np.flatnonzero(poses & (rows < 0))
    match = assign(cost[free[:, None], here], gate)
    rows[here[match[match >= 0]]] = free[match >= 0]


def _correct(
    table: TrackTable, t: int, poses: PoseArrays, n: int, time_s: float, limits: Any
) -> None:
    track = table.rows[t : t + 1]
    _correct_box(track, poses.boxes[n], limits["center_error"], limits["size_error"])
    track["matches"] += 1
    forgotten = -np.expm1((track["seen_s"] - time_s) / limits["score_memory_s"])
    share = np.maximum(1 / track["matches"], forgotten)
    mean = poses.keypoint_scores[n].mean(dtype=np.float64)
    track["score"] += share * (poses.scores[n] - track["score"])
    track["mean_keypoint_score"] += share * (mean - track["mean_keypoint_score"])
    track["seen_s"] = time_s
    found = poses.keypoint_scores[n] > 0
    table.keypoints[t, found] = poses.keypoints[n, found]
    table.keypoint_scores[t, found] = poses.keypoint_scores[n, found]
    table.keypoint_seen_s[t, found] = time_s
    old = ~(time_s - table.keypoint_seen_s[t] <= limits["keypoint_memory_s"])
    table.keypoint_scores[t, old] = 0
    way = np.linalg.norm(track["position"][0, :2] - track["birth_center"][0])
    way /= np.sqrt(track["position"][0, 2:].prod())
    clear = (track["score"] >= table.tracker["confirm"]) & (
        track["mean_keypoint_score"] >= limits["confirm_mean_keypoint_score"]
    )
    moving = (track["score"] >= limits["moving_score"]) & (way >= limits["moving_way"])
    long = (time_s - track["born_s"] >= limits["confirm_s"]) & (
        track["matches"] >= limits["confirm_matches"]
    )
    track["confirmed"] |= (long & (clear | moving)).astype(np.int64)


def _correct_box(
    track: AnyArray, box: Float32Array, center_error: float, size_error: float
) -> None:
    """The Kalman filter's correction of one track (1,) by one box (4,)."""
    seen = _centers_and_sizes(box[None])
    error = _variance(seen[:, 3], center_error, size_error)
    spread, both = track["position_variance"].copy(), track["covariance"].copy()
    gain, speed_gain = spread / (spread + error), both / (spread + error)
    surprise = seen - track["position"]
    track["position"] += gain * surprise
    track["position"][:, 2:] = np.maximum(track["position"][:, 2:], _SMALLEST_SIDE)
    track["velocity"] += speed_gain * surprise
    track["position_variance"] = gain * error
    track["covariance"] = speed_gain * error
    track["velocity_variance"] -= speed_gain * both


def _arrange(
    table: TrackTable,
    kept: AnyArray,
    poses: PoseArrays,
    born: AnyArray,
    time_s: float,
    limits: Any,
) -> None:
    """The tracks that were kept, and behind them a new one for every pose that was born."""
    new = np.zeros(len(born), TRACK)
    position = _centers_and_sizes(poses.boxes[born])
    new["id"] = table.tracker["next_id"] + np.arange(len(born))
    new["matches"] = 1
    new["born_s"] = new["seen_s"] = time_s
    new["score"] = poses.scores[born]
    new["mean_keypoint_score"] = poses.keypoint_scores[born].mean(axis=1, dtype=np.float64)
    new["position"], new["birth_center"] = position, position[:, :2]
    new["position_variance"] = _variance(
        position[:, 3], limits["center_error"], limits["size_error"]
    )
    new["velocity_variance"] = _variance(
        position[:, 3], limits["center_speed"], limits["size_speed"]
    )
    arrays = (
        np.concatenate((table.rows[kept], new)),
        np.concatenate((table.keypoints[kept], poses.keypoints[born])),
        np.concatenate((table.keypoint_scores[kept], poses.keypoint_scores[born])),
        np.concatenate(
            (table.keypoint_seen_s[kept], np.full((len(born), len(table.sigmas)), time_s))
        ),
    )
    table.tracker["tracks"] = len(arrays[0])
    table.tracker["next_id"] += len(born)
    table.fill(*arrays, room=2 * len(arrays[0]) + 1)


def _centers_and_sizes(boxes: Float32Array) -> Float64Array:
    """(N, 4) x1, y1, x2, y2 -> (N, 4) centre x, centre y, width, height."""
    low, high = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    return np.concatenate(((low + high) / 2, np.maximum(high - low, _SMALLEST_SIDE)), axis=1)


def _variance(heights: Float64Array, center: float, size: float) -> Float64Array:
    """(T, 4) squares of `center` and `size`, given in box heights (T,), in pixels."""
    squares = np.array((center, center, size, size)) ** 2
    return np.asarray(heights[:, None] ** 2 * squares)


def _similarity(
    keypoints: Float32Array,
    scores: Float32Array,
    others: Float32Array,
    other_scores: Float32Array,
    sigmas: Float32Array,
    area: float,
) -> float:
    """Object keypoint similarity over the keypoints that both have."""
    both = (scores > 0) & (other_scores > 0)
    if not area > 0:
        return 0.0
    squared = ((keypoints[both].astype(np.float64) - others[both]) ** 2).sum(axis=1)
    exponent = squared / (2 * area * (2 * sigmas[both].astype(np.float64)) ** 2)
    similar = np.exp(-np.where(np.isnan(exponent), np.inf, exponent)).sum()
    return float(similar / max(both.sum(), _FEWEST_COMMON))
