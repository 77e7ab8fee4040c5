"""`posetrack compare`: are two models the same, but for rounding?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ...engine import EngineOptions
from ...structures.arrays import UInt8Array
from ..evaluating.output import print_json, print_table
from ..sentences import say
from .parsing import option_error, read_scales, read_sizes

SIDE = "FILE[,backend=..][,device=..][,precision=..][,model=..][,rules=..]"
First = Annotated[str, typer.Argument(metavar="A", help=f"The measure: {SIDE}.")]
Second = Annotated[str, typer.Argument(metavar="B", help="What is held against it, likewise.")]
Images = Annotated[
    Path | None,
    typer.Option(help="A folder of images, an image or a video.", show_default="made-up pictures"),
]
GroundTruth = Annotated[
    Path | None,
    typer.Option(help="COCO labels of the images, by their file names: what happens to AP."),
]
MaxImages = Annotated[int, typer.Option(min=1, help="Images at the most.")]
Size = Annotated[str, typer.Option(help="As in `posetrack run`.", show_default="the model's")]
Scales = Annotated[str, typer.Option(help="As in `posetrack run`.", show_default="1")]
FlipTest = Annotated[bool, typer.Option("--flip-test", help="As in `posetrack run`.")]
MinScore = Annotated[
    float | None,
    typer.Option(min=0, help="Poses below do not count.", show_default="the model's"),
]
MinKeypointScore = Annotated[
    float | None,
    typer.Option(min=0, help="Keypoints below do not count.", show_default="the model's"),
]
MaxPx = Annotated[float, typer.Option(min=0, help="Pixels that keypoints may differ, median.")]
MaxWorstPx = Annotated[
    float, typer.Option(min=0, help="Pixels that 99 in a hundred keypoints may differ at most.")
]
MaxLost = Annotated[float, typer.Option(min=0, max=1, help="Share of people lost or gained.")]
MaxHeadError = Annotated[float, typer.Option(min=0, help="Relative error of any head.")]
MaxApDrop = Annotated[float, typer.Option(min=0, help="What AP may fall by.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def compare(  # noqa: PLR0913 - one parameter per option of the command line
    first: First,
    second: Second,
    images: Images = None,
    ground_truth: GroundTruth = None,
    max_images: MaxImages = 32,
    size: Size = "",
    scales: Scales = "",
    flip_test: FlipTest = False,
    min_score: MinScore = None,
    min_keypoint_score: MinKeypointScore = None,
    max_px: MaxPx = 0.5,
    max_worst_px: MaxWorstPx = 4.0,
    max_lost: MaxLost = 0.05,
    max_head_error: MaxHeadError = 0.05,
    max_ap_drop: MaxApDrop = 0.01,
    as_json: Json = False,
) -> None:
    """Run the same images through two models and say how far apart they are.

    A model is a checkpoint, an .onnx file in either form, or a TensorRT plan. Exits with 1 where a
    limit is passed.
    """
    from ..comparing.comparison import Limits, compare_models
    from ..comparing.side import Side, SideChoice

    if ground_truth is not None and images is None:
        raise typer.BadParameter("needs --images", param_hint="'--ground-truth'")
    options = EngineOptions(read_sizes(size), read_scales(scales), flip_test)
    with option_error("A"):
        choices = [SideChoice.read(first), SideChoice.read(second)]
    names: list[str] = []
    with ExitStack() as stack:
        sides = [stack.enter_context(Side.load(choice, options)) for choice in choices]
        counted = sides[0].counted(sides[1], min_score, min_keypoint_score)
        pictures = _images(images, max_images, names)
        found, *poses = compare_models(sides[0], sides[1], pictures, counted)
    if ground_truth is not None:
        from ..comparing.truth import ap_change

        found = replace(found, average_precision=ap_change(ground_truth, names, *poses))
    _print(found, as_json=as_json)
    faults = found.faults(Limits(max_px, max_worst_px, max_lost, max_head_error, max_ap_drop))
    if faults:
        say(f"posetrack: {found.names[1]} is not {found.names[0]}: {'; '.join(faults)}")
        raise typer.Exit(1)


def _images(path: Path | None, limit: int, names: list[str]) -> Iterator[UInt8Array]:
    """The images; their names are noted."""
    from ..comparing.pictures import made_up_pictures, pictures_of

    for picture in made_up_pictures() if path is None else pictures_of(path, limit):
        names.append(picture.name)
        yield picture.image


def _print(found: Any, *, as_json: bool) -> None:
    document = found.document
    if not document["people"]:
        say("posetrack: nobody is in these images, so only heads are compared")
    if as_json:
        print_json(document)
        return
    columns = ["images", "people", "lost", "gained", "keypoints", "ties"]
    columns += ["median_px", "p99_px", "worst_px"]
    print_table(
        " against ".join(found.names[::-1]),
        ["", *columns],
        [("total", [document[name] for name in columns])],
    )
    if document["people"]:
        print_table("Keypoints, pixels", ["", "median", "worst"], found.keypoint_rows())
    if found.heads:
        rows = [(name, [error.relative, error.worst]) for name, error in found.heads.items()]
        print_table("Heads", ["", "relative error", "worst"], rows)
    if found.average_precision is not None:
        one = found.average_precision
        print(
            f"AP changes by {one.difference:+.3f}, 95 % interval {one.low:+.3f} to {one.high:+.3f}"
        )
