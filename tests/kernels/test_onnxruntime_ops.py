"""Every operator in ONNX Runtime gives the bytes that its kernel gives when called from Python."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from posetrack.kernels.graph_ops import OPS
from posetrack.kernels.library import library
from posetrack.kernels.native import onnxruntime_operators
from posetrack.kernels.ops.write_table import table

from .case import blobs
from .graph_runs import cut, expected, runs_of, serialized, usual_run
from .places import KERNELS

ort = pytest.importorskip("onnxruntime")
LIBRARY = onnxruntime_operators()
built = pytest.mark.skipif(
    LIBRARY is None, reason="libposetrack_ort.so is not built: set ORT_ROOT, see docs/kernels.md"
)


def session(model):
    library("cpu")  # the one for this CPU, whatever glibc would choose
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.register_custom_ops_library(str(LIBRARY))
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(op, arrays, attributes, **options):
    opened = session(serialized(op, arrays, attributes, **options))
    return opened.run(None, dense(arrays))


def dense(arrays):
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def heads(op):
    return [a.name for a in op.inputs if a.type == "void" and a is not op.sized_by]


def test_the_table_is_written_anew_after_each_change():
    written = (KERNELS / "ops" / "ops_table.inc").read_text("utf-8")
    assert written == table(), "python -m posetrack.kernels.ops.write_table"


@built
@pytest.mark.parametrize("name", OPS)
def test_an_operator_gives_its_kernels_bytes(name):
    op, cases = OPS[name], 0
    for case, arrays, attributes in runs_of(op):
        got, wanted = run(op, arrays, attributes), expected(op, arrays, attributes)
        for array, one, other in zip(op.outputs, got, wanted, strict=True):
            assert (one.dtype, one.shape) == (other.dtype, other.shape), (case, array.name)
            assert one.tobytes() == other.tobytes(), (case, array.name)
        cases += 1
    assert cases > 0


@built
@pytest.mark.parametrize("name", OPS)
def test_shapes_are_known_before_anything_runs(name):
    op = OPS[name]
    _, arrays, attributes = next(iter(runs_of(op)))
    outputs = session(serialized(op, arrays, attributes)).get_outputs()
    wanted = [list(array.shape) for array in expected(op, arrays, attributes)]
    assert [output.shape for output in outputs] == wanted


@built
@pytest.mark.parametrize("name", OPS)
def test_one_graph_takes_inputs_of_any_size(name):
    """Batches and people that come and go, none of them included, through one session."""
    op = OPS[name]
    arrays, attributes = usual_run(op)
    opened = session(serialized(op, arrays, attributes, sides="names"))
    people = [("N", 0)] if any("N" in array.shape for array in op.inputs) else []
    for side, size in [("B", 3), ("B", 1), ("B", 0), *people]:
        part = cut(op, arrays, side, size)
        got, wanted = opened.run(None, dense(part)), expected(op, part, attributes)
        assert [a.shape for a in got] == [a.shape for a in wanted]
        assert [a.tobytes() for a in got] == [a.tobytes() for a in wanted]


@built
def test_names_of_open_sides_are_handed_on():
    op = OPS["PosetrackCenterNmsTopk"]
    arrays, attributes = usual_run(op)
    opened = session(serialized(op, arrays, attributes | {"N": 7}, sides="names"))
    assert [o.shape for o in opened.get_outputs()] == [["maps_0", 7], ["maps_0", 7], ["maps_0"]]


@built
@pytest.mark.parametrize("name", [name for name, op in OPS.items() if heads(op)])
def test_heads_may_be_float16(name):
    op = OPS[name]
    arrays, attributes = usual_run(op)
    arrays = arrays | {head: arrays[head].astype(np.float16) for head in heads(op)}
    got, wanted = run(op, arrays, attributes), expected(op, arrays, attributes)
    assert [a.tobytes() for a in got] == [a.tobytes() for a in wanted]


# ---- what is refused


@built
@pytest.mark.parametrize("name", OPS)
def test_a_wrong_shape_names_operator_and_argument(name):
    """Each side that an input before it shows, and each rank, wrong by one."""
    op = OPS[name]
    arrays, attributes = usual_run(op)
    opened = session(serialized(op, arrays, attributes, sides="unknown"))
    shown = set()
    for array in op.inputs:
        usual, declared = arrays[array.name], re.escape(f"({', '.join(array.shape)})")
        wanted = f"{name}: {array.name} must have shape {declared}"
        with pytest.raises(Exception, match=f"{wanted}, got"):
            opened.run(None, dense(arrays) | {array.name: usual[..., None]})
        for axis, side in enumerate(array.shape):
            size = side.lstrip("0123456789")
            if size and size not in shown:
                shown.add(size)
                continue
            longer = np.pad(usual, [(0, int(i == axis)) for i in range(usual.ndim)])
            with pytest.raises(Exception, match=f"{wanted} = .*, got {re.escape(text(longer))}"):
                opened.run(None, dense(arrays) | {array.name: longer})


def text(array):
    return f"({', '.join(map(str, array.shape))})"


@built
def test_what_the_kernel_refuses_is_told_in_its_words():
    op = OPS["PosetrackUpsampledPeaks"]
    arrays, attributes = usual_run(op)
    with pytest.raises(Exception, match="PosetrackUpsampledPeaks: window must be odd"):
        run(op, arrays, attributes | {"window": 4})
    with pytest.raises(Exception, match=r"PosetrackUpsampledPeaks: no side of cells \(B, C, N\)"):
        run(op, arrays, attributes | {"N": -1})
    with pytest.raises(Exception, match="PosetrackUpsampledPeaks: H must be 0 to"):
        run(op, arrays, attributes | {"ratio": 2**62})


@built
def test_a_missing_attribute_is_named_when_the_graph_is_loaded():
    op = OPS["PosetrackCenterNmsTopk"]
    arrays, attributes = usual_run(op)
    del attributes["radius"]
    with pytest.raises(Exception, match=r"PosetrackCenterNmsTopk: .*radius"):
        session(serialized(op, arrays, attributes))


@built
def test_other_element_types_are_refused_when_the_graph_is_loaded():
    op = OPS["PosetrackCenterNmsTopk"]
    arrays, attributes = usual_run(op)
    with pytest.raises(Exception, match="PosetrackCenterNmsTopk: maps must be float32 or float16"):
        session(serialized(op, {"maps": arrays["maps"].astype(np.float64)}, attributes))
    op = OPS["PosetrackMovenetBoxes"]
    arrays, attributes = usual_run(op)
    arrays = {**arrays, "box_offset": arrays["box_offset"].astype(np.float16)}
    with pytest.raises(Exception, match="box_offset must be float32 as the others are"):
        session(serialized(op, arrays, attributes))


# ---- the library


@built
def test_nothing_but_the_entry_is_exported():
    if shutil.which("nm") is None:
        pytest.skip("no nm on this machine")
    command = ["nm", "-D", "--format=just-symbols"]
    names = [
        subprocess.run(
            [*command, kind, str(LIBRARY)], capture_output=True, text=True, check=True
        ).stdout.split()
        for kind in ("--defined-only", "--undefined-only")
    ]
    assert names[0] == ["RegisterCustomOps"]
    assert [name for name in names[1] if "Ort" in name] == []


@built
def test_sessions_share_what_is_registered():
    op = OPS["PosetrackCenterNmsTopk"]
    attributes = {"N": 3, "radius": 1, "tolerance": 0.0, "threshold": 0.0}
    arrays = {"maps": blobs(2, 1, 9, 11)[:, 0]}
    model = serialized(op, arrays, attributes)
    first, second = session(model), session(model)
    wanted = first.run(None, arrays)
    del first
    assert all(map(np.array_equal, second.run(None, arrays), wanted))
