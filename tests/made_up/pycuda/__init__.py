"""A small pycuda; see `driver`."""
