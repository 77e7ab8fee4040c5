"""`python -m posetrack.apps` is the `posetrack` command."""

from .entry import main

main()
