"""Optical flow between the pictures of a video."""

from .dis import DisFlow
from .flow import Flow
from .network import NetworkFlow

__all__ = ["DisFlow", "Flow", "NetworkFlow"]
