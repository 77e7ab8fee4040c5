"""Every kernel in slow, obvious NumPy: the definition of right for the twins."""

from .adaptive import adaptive_convolution
from .association import appearance_cost, assign, iou_cost
from .boxes import box_nms, box_overlap, generate_boxes, roi_align
from .flip import merge_mirrored
from .grouping import absorb, fit_gaussians, sample_heat, scoring_feature
from .heatmaps import center_nms_topk, center_offset_decode, gaussian_argmax
from .images import preprocess, size_image
from .logocap import global_adaptation, local_windows
from .similarity import oks_between, oks_matrix, oks_nms, person_nms, pose_nms
from .single_person import (
    fuse_offsets,
    heatmap_argmax,
    quarter_offset_argmax,
    smooth_heatmaps,
    soft_argmax,
)
from .upsampling import upsample_maps, upsampled_peaks

__all__ = [
    "absorb",
    "adaptive_convolution",
    "appearance_cost",
    "assign",
    "box_nms",
    "box_overlap",
    "center_nms_topk",
    "center_offset_decode",
    "fit_gaussians",
    "fuse_offsets",
    "gaussian_argmax",
    "generate_boxes",
    "global_adaptation",
    "heatmap_argmax",
    "iou_cost",
    "local_windows",
    "merge_mirrored",
    "oks_between",
    "oks_matrix",
    "oks_nms",
    "person_nms",
    "pose_nms",
    "preprocess",
    "quarter_offset_argmax",
    "roi_align",
    "sample_heat",
    "scoring_feature",
    "size_image",
    "smooth_heatmaps",
    "soft_argmax",
    "upsample_maps",
    "upsampled_peaks",
]
