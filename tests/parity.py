"""Arrays that the authors' code computed, and the weights it computed them with."""

import json
import zlib
from hashlib import sha256

import numpy as np
import torch
from numpy.random import PCG64, Generator
from posetrack.models.layers.hrnet import HRNetConfig


def load(shared, name):
    """{name: array} of one file of the shared parity data."""
    with np.load(shared / "parity" / f"{name}.npz") as arrays:
        return dict(arrays)


def config(arrays):
    """The widths and sizes that the network was built with."""
    return json.loads(str(arrays["config_json"]))


def backbone(config):
    """The narrow HRNet of such a config."""
    return HRNetConfig(tuple(map(tuple, config["stages"])), tuple(config["modules"]))


def weights(arrays, prefix="sd/"):
    """{published name: tensor}: as stored, or made anew from the recipe."""
    stored = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
    if prefix == "sd/" and "weights_recipe_json" in arrays:
        recipe = json.loads(str(arrays["weights_recipe_json"]))
        for key, entry in recipe["keys"].items():
            if entry["kind"] == "normal":
                stored[key] = _normal(recipe["seed"], key, entry)
        for key, entry in recipe["keys"].items():
            if entry["kind"] == "alias":
                stored[key] = stored[entry["of"]]
    return {name: _tensor(array) for name, array in stored.items()}


def _normal(seed, key, entry):
    generator = Generator(PCG64([seed, zlib.crc32(key.encode())]))
    values = generator.standard_normal(entry["shape"], dtype=np.float32)
    half = (values * np.float32(entry["std"])).astype(np.float16)
    assert sha256(half.tobytes()).hexdigest()[:16] == entry["sha256_f16"], key
    return half


def _tensor(array):
    tensor = torch.from_numpy(np.array(array))
    return tensor.float() if tensor.is_floating_point() else tensor
