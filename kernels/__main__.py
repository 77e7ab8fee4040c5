"""Tells other builds where headers and libraries lie: `python -m posetrack.kernels --help`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from .native import installed

# option -> a file of the folder that it asks for, and what that is
_FOLDERS = {
    "--cmake-dir": ("cmake/posetrack_kernels-config.cmake", "the CMake package"),
    "--include-dir": ("include/posetrack_kernels.h", "the headers"),
    "--library-dir": ("", "the libraries"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the folder that an option asks for to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m posetrack.kernels", description="Folders for builds in C, C++ and CUDA."
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    for option, (file, what) in _FOLDERS.items():
        choice.add_argument(
            option, dest="file", action="store_const", const=file, help=f"the folder of {what}"
        )
    file = parser.parse_args(arguments).file
    found = resources.files(__package__).joinpath(file) if file else installed(".", "cpu")
    sys.stdout.write(f"{Path(str(found)).parent}\n")


if __name__ == "__main__":
    main()
