"""Reads the lists of names and shapes in `tests/data/published_keys`; its README says how."""

import itertools
import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "published_keys"
_STATISTICS = ("weight", "bias", "running_mean", "running_var")


def published_shapes(name):
    """{name of a tensor: its shape} of one list."""
    shapes = {}
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        pattern, *rest = line.split()
        if pattern == "include":
            included, prefix = rest[0], "".join(rest[1:])
            new = {prefix + key: shape for key, shape in published_shapes(included).items()}
        else:
            new = {k: s for key in _expand(pattern) for k, s in _tensors(key, rest)}
        assert not new.keys() & shapes.keys(), line
        shapes |= new
    return shapes


def _expand(pattern):
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [[p] if i % 2 == 0 else _choices(p) for i, p in enumerate(parts)]
    return ["".join(combination) for combination in itertools.product(*choices)]


def _choices(text):
    span = re.fullmatch(r"(\d+)-(\d+)", text)
    if span is None:
        return text.split(",")
    return [str(i) for i in range(int(span[1]), int(span[2]) + 1)]


def _tensors(key, kind):
    if kind[0] == "batch-norm":
        yield from ((f"{key}.{name}", (int(kind[1]),)) for name in _STATISTICS)
        yield f"{key}.num_batches_tracked", ()
    elif kind == ["scalar"]:
        yield key, ()
    else:
        yield key, tuple(map(int, kind[0].split("x")))
