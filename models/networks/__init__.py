"""The networks of the papers and their relatives, one family a file, top to bottom."""
