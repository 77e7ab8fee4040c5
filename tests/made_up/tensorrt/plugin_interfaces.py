"""Plugins in Python: the interfaces of 10.0 and newer."""

from enum import IntEnum

__all__ = [
    *("DimensionOperation", "DimsExprs", "IPluginCreatorV3One", "IPluginV3", "IPluginV3OneBuild"),
    *("IPluginV3OneCore", "IPluginV3OneRuntime", "PluginField", "PluginFieldCollection"),
    *("PluginFieldType", "TensorFormat", "TensorRTPhase"),
]

DimensionOperation = IntEnum("DimensionOperation", ["SUM", "PROD", "FLOOR_DIV"])
PluginFieldType = IntEnum("PluginFieldType", ["FLOAT32", "FLOAT64", "INT32", "INT64"])
TensorFormat = IntEnum("TensorFormat", ["LINEAR", "CHW2"])
TensorRTPhase = IntEnum("TensorRTPhase", ["BUILD", "RUNTIME"])


class PluginField:
    def __init__(self, name, data, type):
        self.name, self.data, self.type = name, data, type


class PluginFieldCollection(list):
    """Fields in order."""


class DimsExprs(list):
    def __init__(self, length):
        super().__init__([None] * length)


class _Interface:
    def __init__(self):
        self.made = True  # bindings refuse an object whose base was not initialised


class IPluginV3(_Interface):
    """A plugin."""


class IPluginV3OneCore(_Interface):
    """Its name and version."""


class IPluginV3OneBuild(_Interface):
    """What the builder asks it."""


class IPluginV3OneRuntime(_Interface):
    """What runs it."""


class IPluginCreatorV3One(_Interface):
    """What makes it."""
