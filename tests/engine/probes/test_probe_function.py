"""The error over an interval against brute force, and the data's free directions against NumPy's rank."""

import itertools

import numpy as np
import numpy_reference as reference
import pytest
import torch
from probe_reference import layers_of, probe
from runs import DIGITS, preset

from gradstep.engine import Session

SMALL = {"name": "ramp", "samples": 9, "length": 3, "scale": "unit", "target": "input"}
ACTIVATIONS = ["linear", "relu", "leaky_relu", "sigmoid", "tanh"]


def errors(session, x):
    return np.abs(reference.forward(layers_of(session), x)[-1][1] - x)


def randomised(activation, seed, layers=(3,), bias=True, spread=2.0):
    session = Session(preset(SMALL, layers, activation, bias=bias))
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        flat = session.trainer.model.vector
        flat.copy_(torch.from_numpy(spread * rng.standard_normal(len(flat))))
        if seed % 3 == 0:  # large on the diagonal: kinks and stationary points within the interval
            session.trainer.model.layers[0].weight.diagonal().add_(6.0)
    return session


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("seed", range(6))
def test_one_layer_is_exact(activation, seed):
    """A grid of 41³ points, corners included, never exceeds it and comes close; and it is attained."""
    low, high = (-1.0, 1.5) if seed % 2 else (0.0, 1.0)
    session = randomised(activation, seed, bias=seed != 4)
    result = probe(session, "function", low=low, high=high)
    axis = np.linspace(low, high, 41)
    found = errors(session, np.array(list(itertools.product(axis, repeat=3)))).max(0)
    assert result.exact
    assert (result.on_interval >= found - 1e-12).all()
    assert (result.on_interval <= found + 0.02 * (1 + found)).all()
    at = errors(session, result.worst_input[None])[0]
    assert at[result.worst_unit] == pytest.approx(result.on_interval.max(), rel=1e-12)
    assert (result.worst_input >= low).all()
    assert (result.worst_input <= high).all()


def test_the_identity_has_no_error_and_a_dead_output_the_intervals_length():
    session = Session(preset(SMALL, (3,), "relu", "identity"))
    assert probe(session, "function").on_interval.max() == 0
    with torch.no_grad():
        session.trainer.model.layers[0].weight[1] = 0
    result = probe(session, "function", low=0.0, high=7.0)
    np.testing.assert_array_equal(result.on_interval, [0, 7, 0])
    assert (result.worst_unit, result.dead.tolist(), result.constant.tolist()) == (1, [1], [1])
    # below 0 a ReLU can't follow: |0 − x| = 2
    assert probe(session, "function", low=-2.0, high=1.0).on_interval[0] == 2


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_more_layers_are_a_lower_bound_at_least_the_datas(activation):
    session = randomised(activation, 1, (4, 3), spread=1.0)
    result = probe(session, "function")
    data = session.dataset.train_inputs
    assert not result.exact
    assert "at least" in result.words
    np.testing.assert_allclose(result.on_data, errors(session, data).max(0), rtol=1e-12)
    assert (result.low, result.high) == (data.min(), data.max())
    assert (result.on_interval >= result.on_data - 1e-12).all()
    axis = np.linspace(result.low, result.high, 41)
    found = errors(session, np.array(list(itertools.product(axis, repeat=3)))).max(0)
    assert (result.on_interval >= 0.9 * found).all(), "the search comes near what a grid finds"
    at = errors(session, result.worst_input[None])[0]
    assert at[result.worst_unit] == pytest.approx(result.on_interval[result.worst_unit], rel=1e-12)


IMAGES = {**DIGITS, "target": "input"}
RAMP = {"name": "ramp", "samples": 30, "length": 8, "target": "input"}


@pytest.mark.parametrize(
    ("data", "layers", "dtype", "expected"),
    [
        # two directions: S_0 and the ones
        *((RAMP, layers, dtype, 2) for layers in ((8,), (5, 8)) for dtype in ("float32", "float64")),
        ({**RAMP, "scale": "unit"}, (8,), "float32", 2),
        ({**RAMP, "scale": "unit"}, (8,), "float64", 2),
        (IMAGES, (784,), "float32", 30),
    ],
)
def test_free_directions_and_distance_to_the_identity(data, layers, dtype, expected):
    session = Session(preset(data, layers, dtype=dtype, learning_rate=1e-9))
    width = layers[-1]
    result = probe(session, "function", starts=0, iterations=0)
    x = session.dataset.train_inputs.astype(np.float64)
    _, values, vt = np.linalg.svd(x, full_matrices=False)
    assert (result.width, result.rank, result.free) == (width, expected, width - expected)
    np.testing.assert_allclose(result.data_singular_values[:expected], values[:expected], rtol=1e-9)
    a = np.eye(width)
    for layer in layers_of(session):
        a = layer.weight @ a
    np.testing.assert_allclose(result.map_singular_values, np.linalg.svd(a, compute_uv=False), atol=1e-10)
    span = vt[:expected].T
    assert result.span_distance == pytest.approx(np.linalg.norm((a - np.eye(width)) @ span, 2))
    assert result.span_distance_rms == pytest.approx(
        np.linalg.norm((a - np.eye(width)) @ span) / np.sqrt(expected)
    )
    beyond = np.eye(width) - span @ span.T
    assert result.free_distance_rms == pytest.approx(
        np.linalg.norm((a - np.eye(width)) @ beyond) / np.sqrt(width - expected)
    )


def test_training_moves_nothing_on_the_free_directions():
    """Without a bias, the weights' gradient lies in the data's span."""
    session = Session(
        preset({**RAMP, "scale": "unit"}, (8,), initialiser="glorot_uniform", bias=False, learning_rate=2.0)
    )
    first = probe(session, "function")
    session.burst(50)
    last = probe(session, "function")
    assert last.span_distance_rms < 0.9 * first.span_distance_rms
    assert last.free_distance_rms == pytest.approx(first.free_distance_rms, rel=1e-9)


def weights_of(session, *weights):
    with torch.no_grad():
        for layer, weight in zip(session.trainer.model.layers, weights, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
    return session


def test_what_float64_makes_of_a_map_of_rank_one_is_below_its_resolution():
    """Three layers that are all outer products: two of the product's three directions are exactly 0."""
    rng = np.random.default_rng(5)
    for spread in (1e-140, 1.0, 1e100):
        session = Session(preset(SMALL, (3, 3, 3), bias=False))
        weights = [spread ** (1 / 3) * np.outer(*rng.standard_normal((2, 3))) for _ in range(3)]
        result = probe(weights_of(session, *weights), "function", starts=0, iterations=0)
        values, resolution = result.map_singular_values, result.map_resolution
        assert values[0] > 1e10 * resolution
        assert (values[1:] <= resolution).all()


@pytest.mark.parametrize("layers", [1, 3])
def test_what_float32_can_tell_of_a_map(layers):
    """Orthogonal matrices around singular values down to 1e-9, whose product is known; rounding the weights
    to float32 moves them by less than the resolution, which is at most a hundred times the dtype's ε."""
    rng = np.random.default_rng(6)
    known = np.array([1.0, 1e-2, 1e-4, 1e-9])
    q = [np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(layers + 1)]
    weights = [q[i + 1] * known ** (1 / layers) @ q[i].T for i in range(layers)]
    moved = {}
    for dtype in ("float32", "float64"):
        session = Session(preset({**SMALL, "length": 4}, (4,) * layers, bias=False, dtype=dtype))
        result = probe(weights_of(session, *weights), "function", starts=0, iterations=0)
        away = np.abs(result.map_singular_values - known).max()
        assert away <= result.map_resolution <= 100 * np.finfo(dtype).eps
        moved[dtype] = away
    assert moved["float32"] > 1e-10 > moved["float64"]
