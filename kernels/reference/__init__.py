"""Every kernel in slow, obvious NumPy: the definition of right for the twins."""

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
