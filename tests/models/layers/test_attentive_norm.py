"""Attentive Norm against its definition, step by step in NumPy."""

import numpy as np
import pytest
import torch
from posetrack.models.layers.attentive_norm import AttentiveBatchNorm
from tolerances import LAYER_ATOL

from ..network_checks import assert_exports, randomise


@pytest.fixture
def norm():
    return randomise(AttentiveBatchNorm(5, 3), seed=2)


def mixed(norm, x, normal):
    """Gain and bias of every instance on maps that are normal already."""
    weights = {name: tensor.double().numpy() for name, tensor in norm.state_dict().items()}
    described = x.mean((2, 3)) / np.sqrt(x.var((2, 3), ddof=1) + 1e-3)
    logits = described @ weights["attn_weights.attention.0.weight"][:, :, 0, 0].T
    shares = np.clip(logits + 3, 0, 6) / 6
    assert ((shares > 0) & (shares < 1)).mean() > 0.5
    gain, bias = shares @ weights["weight_"], shares @ weights["bias_"]
    return normal * gain[:, :, None, None] + bias[:, :, None, None]


def test_parameters_have_the_published_names():
    shapes = {n: tuple(t.shape) for n, t in AttentiveBatchNorm(256, 20).state_dict().items()}
    assert shapes == {
        "weight_": (20, 256),
        "bias_": (20, 256),
        "running_mean": (256,),
        "running_var": (256,),
        "num_batches_tracked": (),
        "attn_weights.attention.0.weight": (20, 256, 1, 1),
    }


@torch.no_grad()
def test_evaluation_normalises_by_the_running_statistics(norm):
    x = 2 * torch.randn(4, 5, 6, 7) + 1
    array = x.double().numpy()
    mean, variance = (
        tensor.double().numpy()[None, :, None, None]
        for tensor in (norm.running_mean, norm.running_var)
    )
    expected = mixed(norm, array, (array - mean) / np.sqrt(variance + 1e-5))
    np.testing.assert_allclose(norm(x).numpy(), expected, atol=LAYER_ATOL, rtol=LAYER_ATOL)


@torch.no_grad()
def test_training_normalises_by_the_batch_and_remembers_it(norm):
    x = 2 * torch.randn(4, 5, 6, 7) + 1
    array = x.double().numpy()
    before = norm.running_mean.clone()
    axes = (0, 2, 3)
    mean, variance = (f(array, axis=axes, keepdims=True) for f in (np.mean, np.var))
    expected = mixed(norm, array, (array - mean) / np.sqrt(variance + 1e-5))
    got = norm.train()(x)
    np.testing.assert_allclose(got.numpy(), expected, atol=LAYER_ATOL, rtol=LAYER_ATOL)
    remembered = 0.9 * before + 0.1 * x.mean(axes)
    torch.testing.assert_close(norm.running_mean, remembered)


@torch.no_grad()
def test_an_instance_does_not_depend_on_the_others(norm):
    x = torch.randn(3, 5, 6, 7)
    torch.testing.assert_close(norm(x)[1:2], norm(x[1:2]))


def test_fresh_gains_lie_about_one_and_biases_about_zero():
    torch.manual_seed(0)
    norm = AttentiveBatchNorm(256, 20)
    assert norm.weight_.mean().item() == pytest.approx(1, abs=0.01)
    assert norm.bias_.mean().item() == pytest.approx(0, abs=0.01)
    assert norm.weight_.std().item() == pytest.approx(0.1, rel=0.05)
    assert norm.bias_.std().item() == pytest.approx(0.1, rel=0.05)


class Dictionary(torch.nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        return {"map": self.norm(x)}


def test_export_counts_the_cells_of_what_it_is_given(norm):
    # the unbiased variance of 6 cells and of 121 cells differs by a fifth
    example, x = torch.randn(1, 5, 11, 11), torch.randn(2, 5, 2, 3)
    assert_exports(Dictionary(norm).eval(), example, x, LAYER_ATOL)
