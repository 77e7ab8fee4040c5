"""Native post-processing: one function per kernel.

A call with NumPy arrays runs on the CPU, one with torch tensors on the GPU they lie on; results lie
where the arguments do. Every function checks its arrays and never converts them: a wrong shape or
memory order raises ValueError, a wrong dtype TypeError. A *head* is what a network returns: float32
or float16; it may be channels of a larger array. All arrays of one image may leave their batch axis
out; results then have none. A cell of a map is one number, row * w + column; -1 means none.
Letters: B batch, N poses, M other poses, K keypoints, C channels, H x W image, h x w map.

A call works on the calling thread and releases the interpreter's lock, so calls from several
threads process images in parallel. `reference` has the same functions in slow, obvious NumPy.
"""

from . import (
    activations,
    adaptive,
    association,
    boxes,
    flip,
    heatmaps,
    images,
    logocap,
    movenet,
    poses,
    refinement,
    similarity,
    single_person,
    upsampling,
)
from .activations import *
from .adaptive import *
from .association import *
from .boxes import *
from .flip import *
from .heatmaps import *
from .images import *
from .logocap import *
from .movenet import *
from .poses import *
from .refinement import *
from .similarity import *
from .single_person import *
from .upsampling import *

__all__ = [
    *activations.__all__,
    *adaptive.__all__,
    *association.__all__,
    *boxes.__all__,
    *flip.__all__,
    *heatmaps.__all__,
    *images.__all__,
    *logocap.__all__,
    *movenet.__all__,
    *poses.__all__,
    *refinement.__all__,
    *similarity.__all__,
    *single_person.__all__,
    *upsampling.__all__,
]
