"""The machine code that nvcc makes of the CUDA twins gives the CPU's bytes, executed without a GPU.

Every instruction is translated to C++ and executed on the host (benchmarks/machine_code), so this
shows what the compiler made of the kernels, where test_twins shows what we wrote. It needs nvcc and
NVIDIA's disassembler, takes long, and is run by

    pip install nvidia-cuda-nvdisasm nvidia-cuda-cuobjdump
    POSETRACK_MACHINE_CODE=90 python -m pytest -m slow tests/kernels/test_machine_code.py
"""

import os
from pathlib import Path

import numpy as np
import pytest

from .cases import CASES
from .test_any_order import bytes_of

ROOT = Path(__file__).parents[2]
ARCHITECTURE = os.environ.get("POSETRACK_MACHINE_CODE")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not ARCHITECTURE, reason="POSETRACK_MACHINE_CODE names no architecture"),
]


def is_float32(case):
    """Whether nothing of it is float16, neither heads nor what is asked for."""
    given = case.given.values()
    parts = [part for value in given for part in (value if isinstance(value, tuple) else (value,))]
    kinds = [part.dtype.type if isinstance(part, np.ndarray) else part for part in parts]
    half = [kind is np.float16 or getattr(kind, "half", False) for kind in kinds]
    return not any(half)


@pytest.mark.parametrize("name", CASES)
def test_machine_code_gives_the_bytes_of_the_cpu(name, tmp_path, monkeypatch):
    if name == "soft_argmax":
        pytest.skip("the CPU fuses products: test_twins compares the two within their bound")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from machine_code.twins import build

    twins = build(tmp_path, int(ARCHITECTURE), sources_of(name))
    for case in filter(is_float32, CASES[name]):
        wanted = bytes_of("cpu", name, case)
        with twins.at_work():
            assert bytes_of("cpu", name, case) == wanted, case.name


def sources_of(name):
    """The file with a kernel's CUDA twin, without its ending; nms_boxes calls another kernel."""
    twin = f"pt_{'nms_oks_iou' if name == 'nms_boxes' else name}_cuda("
    files = sorted((ROOT / "kernels" / "cuda").glob("*.cu"))
    found = [file.stem for file in files if twin in file.read_text(encoding="utf-8")]
    assert found, f"no file has {twin}"
    return found
