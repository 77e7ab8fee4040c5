"""Ready-made trackers by name."""

from __future__ import annotations

from dataclasses import replace

from .tracker_config import TrackerConfig

# fast, the default, needs poses alone.
#
# best looks at appearance too: at embeddings where somebody gives them, else at clothes where it is
# given images, from which it takes the motion of the camera as well. It is better than fast in
# every score of benchmarks/tracking.py. It is not the default: it costs some milliseconds a frame,
# most of them for the camera.
#
# paper links the people of one frame to those of the frame before by overlap and Re-ID: OGN (Zhang
# et al., CVPR Workshops 2019, section 4.2), which follows Detect-and-Track (Girdhar et al., CVPR
# 2018): every pair is linked that can be, and nobody lost comes back.
PRESETS = {
    "fast": TrackerConfig(),
    "best": TrackerConfig(cosine_weight=1.0, colors_weight=1.0, camera=True),
    "paper": TrackerConfig(
        oks_weight=0.0,
        iou_weight=1.0,
        euclidean_weight=1.0,
        gate=1.0,
        appearance_gate=1.0,
        weak_gate=1.0,
        return_gate=0.0,
        double_oks=1.0,
        confirm_share=0.0,
        frame_to_frame=True,
    ),
}

# The same where there is optical flow. paper is then MSRA's tracker (Xiao et al., ECCV 2018), which
# OGN's adopts: poses that flow has carried here are added, one suppression for all, and people are
# linked by the similarity to poses that flow has carried over several frames.
WITH_FLOW = {
    "best": replace(PRESETS["best"], flow_weight=0.5),
    "paper": replace(
        PRESETS["paper"], iou_weight=0.0, flow_weight=1.0, carry_s=0.4, double_oks=0.5
    ),
}


def preset(name: str, *, flow: bool = False) -> TrackerConfig:
    """The tracker of that name.

    Args:
        name: in `PRESETS`.
        flow: whether it is given optical flow.

    Raises:
        ValueError: it has no use for flow.
    """
    if not flow:
        return PRESETS[name]
    if name not in WITH_FLOW:
        raise ValueError(f"{name} needs no flow: choose tracker {' or '.join(WITH_FLOW)}")
    return WITH_FLOW[name]
