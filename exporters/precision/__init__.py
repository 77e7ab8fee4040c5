"""Networks in less than float32: which numbers are rounded, and whether that can be trusted."""
