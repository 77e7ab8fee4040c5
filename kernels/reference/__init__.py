"""Every kernel in slow, obvious NumPy: the definition of right for the twins."""

from .adaptive import adaptive_convolution
from .association import appearance_cost, assign, iou_cost
from .boxes import box_overlap, generate_boxes, nms_boxes, roi_align
from .flip import merge_flipped
from .heatmaps import center_nms_topk, center_offset_decode, gaussian_argmax
from .images import preprocess, size_image
from .logocap import global_adaptation, local_windows
from .refinement import fit_gaussians, sample_heat, scoring_feature, snap_to_peaks
from .similarity import nms_near_keypoints, nms_oks_iou, nms_oks_visible, oks_between, oks_matrix
from .single_person import (
    fuse_offsets,
    heatmap_argmax,
    quarter_offset_argmax,
    smooth_heatmaps,
    soft_argmax,
)
from .upsampling import upsample_maps, upsampled_peaks

__all__ = [
    "adaptive_convolution",
    "appearance_cost",
    "assign",
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
    "merge_flipped",
    "nms_boxes",
    "nms_near_keypoints",
    "nms_oks_iou",
    "nms_oks_visible",
    "oks_between",
    "oks_matrix",
    "preprocess",
    "quarter_offset_argmax",
    "roi_align",
    "sample_heat",
    "scoring_feature",
    "size_image",
    "smooth_heatmaps",
    "snap_to_peaks",
    "soft_argmax",
    "upsample_maps",
    "upsampled_peaks",
]
