"""Networks for single people as ONNX files: any batch and size, the same outputs."""

import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from posetrack.models.networks.integral import IntegralConfig, integral
from posetrack.models.networks.ogn import OgnConfig, ogn
from posetrack.models.networks.simple_baseline import SimpleBaselineConfig, simple_baseline
from posetrack.structures import MPII_16
from tolerances import MAPS_ATOL, MAPS_RTOL
from torch import nn

THREE = (4, 4, 4)
BUILDERS = {
    "simple-baseline": simple_baseline(SimpleBaselineConfig(18, THREE)),
    "ogn": ogn(OgnConfig(18, 16, channels=4)),
    "integral": integral(IntegralConfig(18, deconvolutions=THREE)),
    "integral-3d": integral(IntegralConfig(18, "i*", THREE, depth_cells=10)),
    "integral-r1": integral(IntegralConfig(18, "r1")),
    "integral-stages": integral(IntegralConfig(18, deconvolutions=(4, 4), stages=2)),
}


class Ordered(nn.Module):
    """Outputs as a tuple, in the order of the spec."""

    def __init__(self, network, names):
        super().__init__()
        self.network, self.names = network, names

    def forward(self, image):
        heads = self.network(image)
        return tuple(heads[name] for name in self.names)


def with_loud_heads(network):
    """Last layers that say something: fresh ones start near zero."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if any(part in name for part in ("deconv", "final", "head", "_layer.")):
                tensor.uniform_(-0.2, 0.2)
    return network.eval()


@pytest.mark.parametrize("name", BUILDERS)
def test_exported_network_says_the_same_at_another_size(name, tmp_path):
    network, spec = BUILDERS[name](MPII_16)
    names = [head.name for head in spec.heads]
    module = Ordered(with_loud_heads(network), names).eval()
    axes = {"image": {0: "batch", 2: "height", 3: "width"}}
    path = str(tmp_path / "network.onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the TorchScript exporter is not the newest one
        torch.onnx.export(
            module,
            (torch.zeros(1, 3, 64, 96),),
            path,
            input_names=["image"],
            output_names=names,
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    image = torch.randn(3, 3, 96, 64)
    with torch.inference_mode():
        expected = [tensor.numpy() for tensor in module(image)]
    results = onnxruntime.InferenceSession(path).run(None, {"image": image.numpy()})
    for output, result, wanted in zip(names, results, expected, strict=True):
        assert wanted.std() > 1e-3, output
        np.testing.assert_allclose(
            result, wanted, rtol=MAPS_RTOL, atol=MAPS_ATOL * np.abs(wanted).max(), err_msg=output
        )
