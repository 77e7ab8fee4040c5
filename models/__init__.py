"""Networks in PyTorch, and published weights for them.

`MODELS` is every network by name. Nothing here needs PyTorch before a network is built or weights
are read: `catalogue`, `weights.zoo` and `weights.download` work without it.
"""

from .catalogue import FAMILIES, MODELS

__all__ = ["FAMILIES", "MODELS"]
