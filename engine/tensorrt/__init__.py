"""TensorRT: plans of networks that run on NVIDIA's GPUs, their plugins, and memory there."""
