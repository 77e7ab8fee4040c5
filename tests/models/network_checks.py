"""What tests of networks share: random weights and images, released results, ONNX."""

import io
import warnings

import numpy as np
import onnxruntime
import torch
from tolerances import PUBLISHED_MAPS, RELEASED_MAPS


def tensor(array):
    """In float64: networks are held against released arrays in it, on every machine alike."""
    return torch.from_numpy(np.asarray(array, np.float64))


def assert_published(got, expected, rtol=PUBLISHED_MAPS):
    """Maps of a network in float64 are those that the authors' code computed in float32."""
    torch.testing.assert_close(got, tensor(expected), atol=RELEASED_MAPS, rtol=rtol)


@torch.no_grad()
def randomise(network, seed=0):
    """Weights and statistics with which every part of the network shows in its heads."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict(keep_vars=True).items():
        if name.endswith(("regular_matrix", "num_batches_tracked")):
            continue
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith("running_var"):
            value.copy_(0.8 + 0.2 * noise.abs())
        elif value.ndim > 1:
            value.copy_(noise * (2.0 / value[0].numel()) ** 0.5)
        else:
            value.copy_(0.1 * noise + (0.5 if name.endswith("weight") else 0.0))
    return network.eval()


def image_of(height, width, batch=1, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((batch, 3, height, width), generator=generator)


class Named(torch.nn.Module):
    """Outputs in the order of their names, as the exporter takes them."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return tuple(output for _, output in sorted(self.network(x).items()))


def through_onnx(network, example, x):
    """{name: output} of ONNX Runtime at `x`, of the network traced at `example`."""
    with torch.no_grad(), warnings.catch_warnings():
        names = sorted(network(example))
        warnings.simplefilter("ignore", DeprecationWarning)  # of the TorchScript exporter
        warnings.filterwarnings("ignore", "Constant folding")
        file = io.BytesIO()
        axes = {0: "batch", 2: "height", 3: "width"} if x.ndim == 4 else {0: "batch"}
        torch.onnx.export(
            Named(network).eval(),
            (example,),
            file,
            input_names=["x"],
            output_names=names,
            dynamic_axes={"x": axes},
            opset_version=17,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, {"x": x.numpy()}), strict=True))


def assert_exports(network, example, x, atol):
    """ONNX Runtime gives the same outputs at another batch size and shape than traced."""
    with torch.no_grad():
        expected = network(x)
    outputs = through_onnx(network, example, x)
    assert outputs.keys() == expected.keys()
    for name, output in outputs.items():
        assert np.ptp(output) > 0.01, name
        np.testing.assert_allclose(output, expected[name].numpy(), atol=atol, rtol=atol)
