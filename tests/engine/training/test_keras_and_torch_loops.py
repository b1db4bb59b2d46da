"""Step for step with Keras's formulas (no Keras is needed) and with a bare PyTorch loop."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from reference_runs import reference_run
from runs import DIGITS, flat_parameters, preset

from gradstep.engine import Session, load_preset


def assert_as_keras(session):
    records, _ = reference_run(session, 50)
    session.burst(50)
    for name in ("loss", "mape", "grad_norm", "param_norm"):
        expected = [record[name] for record in records]
        np.testing.assert_allclose(session.history[name], expected, rtol=1e-4, err_msg=name)
    # a run that stands still would agree too easily: the same batch an epoch or more later
    count = session.trainer.batches.count
    assert session.history["loss"][50 // count * count] < 0.99 * session.history["loss"][0]


@pytest.mark.parametrize("scale", ["raw", "unit"])
@pytest.mark.parametrize("layers", [(12,), (9, 12)], ids=["1-layer", "2-layer"])
@pytest.mark.parametrize("rule", ["rmsprop_keras2", "rmsprop_keras3"])
def test_small_identity_net_as_keras_computes_it(rule, layers, scale):
    """Keras's defaults (Dense: Glorot uniform, zero bias; RMSprop: 1e-3, 0.9, 1e-7), float32, no shuffle, 50
    steps of ReLU layers: losses and MAPE to 1e-4 of its formulas. (The digits would not do: in float32 a
    NumPy loop of the same formulas strays from float64 by 1e-3 on them, and so does any other.)"""
    data = {"name": "ramp", "samples": 168, "length": 12, "target": "input", "scale": scale}
    settings = preset(
        data, layers, "relu", "glorot_uniform", rule=rule, batch=32, shuffle=False, dtype="float32"
    )
    assert_as_keras(Session(settings))


@pytest.mark.mnist
@pytest.mark.parametrize("rule", ["rmsprop_keras2", "rmsprop_keras3"])
def test_identity_preset_as_keras_computes_it(rule):
    """The issue: step for step Keras's losses, to 1e-4 over the first 50 steps."""
    settings = load_preset(
        "identity-1-layer",
        ["data.samples=6400", "data.validation=100", f"train.rule.name={rule}", "train.shuffle=false"],
    )
    assert_as_keras(Session(settings))


def test_the_two_kerases_differ():
    """Where √v is not large against ε or √ε its place shows; else the tests above could not tell."""
    losses = [
        Session(preset(DIGITS, (7, 10), "tanh", learning_rate=1e-3, rule=rule)).burst(50).loss
        for rule in ("rmsprop_keras2", "rmsprop_keras3")
    ]
    assert losses[0] != pytest.approx(losses[1], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("linear-1-layer", []),
        ("linear-4-layer", ["data.samples=100"]),
    ],
)
def test_linear_preset_against_bare_torch(name, overrides):
    """nn.Sequential, MSELoss and SGD in float64, over 100 steps; the targets are 0, 1, 2 …"""
    session = Session(load_preset(name, [*overrides, "train.threads=1"]))
    samples = len(session.dataset.train_inputs)
    session.burst(100)

    torch.manual_seed(0)
    units = [100, *(layer.units for layer in session.preset.network.layers)]
    model = torch.nn.Sequential(*(torch.nn.Linear(a, b) for a, b in pairwise(units)))
    model.double()
    inputs = torch.arange(samples * 100, dtype=torch.float64).reshape(samples, 100)
    targets = torch.arange(samples, dtype=torch.float64).reshape(-1, 1)
    losses = bare_loop(
        model, torch.optim.SGD(model.parameters(), 1e-12), lambda _: (inputs, targets), torch.nn.MSELoss()
    )
    np.testing.assert_allclose(session.history["loss"], losses, rtol=1e-10)
    expected = torch.cat([part.detach().ravel() for part in model.parameters()]).numpy()
    np.testing.assert_allclose(flat_parameters(session), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["network.layers=[{units=48, activation='relu'}, {units=784, activation='linear'}]"],
    ],
    ids=["1-layer", "2-layer"],
)
def test_identity_preset_shrunken_against_bare_torch(overrides):
    """identity-1-layer in float64 on 200 digits in batches of 64 (the last of 8); torch's RMSprop with
    Keras 2's constants is Keras 2's formula."""
    session = Session(
        load_preset(
            "identity-1-layer",
            [
                "data.name=digits",
                "data.samples=200",
                "train.dtype=float64",
                "train.batch=64",
                "train.shuffle=false",
                "train.threads=1",
                *overrides,
            ],
        )
    )
    session.burst(100)

    torch.manual_seed(0)
    model = torch.nn.Sequential()
    width = 784
    for layer in session.preset.network.layers:
        # Glorot's weights are drawn where the engine draws them: alone, in order
        linear = torch.nn.utils.skip_init(torch.nn.Linear, width, layer.units)
        torch.nn.init.xavier_uniform_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
        model.append(linear)
        if layer.activation == "relu":
            model.append(torch.nn.ReLU())
        width = layer.units
    model.double()
    inputs = torch.from_numpy(session.dataset.train_inputs)
    losses = bare_loop(
        model,
        torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9, eps=1e-7),
        lambda k: 2 * (inputs[k % 4 * 64 : (k % 4 + 1) * 64],),
        torch.nn.MSELoss(),
    )
    np.testing.assert_allclose(session.history["loss"], losses, rtol=1e-10)


def bare_loop(model, optimizer, batch, criterion):
    losses = []
    for k in range(101):
        inputs, targets = batch(k)
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        losses.append(loss.item())
        if k < 100:
            loss.backward()
            optimizer.step()
    return losses
