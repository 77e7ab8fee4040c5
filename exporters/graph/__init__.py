"""From heads to poses inside an ONNX graph: decoders traced, kernels as operators with bodies."""
