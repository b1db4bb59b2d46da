"""Hessian-vector products against the whole Hessian by `torch.autograd.functional`."""

import pytest
import torch
from torch import nn
from torch.func import functional_call

from gradstep.engine.training.model.hessian import hessian_products


@pytest.fixture
def problem():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 1)).double()
    inputs, targets = torch.randn(7, 1, 6).double(), torch.randn(7, 1).double()

    def loss(parameters):
        return nn.functional.mse_loss(functional_call(module, parameters, (inputs,)), targets)

    return loss, {name: part.detach() for name, part in module.named_parameters()}


def test_of_a_module_with_parameters_by_name(problem):
    loss, parameters = problem
    names, parts = list(parameters), tuple(parameters.values())
    blocks = torch.autograd.functional.hessian(
        lambda *given: loss(dict(zip(names, given, strict=True))), parts
    )
    vector = {name: torch.randn_like(part) for name, part in parameters.items()}
    times = hessian_products(loss, parameters)
    for _ in range(2):  # the graph is used again
        product = times(vector)
        for i, name in enumerate(names):
            expected = sum(
                torch.tensordot(block, vector[other], vector[other].dim())
                for block, other in zip(blocks[i], names, strict=True)
            )
            torch.testing.assert_close(product[name], expected, rtol=1e-12, atol=1e-14)


def test_of_a_flat_tensor_where_gradients_are_off():
    matrix = torch.tensor([[2.0, 1.0], [1.0, -3.0]])
    with torch.no_grad():
        times = hessian_products(lambda x: x @ matrix @ x / 2, torch.tensor([5.0, 7.0]))
        product = times(torch.tensor([1.0, 2.0]))
    assert product.tolist() == [4.0, -5.0]
    assert not product.requires_grad
