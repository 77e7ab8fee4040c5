"""The C prototypes in Python: one letter per argument, in the order of the headers."""

from __future__ import annotations

import ctypes
from typing import Any

LETTERS: dict[str, Any] = {
    "p": ctypes.c_void_p,
    "l": ctypes.c_int64,
    "i": ctypes.c_int32,  # pt_dtype
    "f": ctypes.c_float,
    "d": ctypes.c_double,
}

# Arguments of both twins; the CUDA twin's stream, a pointer, follows.
TWINS = {
    # adaptive.h
    "pt_adaptive_convolution": "ppppppilllllf",
    # association.h
    "pt_appearance_cost": "ppppllll",
    "pt_assign": "pppllld",
    "pt_iou_cost": "ppplll",
    # boxes.h
    "pt_box_overlap": "pppllld",
    "pt_generate_boxes": "ppppppplldfddld",
    "pt_roi_align": "ppppilllllllllffff",
    # flip.h
    "pt_merge_flipped": "ppppppilllllll",
    # refinement.h
    "pt_snap_to_peaks": "pppppplllllff",
    "pt_fit_gaussians": "pppppillllllllldll",
    "pt_sample_heat": "pppilllllllll",
    "pt_scoring_feature": "pppll",
    # heatmaps.h
    "pt_center_nms_topk": "pppppillllllff",
    "pt_center_offset_decode": "pppilllllfll",
    "pt_gaussian_argmax": "pppppppillllll",
    # images.h
    "pt_preprocess": "ppppillllllffffffl",
    "pt_size_image": "pppllllldl",
    # logocap.h
    "pt_global_adaptation": "pppppppiillllllllllfl",
    "pt_local_windows": "pppppilllllllf",
    # similarity.h
    "pt_oks_between": "ppppppllll",
    "pt_oks_matrix": "ppppppllll",
    "pt_nms_oks_visible": "ppppppplllf",
    "pt_nms_oks_iou": "pppppppppllldddl",
    "pt_nms_near_keypoints": "ppppppllldll",
    # single_person.h
    "pt_fuse_offsets": "pppppillllllfd",
    "pt_heatmap_argmax": "pppilllll",
    "pt_quarter_offset_argmax": "pppilllllf",
    "pt_smooth_heatmaps": "pppillllld",
    "pt_soft_argmax": "ppppilllllll",
    # upsampling.h
    "pt_upsample_maps": "ppillllllll",
    "pt_upsampled_peaks": "ppppillllllllll",
}

# Functions that say how many bytes of scratch a kernel needs, without the ending _scratch_bytes.
SCRATCH = {
    # adaptive.h
    "pt_adaptive_convolution": "lllll",
    # association.h
    "pt_appearance_cost": "lll",
    "pt_assign": "lll",
    # boxes.h
    "pt_generate_boxes": "lll",
    "pt_roi_align": "llll",
    # heatmaps.h
    "pt_center_nms_topk": "llll",
    "pt_gaussian_argmax": "llll",
    # images.h
    "pt_preprocess": "ll",
    "pt_size_image": "lllld",
    # logocap.h
    "pt_global_adaptation": "ll",
    "pt_local_windows": "llll",
    # similarity.h
    "pt_nms_oks_iou": "lll",
    "pt_nms_near_keypoints": "llll",
    # single_person.h
    "pt_fuse_offsets": "lld",
    "pt_smooth_heatmaps": "lld",
    "pt_soft_argmax": "lllll",
    # upsampling.h
    "pt_upsampled_peaks": "llllllll",
}
