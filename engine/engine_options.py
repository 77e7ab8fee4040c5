"""What can be chosen about an engine, and the only check of it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SIZE = 4096  # pixels
MAX_SCALE = 8.0
MAX_COUNT = 16  # of sizes, and of scales
MAX_PEOPLE = 1000  # in one image
MAX_BATCH = 256  # images
SIZES_MUST_BE = f"must be pixels up to {MAX_SIZE} such as 256 or 256,512"
SCALES_MUST_BE = (
    f"must be numbers up to {MAX_SCALE:g}, each once, with 1 among them, such as 0.5,1,2"
)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What can be chosen per run; the model's own constants stand in its `ModelSpec`.

    Raises:
        ValueError: sizes, scales or a limit out of range.
    """

    sizes: tuple[int, ...] = ()  # short sides of the input, ascending, pixels; () = the model's
    scales: tuple[float, ...] = (1.0,)  # of a multi-scale test; the maps of all are averaged
    flip_test: bool = False  # average with the flipped image: twice the work
    max_people: int | None = None  # max. poses of one image; None = the model's
    batch: int = 1  # images that the network takes at once, from calls of several threads

    def __post_init__(self) -> None:
        sizes, scales = self.sizes, self.scales
        listed = ",".join(map(str, sizes))
        if not all(1 <= size <= MAX_SIZE for size in sizes):
            raise ValueError(f"sizes {SIZES_MUST_BE}, got {listed!r}")
        for name, values in (("sizes", sizes), ("scales", scales)):
            if len(values) > MAX_COUNT:
                raise ValueError(f"{name} must be at most {MAX_COUNT}, got {len(values)}")
        if list(sizes) != sorted(set(sizes)):
            raise ValueError(f"sizes must ascend, got {listed!r}")
        in_range = all(0 < scale <= MAX_SCALE for scale in scales)
        if 1.0 not in scales or len(set(scales)) != len(scales) or not in_range:
            listed = ",".join(f"{scale:g}" for scale in scales)
            raise ValueError(f"scales {SCALES_MUST_BE}, got {listed!r}")
        if self.max_people is not None and not 1 <= self.max_people <= MAX_PEOPLE:
            raise ValueError(f"max_people must be 1 to {MAX_PEOPLE}, got {self.max_people}")
        if not 1 <= self.batch <= MAX_BATCH:
            raise ValueError(f"batch must be 1 to {MAX_BATCH}, got {self.batch}")


DEFAULT_OPTIONS = EngineOptions()
