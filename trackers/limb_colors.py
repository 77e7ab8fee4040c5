"""How people are dressed: the colours along the limbs of a pose, without any network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from ..structures import Poses, Skeleton
from ..structures.arrays import AnyArray, BoolArray, Float32Array, UInt8Array

_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head_top", "head_bottom")
_LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
_FROM = 4  # keypoints at most that a sample is found from
_STRIPES = 3  # of the torso, from the shoulders to the hips
_TORSO_ROWS, _TORSO_COLUMNS = 9, 5  # of samples
_LIMB_ROWS, _LIMB_SIDE = 5, 0.07  # samples along a limb; to either side of it, in its lengths
_HEAD_STEP = 0.04  # between samples of the head, in heights of the box
# (12,) x + iy around the middle of the face, mostly above it, where the hair is, in such steps
_HEAD_GRID = (np.arange(-1, 2)[:, None] + 1j * np.arange(-2, 2)).ravel()
_FOUND = 0.5  # of the mean score of a pose's keypoints: from there on one is looked at

_GREY = 110.0  # the mean that each channel is brought to
_BITS = 5  # of a channel in the table of colours
_LIGHT_BINS, _CHROMA_BINS = 8, 6  # of L; of a and of b
_CHROMA = 30.0  # a and b from grey to the last bin

PARTS = _STRIPES + len(_LIMBS) + 1
BINS = _LIGHT_BINS + _CHROMA_BINS**2


def limb_colors(image: UInt8Array, poses: Poses, skeleton: Skeleton) -> Float32Array:
    """The colours of each part of each person, alike in every light.

    Parts are three stripes of the torso, upper arms, forearms, thighs, shins, and the head; left
    and right are one, for who turns around is the same person. Each has a histogram of lightness
    and one of chroma, CIELAB, once all channels of the image have the same mean (the grey-world
    assumption). Of both the square roots are taken, so that the cosine between two people is their
    Bhattacharyya coefficient.

    Args:
        image: (H, W, 3) uint8 RGB.
        poses: N of that image.
        skeleton: their type.

    Returns:
        (N, PARTS, BINS) float32: vectors of length 1, zeros for a part that cannot be seen.
    """
    if not len(poses):
        return np.zeros((0, PARTS, BINS), np.float32)
    points, seen, parts = _samples(poses, skeleton)
    height, width = image.shape[:2]
    columns, rows = np.rint(points.real).astype(int), np.rint(points.imag).astype(int)
    seen &= (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    person, sample = np.nonzero(seen)
    bins, shares = _binned(image[rows[seen], columns[seen]], _gains(image))
    cells = (person * PARTS + parts[sample])[:, None] * BINS + bins
    counts = np.bincount(cells.ravel(), shares.ravel(), len(poses) * PARTS * BINS)
    looks = np.sqrt(counts.reshape(len(poses), PARTS, BINS))
    lengths = np.linalg.norm(looks, axis=2, keepdims=True)
    return np.asarray(looks / np.where(lengths > 0, lengths, 1), np.float32)


def _samples(poses: Poses, skeleton: Skeleton) -> tuple[AnyArray, BoolArray, AnyArray]:
    """Points (N, S) as x + iy, whether each lies on something found, and the part of each (S,)."""
    keypoints, weights, parts, head = _pattern(skeleton)
    scores = np.maximum(poses.keypoint_scores, 0)
    found = (scores > 0) & (scores >= _FOUND * scores.mean(axis=1, keepdims=True))
    places = poses.keypoints[..., 0] + 1j * poses.keypoints[..., 1].astype(np.float64)
    places = np.where(found, places, 0)
    points = sum(places[:, keypoints[i]] * weights[i] for i in range(_FROM))
    seen = np.logical_and.reduce([found[:, keypoints[i]] for i in range(_FROM)])
    heads = found[:, head].sum(axis=1, keepdims=True)
    middle = places[:, head].sum(axis=1, keepdims=True) / np.maximum(heads, 1)
    heights = (poses.boxes[:, 3] - poses.boxes[:, 1]).astype(np.float64)
    around = middle + _HEAD_GRID * _HEAD_STEP * heights[:, None]
    points = np.concatenate((points, around), axis=1)
    seen = np.concatenate((seen, np.repeat(heads > 0, around.shape[1], axis=1)), axis=1)
    return points, np.asarray(seen), parts


@cache
def _pattern(skeleton: Skeleton) -> tuple[AnyArray, AnyArray, AnyArray, list[int]]:
    """Which samples there are.

    Returns:
        (_FROM, S) keypoints and their complex weights: the sum of the keypoints x + iy so weighted
        is a sample of the torso or of a limb; (S + 12,) the part of these and of those of the head;
        the keypoints of the head.
    """
    index = {name: i for i, name in enumerate(skeleton.keypoints)}
    samples = [(part, of) for part, of in (*_torso(), *_limbs()) if of.keys() <= index.keys()]
    keypoints = np.zeros((_FROM, len(samples)), int)
    weights = np.zeros((_FROM, len(samples)), np.complex128)
    for s, (_, of) in enumerate(samples):
        names = [*of, *[next(iter(of))] * (_FROM - len(of))]  # the first again, with no weight
        keypoints[:, s] = [index[name] for name in names]
        weights[: len(of), s] = list(of.values())
    parts = [part for part, _ in samples] + [PARTS - 1] * _HEAD_GRID.size
    return keypoints, weights, np.array(parts), [index[name] for name in _HEAD if name in index]


def _torso() -> Iterator[tuple[int, dict[str, complex]]]:
    """Part and weights of keypoints by name, for each sample."""
    for n, down in enumerate(np.linspace(0.05, 0.95, _TORSO_ROWS)):
        for right in np.linspace(0.15, 0.85, _TORSO_COLUMNS):
            sides = {"left": 1 - right, "right": right}
            ends = {"shoulder": 1 - down, "hip": down}
            yield (
                n * _STRIPES // _TORSO_ROWS,
                {f"{side}_{end}": sides[side] * ends[end] for side in sides for end in ends},
            )


def _limbs() -> Iterator[tuple[int, dict[str, complex]]]:
    """Likewise; a factor i turns the limb by 90 degrees."""
    for part, (begin, end) in enumerate(_LIMBS, start=_STRIPES):
        for side in ("left", "right"):
            for along in np.linspace(0.1, 0.9, _LIMB_ROWS):
                for beside in (-1j * _LIMB_SIDE, 0, 1j * _LIMB_SIDE):
                    there = along + beside
                    yield part, {f"{side}_{begin}": 1 - there, f"{side}_{end}": there}


def _gains(image: UInt8Array) -> AnyArray:
    """(3,) that bring the means of the channels to `_GREY`."""
    step = max(1, round((image.shape[0] * image.shape[1] / 2000) ** 0.5))
    means = image[step // 2 :: step, step // 2 :: step].mean(axis=(0, 1))
    return np.asarray(_GREY / np.maximum(means, 1))


def _binned(colors: UInt8Array, gains: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Bins (M, 6) of M colours, two of L and four of a and b, and the share (M, 6) in each."""
    top = (1 << _BITS) - 1
    levels = np.minimum(np.rint(np.arange(256)[:, None] * (gains * (top / 255))), top).astype(int)
    red, green, blue = (levels[colors[:, i], i] for i in range(3))
    color = (red << 2 * _BITS) | (green << _BITS) | blue
    bins, shares = _color_tables()
    return bins[color], shares[color]


@cache
def _color_tables() -> tuple[AnyArray, Float32Array]:
    """For every colour of `_BITS` a channel its bins and shares, (2^(3 * _BITS), 6) each."""
    import cv2

    levels = np.linspace(0, 1, 1 << _BITS, dtype=np.float32)
    colors = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    lab = cv2.cvtColor(colors.reshape(1, -1, 3), cv2.COLOR_RGB2LAB)[0]
    chroma = (np.clip(lab[:, 1:] / _CHROMA, -1, 1) + 1) / 2 * (_CHROMA_BINS - 1)
    places = np.concatenate((lab[:, :1] / 100 * (_LIGHT_BINS - 1), chroma), axis=1)
    low = np.minimum(places.astype(int), (_LIGHT_BINS - 2, _CHROMA_BINS - 2, _CHROMA_BINS - 2))
    (l, a, b), (dl, da, db) = low.T, (places - low).T  # noqa: E741 - CIELAB's L
    corner = _LIGHT_BINS + a * _CHROMA_BINS + b
    bins = (l, l + 1, corner, corner + 1, corner + _CHROMA_BINS, corner + _CHROMA_BINS + 1)
    shares = (1 - dl, dl, (1 - da) * (1 - db), (1 - da) * db, da * (1 - db), da * db)
    return np.stack(bins, axis=1), np.stack(shares, axis=1).astype(np.float32)
