"""The networks, one family a file, top to bottom, with its table `MODELS` at the end."""
