"""What OGN's heads are trained on: a disk of ones about every keypoint, offsets within it.

Source: Zhang et al., "Exploiting Offset-guided Network for Pose Estimation and Tracking", CVPR
Workshops 2019, sections 3.1 and 3.2.
"""

from __future__ import annotations

# R, the radius of the disks and the unit of the offsets, in input pixels. The paper leaves it open;
# this is that of the method it follows (Papandreou et al., "Towards Accurate Multi-person Pose
# Estimation in the Wild", CVPR 2017, section 3.2).
DISK_RADIUS_PX = 25.0
