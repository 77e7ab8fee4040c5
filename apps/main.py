"""The `posetrack` command: one program, one subcommand a job."""

from __future__ import annotations

import signal
import traceback
from importlib.metadata import version
from typing import Annotated, Any

import typer

from .commands.build import build
from .commands.compare import compare
from .commands.evaluate import eval_app
from .commands.export import export
from .commands.models import models_app
from .commands.plugin_path import plugin_path
from .commands.run import run
from .commands.track import track
from .leaving import EXIT_SIGNAL
from .sentences import say, sentence

FAILED, WRONG_USE, INTERRUPTED = 1, 2, EXIT_SIGNAL + signal.SIGINT

app = typer.Typer(
    name="posetrack",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(track)
app.command()(export)
app.command()(build)
app.command()(compare)
app.command()(plugin_path)
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


def execute(arguments: list[str]) -> int:
    """Run a command; whatever goes wrong is one sentence on stderr. Returns the exit code."""
    try:
        return app(arguments, prog_name="posetrack", standalone_mode=False) or 0
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's, which have no public base class
            return _wrong_use(error)
        say(f"posetrack: {sentence(error)}")
        if "--debug" in arguments:
            traceback.print_exc()
        return FAILED


def _wrong_use(error: Any) -> int:
    """One sentence, or nothing where typer has shown the help already."""
    if type(error).__name__ != "NoArgsIsHelpError":
        context = getattr(error, "ctx", None)
        where = "posetrack" if context is None else context.command_path
        message = error.format_message().removesuffix(".").replace("Value error, ", "")
        say(f"posetrack: {message} (see {where} --help)")
    return WRONG_USE
