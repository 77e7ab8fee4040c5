"""Poses painted on a copy of the picture: limbs, keypoints, a quiet box, the track id.

This is on the hot path of every annotated video: NumPy works out all people of a frame at once,
limbs and keypoints become small convex polygons, and only boxes and tags are blended.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ..structures import Poses, Skeleton
from ..structures.arrays import BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array

Colour: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[int, int, int, int]

_SHIFT = 4  # OpenCV reads coordinates in sixteenths of a pixel
_MARGIN = 100.0  # pixels around the image where limbs still count: over half a line's width
_GOLDEN = 0.6180339887498949  # of a turn: hues of neighbouring ids are far apart, none repeats
_LIGHTNESS = (0.77, 0.70, 0.84, 0.73, 0.80)  # OKLCH, in turn: ids with near hues differ in tone
_CHROMA = 0.16  # OKLCH: vivid, not fluorescent
_FACE_SIGMA = 0.05  # keypoints more exact than this (eyes, ears, nose) are painted finer
_USUAL_SIZE = 0.35  # of the image's short side: a person of this size gets the plain widths
_FACE_DETAIL_SCALE = 2.5  # thinner people have plain lines in the face: more would be a mask
_SIZE_RANGE = (0.35, 1.35)  # how far a person's size changes the plain widths
_NO_BOX: Box = (0, 0, 0, 0)
_INK: Colour = (20, 20, 24)  # outlines, and the text of tags
_COMPLEX = np.array([1, 1j])  # x, y to x + iy: turning is then a product
_CAP = np.exp(1j * np.linspace(-np.pi / 2, np.pi / 2, 5))  # corners of a round end
# What a stroke is, in the order of painting within one person.
_OUTLINE, _WEAK, _RIGHT, _MIDDLE, _LEFT, _WEAK_DOT, _DOT = range(7)
_KINDS = 7


@dataclass(frozen=True, slots=True)
class PaintConfig:
    """What is painted, and how heavily."""

    min_score: float = 0.0  # keypoints at or below are not painted; the model's `person.keypoint`
    weak_score: float = 0.3  # below, keypoints and their limbs are thinner and paler, [0, 1]
    line_scale: float = 1.0  # multiplies line widths, dots and text, > 0
    boxes: bool = True  # a thin translucent box around each person
    labels: bool = True  # the track id, if there is one, on a tag at the box's top left


class _Strokes(NamedTuple):
    """Thick lines with round ends; a keypoint is one without length.

    Attributes:
        starts: (S, 2) x, y.
        ends: (S, 2) x, y.
        radii: (S,) half of the width, pixels.
        keys: (S,) order of painting: person, the last row first, times `_KINDS`, plus kind.
    """

    starts: Float64Array
    ends: Float64Array
    radii: Float64Array
    keys: Int64Array


class Tag(NamedTuple):
    """A painted label, ready to be laid on a picture: paint + picture * clear / 256.

    Attributes:
        paint: (h, w, 3) uint8, already multiplied with its opacity.
        clear: (h, w, 3) uint16, 0 where the tag hides the picture, 256 where it does not.
    """

    paint: UInt8Array
    clear: npt.NDArray[np.uint16]


class PosePainter:
    """Paints poses on a copy of an image; which poses to paint is the caller's choice.

    Args:
        skeleton: says which keypoints join, and which side of the body they are on.
        image_size: (H, W) of all images; lines and text scale with it.
        config: what is painted, and how heavily.

    Raises:
        ValueError: the image has no pixel.
    """

    def __init__(
        self, skeleton: Skeleton, image_size: tuple[int, int], config: PaintConfig | None = None
    ) -> None:
        if min(image_size) < 1:
            raise ValueError(f"image_size must be (H, W) of at least 1x1, got {image_size}")
        self._config = config or PaintConfig()
        self.image_size = image_size
        self._unit = (0.9 + min(image_size) / 500) * self._config.line_scale
        self._skeleton = skeleton
        self._edges = np.array(skeleton.edges, np.intp).reshape(-1, 2).T
        self._face = skeleton.sigma_array < _FACE_SIGMA
        self._edge_is_face = self._face[self._edges].any(axis=0)
        self._sides = _edge_sides(skeleton)

    def paint(
        self, image: UInt8Array, poses: Poses, *, out: UInt8Array | None = None
    ) -> UInt8Array:
        """The image with the poses on it, the first row on top.

        Args:
            image: (H, W, 3) RGB, left as it is.
            poses: in pixels of the image; what is outside it or not finite is left out.
            out: C-contiguous (H, W, 3) array to paint into, `image` too; a new one if None.

        Returns:
            (H, W, 3) uint8 RGB, `out` where it was given; it belongs to the caller.

        Raises:
            ValueError: image, `out` or poses do not have the shape this painter was made for.
        """
        self._check(image, poses, out)
        canvas = np.empty(image.shape, np.uint8) if out is None else out
        np.copyto(canvas, image)
        if len(poses) == 0:
            return canvas
        ids = [-1] * len(poses) if poses.track_ids is None else poses.track_ids.tolist()
        colours = [palette(index if index >= 0 else row) for row, index in enumerate(ids)]
        scales = self._person_scales(poses)
        boxes = self._whole_boxes(poses)
        if self._config.boxes:
            lines = np.maximum(np.rint(scales * 0.5), 1).astype(int).tolist()
            for box, line, colour in zip(boxes, lines, colours, strict=True):
                _blend_box(canvas, box, line, colour[_MIDDLE])
        self._paint_people(canvas, poses, scales, colours)
        if self._config.labels:
            self._paint_tags(canvas, boxes, scales, ids)
        return canvas

    def _check(self, image: UInt8Array, poses: Poses, out: UInt8Array | None) -> None:
        shape = (*self.image_size, 3)
        if image.shape != shape or image.dtype != np.uint8:
            raise ValueError(f"image must be {shape} uint8, got {image.shape} {image.dtype}")
        if out is not None and (
            out.shape != shape or out.dtype != np.uint8 or not out.flags.c_contiguous
        ):
            raise ValueError(f"out must be C-contiguous {shape} uint8, got {out.shape} {out.dtype}")
        if poses.keypoints.shape[1] != len(self._skeleton):
            raise ValueError(
                f"poses must have the {len(self._skeleton)} keypoints of "
                f"{self._skeleton.name}, got {poses.keypoints.shape[1]}"
            )

    def _person_scales(self, poses: Poses) -> Float64Array:
        """(N,) width of a limb in pixels: it grows with the image, less so with the person."""
        usual = _USUAL_SIZE * min(self.image_size)
        boxes = np.where(np.isfinite(poses.boxes), poses.boxes, np.nan).astype(np.float64)
        sides = np.nan_to_num((boxes[:, 2:] - boxes[:, :2]).max(axis=1), nan=usual)
        relative = np.sqrt(np.maximum(sides, 0.0) / usual)
        return np.asarray(self._unit * np.clip(relative, *_SIZE_RANGE), np.float64)

    def _whole_boxes(self, poses: Poses) -> list[Box]:
        """Boxes in whole pixels, cut a little outside the image; `_NO_BOX` where none is seen."""
        height, width = self.image_size
        finite = np.isfinite(poses.boxes).all(axis=1, keepdims=True)
        limits = np.array([width, height, width, height]) + _MARGIN
        boxes = np.clip(np.where(finite, poses.boxes, -_MARGIN), -_MARGIN, limits)
        corners = np.rint(boxes).astype(np.int64).tolist()
        return [
            (x1, y1, x2, y2) if 0 <= x2 > x1 < width and 0 <= y2 > y1 < height else _NO_BOX
            for x1, y1, x2, y2 in corners
        ]

    def _paint_people(
        self,
        canvas: UInt8Array,
        poses: Poses,
        scales: Float64Array,
        colours: list[tuple[Colour, ...]],
    ) -> None:
        found = poses.keypoint_scores > self._config.min_score
        found &= np.isfinite(poses.keypoints).all(axis=2)
        limbs = self._limb_strokes(poses, found, scales)
        dots = self._dot_strokes(poses, found, scales)
        starts, ends, radii, keys = (np.concatenate(pair) for pair in zip(limbs, dots, strict=True))
        starts, ends, kept = clip_segments(starts, ends, self.image_size)
        order = np.flatnonzero(kept)[np.argsort(keys[kept], kind="stable")]
        polygons = _polygons(starts[order], ends[order], radii[order])
        paints = [paint for colour in reversed(colours) for paint in colour]
        for polygon, key in zip(polygons, keys[order].tolist(), strict=True):
            cv2.fillConvexPoly(canvas, polygon, paints[key], cv2.LINE_AA, _SHIFT)

    def _limb_strokes(self, poses: Poses, found: BoolArray, scales: Float64Array) -> _Strokes:
        """The limbs with both ends found, and dark outlines under all but the fine ones."""
        a, b = self._edges
        row, edge = np.nonzero(found[:, a] & found[:, b])
        starts = poses.keypoints[row, a[edge]].astype(np.float64)
        ends = poses.keypoints[row, b[edge]].astype(np.float64)
        weak = poses.keypoint_scores < self._config.weak_score
        weak = (weak[:, a] | weak[:, b])[row, edge]
        face = self._edge_is_face[edge]
        radii = scales[row] * np.where(weak | face, 0.25, 0.5)
        keys = (len(poses) - 1 - row) * _KINDS
        dark = ~weak & ~(face & (scales[row] < _FACE_DETAIL_SCALE))
        border = scales[row] * 0.2 + 0.4
        return _Strokes(
            np.concatenate([starts[dark], starts]),
            np.concatenate([ends[dark], ends]),
            np.concatenate([(radii + border)[dark], radii]),
            np.concatenate(
                [keys[dark] + _OUTLINE, keys + np.where(weak, _WEAK, self._sides[edge])]
            ),
        )

    def _dot_strokes(self, poses: Poses, found: BoolArray, scales: Float64Array) -> _Strokes:
        """The keypoints found, save those of a small face that the ends of limbs already show."""
        a, b = self._edges
        row, edge = np.nonzero(found[:, a] & found[:, b])
        joined = np.zeros_like(found)
        joined[row, a[edge]] = joined[row, b[edge]] = True
        small_face = self._face & (scales < _FACE_DETAIL_SCALE)[:, None]
        row, column = np.nonzero(found & ~(small_face & joined))
        weak = (poses.keypoint_scores < self._config.weak_score)[row, column]
        radii = (scales[row] * 0.62 + 0.4) * np.where(weak | self._face[column], 0.6, 1.0)
        keys = (len(poses) - 1 - row) * _KINDS + np.where(weak, _WEAK_DOT, _DOT)
        points = poses.keypoints[row, column].astype(np.float64)
        return _Strokes(points, points, radii, keys)

    def _paint_tags(
        self, canvas: UInt8Array, boxes: list[Box], scales: Float64Array, ids: list[int]
    ) -> None:
        sizes = np.clip(scales, 0.75 * self._unit, 1.15 * self._unit) * 5.5 + 1
        heights = np.maximum(np.rint(sizes), 11).astype(int).tolist()
        for row in reversed(range(len(boxes))):
            if ids[row] >= 0 and boxes[row] != _NO_BOX:
                tag = render_tag(str(ids[row]), heights[row], palette(ids[row])[_MIDDLE])
                _blend_tag(canvas, tag, boxes[row])


def _edge_sides(skeleton: Skeleton) -> Int64Array:
    """(E,) the kind of each edge: the side of the body it belongs to."""
    left = {pair[0] for pair in skeleton.pairs}
    right = {pair[1] for pair in skeleton.pairs}
    kinds = []
    for a, b in skeleton.edges:
        touches_left, touches_right = bool({a, b} & left), bool({a, b} & right)
        one_sided = _LEFT if touches_left else _RIGHT
        kinds.append(_MIDDLE if touches_left == touches_right else one_sided)
    return np.array(kinds, np.int64)


def clip_segments(
    starts: Float64Array, ends: Float64Array, image_size: tuple[int, int]
) -> tuple[Float64Array, Float64Array, BoolArray]:
    """Cut segments to the image and a margin, so that no far end overflows in OpenCV.

    Args:
        starts: (S, 2) finite x, y.
        ends: (S, 2) finite x, y.
        image_size: (H, W).

    Returns:
        (S, 2) starts, (S, 2) ends, and (S,) whether any of the segment is left.

    Source: Liang and Barsky, "A new concept and method for line clipping", 1984.
    """
    low, high = np.full(2, -_MARGIN), np.array(image_size[::-1]) + _MARGIN
    if np.all(np.minimum(starts, ends) >= low) and np.all(np.maximum(starts, ends) <= high):
        return starts, ends, np.ones(len(starts), np.bool_)
    delta = ends - starts
    with np.errstate(divide="ignore", invalid="ignore"):
        to_low, to_high = (low - starts) / delta, (high - starts) / delta
    enter = np.fmin(to_low, to_high).max(axis=1, initial=0.0)
    leave = np.fmax(to_low, to_high).min(axis=1, initial=1.0)
    kept: BoolArray = np.less_equal(enter, leave)
    enter, leave = np.where(kept, enter, 0.0)[:, None], np.where(kept, leave, 0.0)[:, None]
    starts, ends = starts + enter * delta, starts + leave * delta
    return np.clip(starts, low, high), np.clip(ends, low, high), kept


def _polygons(starts: Float64Array, ends: Float64Array, radii: Float64Array) -> Int32Array:
    """(S, 10, 2) int32 corners of strokes, in sixteenths of a pixel; a keypoint is an octagon."""
    start, end = starts @ _COMPLEX, ends @ _COMPLEX
    along, length = end - start, np.abs(end - start)
    still = length == 0
    along *= radii / np.where(still, 1.0, length)
    along[still] = radii[still]
    caps = along[:, None] * _CAP
    corners = np.concatenate([end[:, None] + caps, start[:, None] - caps], axis=1) * (1 << _SHIFT)
    rounded = np.rint(corners.view(np.float64)).astype(np.int32)
    return rounded.reshape(len(starts), 2 * len(_CAP), 2)


def _blend_box(canvas: UInt8Array, box: Box, line: int, colour: Colour) -> None:
    """Four half-transparent strips that leave out the corner pixels, which rounds the box."""
    x1, y1, x2, y2 = box
    strips = (
        (x1 + line, y1, x2 - line + 1, y1 + line),
        (x1 + line, y2 - line + 1, x2 - line + 1, y2 + 1),
        (x1, y1 + line, x1 + line, y2 - line + 1),
        (x2 - line + 1, y1 + line, x2 + 1, y2 - line + 1),
    )
    paint = np.frombuffer(bytes(colour) * (max(x2 - x1, y2 - y1) * line), np.uint8)
    for left, top, right, bottom in strips:
        strip = canvas[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        if strip.size:
            same = paint[: strip.size].reshape(strip.shape)
            cv2.addWeighted(strip, 0.5, same, 0.5, 0.0, dst=strip)


def _blend_tag(canvas: UInt8Array, tag: Tag, box: Box) -> None:
    """Lay a tag on top of a box, inside the picture; one larger than the picture is left out."""
    height, width = canvas.shape[:2]
    h, w = tag.paint.shape[:2]
    if h > height or w > width:
        return
    x, y = min(max(box[0], 0), width - w), min(max(box[1] - h, 0), height - h)
    place = canvas[y : y + h, x : x + w]
    place[:] = tag.paint + ((place * tag.clear) >> 8)


@lru_cache(maxsize=512)
def render_tag(text: str, height: int, colour: Colour) -> Tag:
    """Dark text on a filled tag with rounded corners, `height` pixels tall."""
    ink = _text_mask(text, round(height * 0.6))
    width = max(ink.shape[1] + round(height * 0.5), height)
    y, x = (height - ink.shape[0]) // 2, (width - ink.shape[1]) // 2
    text_mask = np.zeros((height, width, 1))
    text_mask[y : y + ink.shape[0], x : x + ink.shape[1], 0] = ink
    paint = np.array(colour) * (1 - text_mask) + np.array(_INK) * text_mask
    opacity = np.repeat(_rounded(height, width, max(2, round(height * 0.2))), 3, axis=2)
    clear = np.floor(256 * (1 - opacity)).astype(np.uint16)
    return Tag(np.floor(paint * opacity).astype(np.uint8), clear)


def _text_mask(text: str, height: int) -> Float64Array:
    """(height, w) ink of a text in [0, 1], drawn large and shrunk: sharp at any size."""
    large, font = 4 * height, cv2.FONT_HERSHEY_SIMPLEX
    scale, line = large / 22, max(2, large // 7)
    (width, _), _ = cv2.getTextSize(text, font, scale, line)
    mask = np.zeros((3 * large, width + 4 * large), np.uint8)
    cv2.putText(mask, text, (2 * large, 2 * large), font, scale, (255,), line, cv2.LINE_AA)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    drawn = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = max(1, round(drawn.shape[1] * height / drawn.shape[0]))
    shrunk = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    return np.array(shrunk, np.float64) / 255


def _rounded(height: int, width: int, radius: int) -> Float64Array:
    """(height, width, 1) opacity of a rectangle with rounded corners."""
    y = np.maximum(np.abs(np.arange(height) - (height - 1) / 2) - (height / 2 - radius), 0.0)
    x = np.maximum(np.abs(np.arange(width) - (width - 1) / 2) - (width / 2 - radius), 0.0)
    distance = np.hypot(y[:, None], x)
    return np.asarray(np.clip(radius + 0.5 - distance, 0.0, 1.0), np.float64)[:, :, None]


@lru_cache(maxsize=4096)
def palette(index: int) -> tuple[Colour, ...]:
    """The colours of a track id, or of a row without one, by kind: the same in every frame."""
    base = _oklch(_LIGHTNESS[index % len(_LIGHTNESS)], _CHROMA, index * _GOLDEN % 1.0)
    white, black, grey = (255, 255, 255), (0, 0, 0), (128, 128, 128)
    left, right = _mix(base, white, 0.38), _mix(base, black, 0.15)
    weak, dot = _mix(base, grey, 0.5), _mix(base, white, 0.8)
    return _INK, weak, right, base, left, weak, dot


def _mix(colour: Colour, other: Colour, part: float) -> Colour:
    r, g, b = (round(c + (o - c) * part) for c, o in zip(colour, other, strict=True))
    return r, g, b


def _oklch(lightness: float, chroma: float, turn: float) -> Colour:
    """An OKLCH colour in sRGB, cut to its gamut; equal lightness looks equally light in all hues.

    Source: Ottosson, "A perceptual color space for image processing", 2020,
    https://bottosson.github.io/posts/oklab/
    """
    a, b = chroma * np.cos(2 * np.pi * turn), chroma * np.sin(2 * np.pi * turn)
    lms = np.array(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(to_rgb @ lms**3, 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(srgb * 255).astype(int).tolist()
    return red, green, blue
