"""Native post-processing: one function per kernel.

A call with NumPy arrays runs on the CPU, one with torch tensors on the GPU they lie on; results lie
where the arguments do. Every function checks its arrays and never converts them: a wrong shape or
memory order raises ValueError, a wrong dtype TypeError. A *head* is what a network returns:
float32, on a GPU also float16. A cell of a map is one number, row * w + column; -1 means none.
Letters: B batch, N poses, M other poses, K keypoints, C channels, H x W image, h x w map.

A call works on the calling thread and releases the interpreter's lock, so calls from several
threads process images in parallel. `reference` has the same functions in slow, obvious NumPy.
"""

from .adaptive import adaptive_convolution
from .association import appearance_cost, assign, iou_cost
from .boxes import box_overlap, generate_boxes, nms_boxes, roi_align
from .flip import merge_flipped
from .heatmaps import center_nms_topk, center_offset_decode, gaussian_argmax
from .images import NetworkInput, preprocess, size_image
from .logocap import GlobalWindow, global_adaptation, local_windows
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
    "GlobalWindow",
    "NetworkInput",
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
