"""The CUDA twins' machine code, translated to C++ and executed on the host.

nvcc's instructions of a kernel are read (sass.py), translated one by one (to_cpp.py and the files
by kind of instruction), compiled over warp.h, and run in place of the kernel (twins.py).
"""
