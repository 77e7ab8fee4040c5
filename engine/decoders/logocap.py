"""LOGO-CAP: regressed poses, refined by local attraction maps in large heatmap windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from ... import kernels
from ...kernels.transfer import Constant, leading_rows
from ...structures import ImageTransform, ModelSpec, Session
from ...structures.arrays import AnyArray, Float32Array, HeadArray, Int32Array
from ...structures.model_spec import Adaptation, Prior
from ..decoder_constants import decoder_constants
from ..heads import View, view_at_scale_1
from ..in_place import in_place
from ..padded_poses import PaddedPoses
from .logocap_windows import best_mesh_points, best_of_window, gaussian_window, mesh_steps

_PEAK_WINDOW = 3  # input pixels in which a center is the highest
# The smallest sigma of COCO: the mesh of a keypoint with it has one point per pixel.
_RELEASED_SMALLEST_SIGMA = 0.025


@dataclass(frozen=True, slots=True)
class LogoCapDecoding:
    """Constants of LOGO-CAP's decoding.

    The prior is our reading of table 7 of the paper: `kem` is the Gaussian around the initial
    keypoint alone, without heatmap, of which the paper says that it "cannot provide more
    information for refinement" (59.4 AP, less than the 60.0 of the initial poses); `kam` is
    everything but that Gaussian; `both` is the method. The released code has the last alone.

    Source: N. Xue et al., "Learning Local-Global Contextual Adaptation for Multi-Person Pose
    Estimation", CVPR 2022, and github.com/cherubicXN/logocap.
    """

    # those of the network's own configuration, which the spec always says
    adaptation: Adaptation  # partial: the highest mesh point; none: the initial pose
    prior: Prior  # what the full adaptation uses
    local_window: int  # points of the mesh along each axis
    global_window: int  # input pixels along each axis
    min_center: float = 0.01  # centers below are dropped; in the release the best one never is
    first_weight: float = 0.75  # of the highest cell of a window; the second has the rest
    nms_distance: float = 0.05  # of a pose's diagonal: closer keypoints are near
    nms_keypoints: int = 8  # poses with more near keypoints are the same

    @property
    def needs_refine(self) -> bool:
        """Whether attraction maps are used at all."""
        return self.adaptation == "partial" or (self.adaptation == "full" and self.prior != "kem")


@dataclass(frozen=True, slots=True)
class _Maps:
    """What the network said, as decoding wants it."""

    # of the input's size for several scales
    center: AnyArray  # (B, 1, h, w)
    heatmap: AnyArray  # (B, K, h, w), on which the keypoints are found
    offset: AnyArray  # (B, 2K, h, w) cells
    embedding: AnyArray | None  # (B, C, h, w); None where it is not used
    size: tuple[int, int]  # of the network's input


class LogoCapDecoder:
    """Center peaks, their regressed poses, and the adaptation that moves the keypoints.

    By the rules `released` the kernels are clamped to [0, 1] and divided by their number of
    points, meshes are one pixel wide at a sigma of 0.025, the best center counts however low it
    is, and poses that repeat another are dropped. By the rules `paper` the kernels stay as they
    are, the skeleton's smallest sigma has the mesh of one pixel, the adaptation sees the heatmaps
    of the unflipped image, keypoints whose score is not above 0 count as not found, and all poses
    with a keypoint stay. docs/rules.md names the equations.

    Args:
        spec: the model's; its decoder options override fields of `LogoCapDecoding`.
        companions: `refine`, the message passing network: `features` (N, K * C, s, s) ->
            `kernels` (N, K, s, s). Not needed without adaptation and by the prior `kem`.

    Raises:
        ValueError: an unknown option or choice, an even window, or `refine` is missing.
    """

    def __init__(self, spec: ModelSpec, companions: Mapping[str, Session]) -> None:
        constants = decoder_constants(LogoCapDecoding, spec)
        _check(constants)
        if constants.needs_refine and "refine" not in companions:
            raise ValueError(
                f"{spec.name} needs its refinement network for the adaptation "
                f"{constants.adaptation!r}: put <name>.refine.onnx beside the model, or choose "
                "the adaptation 'none'"
            )
        self.constants = constants
        self.max_people = spec.max_people
        self._stride, self._sign = spec.head("heatmap").stride, spec.head("offset").sign
        self._released = spec.rules == "released"
        self._refine = in_place(companions["refine"]) if constants.needs_refine else None
        sigmas = spec.skeleton.sigma_array
        smallest = np.float32(_RELEASED_SMALLEST_SIGMA) if self._released else sigmas.min()
        self._steps = Constant(mesh_steps(sigmas / smallest, constants.local_window))
        self._weights = Constant(_window_weights(constants))

    def __call__(self, views: Sequence[View]) -> PaddedPoses:
        """Poses in image pixels, best score first.

        Args:
            views: `heatmap` (B, K + 1, h, w) with the center last, `offset` (B, 2K, h, w) and, of
                the unflipped image, `embedding` (B, C, h, w) and by the rules `paper`
                `adaptation_heatmap` (B, K, h, w). Of a multi-scale test the heatmaps and embeddings
                are averaged, the poses start from the offsets of scale 1, and the result is clamped
                to the image; no such configuration was published, and how the embeddings are
                brought to one size is our choice.

        Raises:
            ValueError: none of the views has the scale 1, or `refine` returned another shape.
        """
        base = view_at_scale_1(views)
        maps = self._join(views, base)
        cells, centers, counts = self._centers(maps)
        starts, attraction = self._propose(cells, counts, maps)
        if starts.shape[1] == 0:
            return PaddedPoses(starts, starts[..., 0], centers, None, counts).bounded()
        keypoints, values = self._adapt(starts, attraction, counts, maps)
        poses = self._scored(keypoints, values * centers[..., None], counts)
        return self._in_image(poses, base.transform, clamp=len(views) > 1)

    def _join(self, views: Sequence[View], base: View) -> _Maps:
        """The maps of all scales, averaged at the size of scale 1."""
        size = base.transform.input_size
        heatmap = _averaged(views, "heatmap", size)
        center, heatmap = heatmap[:, -1:], heatmap[:, :-1]
        if not self._released and self.constants.adaptation == "full":
            heatmap = _averaged(views, "adaptation_heatmap", size)
        embedding = None
        if self.constants.needs_refine:
            embedding = _averaged(views, "embedding", base.heads["embedding"].shape[2:])
        return _Maps(center, heatmap, base.heads["offset"], embedding, size)

    def _centers(self, maps: _Maps) -> tuple[Int32Array, Float32Array, Int32Array]:
        """The centers of people, pixels of the enlarged map.

        Returns:
            (B, N) pixels, (B, N) values, falling, and (B,) how many of them count: all that are
            likely, or in the release the first if none is.
        """
        least = np.float32(self.constants.min_center)
        cells, values, counts = kernels.upsampled_peaks(
            maps.center,
            maps.size,
            self.max_people,
            window=_PEAK_WINDOW,
            rule="half-pixel",
            min_value=float(np.nextafter(least, np.float32(-np.inf))),
            at_least=1 if self._released else 0,
        )
        cells, values = leading_rows(counts[:, 0], cells[:, 0], values[:, 0])
        return cells, values, counts[:, 0]

    def _propose(
        self, cells: Int32Array, counts: Int32Array, maps: _Maps
    ) -> tuple[Float32Array, HeadArray | None]:
        """The poses that the offsets regress from each center, and their attraction maps.

        The offset is that of the cell a center lies in, but starts from the pixel itself: up to
        1 - 1 / stride of a cell stays in the pose.

        Returns:
            (B, N, K, 2) input pixels and (B, N, K, s, s), None where no adaptation asks for them.
        """
        stride = float(self._stride)
        if self._refine is None:
            places = kernels.center_offset_decode(
                cells, maps.offset, sign=self._sign, ratio=self._stride
            )
            return places * stride, None
        assert maps.embedding is not None  # joined where it is needed
        mesh = kernels.CenterMesh(self._steps.beside(cells), stride, self._sign, self._stride)
        starts, features = kernels.center_windows(cells, maps.offset, maps.embedding, mesh, counts)
        if starts.shape[1] == 0:  # nothing to ask `refine` about
            return starts, None
        return starts, self._attraction_maps(features)

    def _adapt(
        self,
        starts: Float32Array,
        attraction: HeadArray | None,
        counts: Int32Array,
        maps: _Maps,
    ) -> tuple[Float32Array, Float32Array]:
        """(B, N, K, 2) keypoints in input pixels and (B, N, K) values from the initial poses."""
        constants = self.constants
        if constants.adaptation == "full" and constants.prior == "kem":
            return best_of_window(starts, self._weights.host, constants.first_weight)
        if constants.adaptation == "partial":
            assert attraction is not None  # needs_refine says so
            limited = attraction.clip(0, 1) if self._released else attraction
            return best_mesh_points(starts, self._steps.beside(starts), limited)
        weights = self._weights.beside(starts)
        window = kernels.GlobalWindow(weights, constants.first_weight, clamp=self._released)
        return kernels.global_adaptation(
            starts, maps.heatmap, maps.size, attraction, window, counts
        )

    def _attraction_maps(self, features: HeadArray) -> HeadArray:
        """(B, N, K, s, s) what the message passing network makes of (B, N, K * C, s, s) windows."""
        assert self._refine is not None  # checked by the caller
        people, side = features.shape[1], self.constants.local_window
        count = len(self._steps.host)
        features = features.reshape(-1, *features.shape[2:])
        attraction = self._refine({"features": features})["kernels"]
        expected = (features.shape[0], count, side, side)
        if tuple(attraction.shape) != expected:
            raise ValueError(
                f"refine must return kernels of shape {expected}, got {tuple(attraction.shape)}"
            )
        return attraction.reshape(-1, people, count, side, side)

    def _scored(
        self, keypoints: Float32Array, keypoint_scores: Float32Array, counts: Int32Array
    ) -> PaddedPoses:
        """The poses with a mean score above 0, still in input pixels."""
        if not self._released:
            keypoint_scores = keypoint_scores.clip(0)
        scores = kernels.pose_scores(keypoint_scores, counts=counts)
        return PaddedPoses(keypoints, keypoint_scores, scores, None, None).selected(min_score=0.0)

    def _in_image(
        self, poses: PaddedPoses, transform: ImageTransform, *, clamp: bool
    ) -> PaddedPoses:
        """Poses in image pixels, those that stay, best first."""
        limits = None
        if clamp:
            height, width = transform.image_size
            limits = np.array([[width - 1, height - 1]], np.float32)
        poses = poses.moved(transform.matrix_to_image(), limits)
        poses = poses.bounded(above=None if self._released else 0.0)
        rows = counts = None
        if self._released:
            rows, counts = kernels.nms_near_keypoints(
                poses.keypoints,
                poses.scores,
                poses.counts,
                distance=self.constants.nms_distance,
                min_keypoints=self.constants.nms_keypoints,
                relative=True,
            )
        return poses.selected(rows, counts, limit=self.max_people, ranked=True)


def _check(constants: LogoCapDecoding) -> None:
    for name, choices in (("adaptation", Adaptation), ("prior", Prior)):
        value, allowed = getattr(constants, name), get_args(choices)
        if value not in allowed:
            listed = ", ".join(map(repr, allowed))
            raise ValueError(f"{name} must be one of {listed}, got {value!r}")
    for name in ("local_window", "global_window"):
        side = getattr(constants, name)
        if side < 3 or side % 2 == 0:
            raise ValueError(f"{name} must be odd and at least 3, got {side}")


def _window_weights(constants: LogoCapDecoding) -> Float32Array:
    """What a cell of the window around each keypoint counts: one cell without adaptation."""
    side = 1 if constants.adaptation == "none" else constants.global_window
    if constants.adaptation == "none" or constants.prior == "kam":
        return np.ones((side, side), np.float32)
    return gaussian_window(side)


def _averaged(views: Sequence[View], name: str, size: tuple[int, int]) -> AnyArray:
    """A head of one view as it is; the mean of several at one size."""
    if len(views) == 1:
        return views[0].heads[name]
    total, *others = (_resized(view.heads[name], size) for view in views)
    for other in others:
        total = total + other
    return total / len(views)


def _resized(maps: AnyArray, size: tuple[int, int]) -> AnyArray:
    """(B, C, h, w) at another size; at its own it stays as it is."""
    if maps.shape[2:] == size:
        return maps
    return kernels.upsample_maps(maps, size, rule="half-pixel")
