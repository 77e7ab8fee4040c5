"""A small cuda-python; see `bindings.runtime`."""
