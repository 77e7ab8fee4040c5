"""Ready-made trackers by name."""

from __future__ import annotations

from .tracker_config import TrackerConfig

# fast, the default, needs poses alone.
#
# best looks at appearance too, where somebody gives embeddings: then it is better than fast
# in every score of benchmarks/tracking.py; and it takes out the motion of the camera, where it is
# given images. It is not the default: nothing here makes embeddings yet, and following the camera
# costs some milliseconds a frame.
#
# paper links the people of one frame to those of the frame before by overlap and Re-ID: OGN (Zhang
# et al., CVPR Workshops 2019, section 4.2), which follows Detect-and-Track (Girdhar et al., CVPR
# 2018): every pair is linked that can be, and nobody lost comes back.
PRESETS = {
    "fast": TrackerConfig(),
    "best": TrackerConfig(cosine_weight=1.0, camera=True),
    "paper": TrackerConfig(
        oks_weight=0.0,
        iou_weight=1.0,
        euclidean_weight=1.0,
        gate=1.0,
        appearance_gate=1.0,
        weak_gate=1.0,
        return_gate=0.0,
        double_oks=1.0,
        frame_to_frame=True,
    ),
}
