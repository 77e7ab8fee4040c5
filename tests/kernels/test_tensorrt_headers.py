"""The stand-in's virtual functions have the order of TensorRT's own, as the compiler lists them.

It needs TensorRT's headers: TENSORRT_ROOTS names installs, `a:b:c`. What it cannot show: that the
headers are those of the library that will be loaded.
"""

import re

import pytest

from .tensorrt_host import ROOTS, compiled_classes, major_of

pytestmark = pytest.mark.skipif(not ROOTS, reason="TENSORRT_ROOTS names no install of TensorRT")
# whose functions the plugins have, or call
CLASSES = {
    "posetrack::Plugin",
    "posetrack::Creator",
    "nvinfer1::IDimensionExpr",
    "nvinfer1::IExprBuilder",
    "nvinfer1::ILogger",
    "nvinfer1::ILoggerFinder",
    "nvinfer1::apiv::VDimensionExpr",
    "nvinfer1::apiv::VExprBuilder",
}


REGISTRY = "nvinfer1::IPluginRegistry"


def tables(headers, classes=CLASSES):
    """Class -> its virtual functions in order; whether a destructor is pure is no matter."""
    text = compiled_classes(headers).replace("v_1_0::", "").replace("(int (*)(...))", "")
    found = {}
    for name, body in re.findall(r"^Vtable for (\S+)\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL):
        functions = [line.split(maxsplit=1)[1] for line in body.splitlines()[1:]]
        functions = [one for one in functions if "_ZTI" not in one]
        found[name] = [re.sub(r"\S*::~\w+", "__cxa_pure_virtual", one) for one in functions]
    return {name: found[name] for name in classes}


@pytest.mark.parametrize("root", ROOTS, ids=str)
def test_the_stand_in_has_the_order_of_the_genuine_headers(root):
    genuine, ours = tables(root), tables(major_of(root))
    for name in CLASSES:
        assert ours[name] == genuine[name], name


@pytest.mark.parametrize("root", ROOTS, ids=str)
def test_the_registry_has_as_many_functions(root):
    """All are pure, so the compiler names none; later releases have one more at the end."""
    genuine, ours = (tables(one, {REGISTRY})[REGISTRY] for one in (root, major_of(root)))
    assert 0 <= len(genuine) - len(ours) <= 1


@pytest.mark.parametrize("root", ROOTS, ids=str)
def test_the_comparison_sees_another_order(root):
    """Between 8.6 and 10, and from 11 on, interfaces changed."""
    other = {8: 10, 10: 8, 11: 10}[major_of(root)]
    assert tables(root) != tables(other)
