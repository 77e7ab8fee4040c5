"""The `posetrack` command: one program, one subcommand a job."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from .commands.evaluate import eval_app
from .commands.export import export
from .commands.models import models_app
from .commands.run import run
from .progress import say, sentence

app = typer.Typer(
    name="posetrack",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(export)
app.add_typer(eval_app, name="eval")
app.add_typer(models_app, name="models")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"posetrack {version('posetrack')}")
        raise typer.Exit


@app.callback()
def posetrack(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """From a trained pose model to real-time tracked video."""


def main() -> None:
    """The `posetrack` command."""
    _execute(sys.argv[1:])


def main_run() -> None:
    """The `posetrack-run` command, short for `posetrack run`."""
    arguments = sys.argv[1:]
    _execute(arguments if arguments == ["--version"] else ["run", *arguments])


def _execute(arguments: list[str]) -> None:
    """Run a command; whatever goes wrong is one sentence on stderr and exit code 1."""
    try:
        app(arguments, prog_name="posetrack")
    except Exception as error:
        say(f"posetrack: {sentence(error)}")
        if "--debug" in arguments:
            raise
        sys.exit(1)
