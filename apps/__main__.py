"""`python -m posetrack.apps` is the `posetrack` command."""

from .main import main

main()
