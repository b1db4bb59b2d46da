"""The split of a linear network's loss against NumPy's SVD and against what the steps then do."""

import numpy as np
import pytest
from probe_reference import hessian, loss_and_gradient, probe
from runs import RAMP, flat_parameters, preset

from gradstep.engine import Session, load_preset
from gradstep.engine.probes.subject import Limits

DOCUMENT = {"name": "ramp", "samples": 1500, "length": 100}
FULL_RANK = {**RAMP, "length": 1}
COPY = {**RAMP, "target": "input"}


def matrix_of(session, ones=True):
    x = session.dataset.train_inputs.astype(np.float64)
    return np.hstack([x, np.ones((len(x), 1))]) if ones else x


def test_the_documents_ramp():
    """FACTS.md: singular values of [S, 1] 3.354e7 and 5590, then noise; 3.6e7 on the two directions; 26.6 at
    200 steps, all of it in the second direction, which nothing moves along."""
    session = Session(load_preset("linear-1-layer"))
    session.burst(200)
    result = probe(session, "spectrum")
    assert result.singular_values[0] == pytest.approx(3.354e7, rel=1e-3)
    assert result.singular_values[1] == pytest.approx(5590, rel=1e-3)
    assert result.singular_values[2] < 1e-4
    assert (result.rank, result.columns) == (2, 101)
    assert result.condition == pytest.approx(3.6e7, rel=1e-2)
    assert result.naive_condition > 1e16
    assert result.words == "rank 2, beyond that not resolvable: 99 of 101 directions are free"
    assert result.loss == pytest.approx(session.record.loss, rel=1e-9)
    assert result.loss == pytest.approx(26.6, abs=0.05)
    assert result.shares[1] == pytest.approx(result.loss, rel=1e-6)
    assert result.states == ("solved", "frozen")
    assert result.steps_left[1] > 1e7
    assert result.unreachable < 1e-9
    # λ = 2σ²/N: 1.4999e12, which times 1e-12 is 1.5, below 2
    assert result.eigenvalues[0] == pytest.approx(2 * 3.354e7**2 / 1500, rel=1e-3)


@pytest.mark.parametrize("chunk", [1, 10**10])
@pytest.mark.parametrize(("data", "bias"), [(RAMP, True), (RAMP, False), (FULL_RANK, True), (COPY, True)])
@pytest.mark.parametrize("loss", ["mse", "half_mse"])
def test_singular_values_and_shares(data, bias, loss, chunk):
    outputs = 6 if data is COPY else 1
    session = Session(preset(data, (outputs,), bias=bias, loss=loss, learning_rate=1e-2))
    session.burst(3)
    x = matrix_of(session, bias)
    u, values, vt = np.linalg.svd(x, full_matrices=False)
    kept = int(np.sum(values > values[0] * max(x.shape) * 2.3e-16))
    result = probe(session, "spectrum", limits=Limits(qr_work=chunk))
    assert result.rank == kept
    np.testing.assert_allclose(result.singular_values[:kept], values[:kept], rtol=1e-9)
    named = session.parameters()
    w = named["layer1.weight"]
    if bias:
        w = np.hstack([w, named["layer1.bias"][:, None]])
    residual = x @ w.T - session.dataset.train_targets
    scale = (0.5 if loss == "half_mse" else 1.0) / residual.size
    np.testing.assert_allclose(
        result.shares, scale * ((u[:, :kept].T @ residual) ** 2).sum(1), rtol=1e-6, atol=1e-12
    )
    assert result.loss == pytest.approx(session.record.loss, rel=1e-10)
    np.testing.assert_allclose(result.eigenvalues, 2 * scale * values[:kept] ** 2, rtol=1e-9)
    assert np.abs(result.directions[0]) == pytest.approx(np.abs(vt[0]), rel=1e-6, abs=1e-9)
    if kept == x.shape[1]:
        assert result.words.endswith("full: every direction is in the data")
    else:
        assert "not resolvable" in result.words


def test_eigenvalues_are_the_hessians():
    session = Session(preset({**RAMP, "target": "input"}, (6,)))
    result = probe(session, "spectrum")
    values = np.linalg.eigvalsh(hessian(session))[::-1]
    np.testing.assert_allclose(
        np.repeat(result.eigenvalues, 6), values[: 6 * result.rank], rtol=1e-6, atol=1e-9
    )


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5])
def test_shares_shrink_by_the_factors(rate):
    session = Session(preset(learning_rate=rate))
    before = probe(session, "spectrum")
    session.step()
    after = probe(session, "spectrum")
    np.testing.assert_allclose(before.factors, 1 - rate * before.eigenvalues)
    np.testing.assert_allclose(after.shares, before.shares * before.factors**2, rtol=1e-7, atol=1e-13)


def test_steps_left_is_when_a_share_is_one_percent():
    session = Session(preset(learning_rate=0.1))
    start = probe(session, "spectrum")
    for i in range(start.rank):
        steps = int(start.steps_left[i])
        session.seek(steps - 1)
        assert probe(session, "spectrum").shares[i] > 0.01 * start.shares[i] or steps == 1
        session.seek(steps)
        assert probe(session, "spectrum").shares[i] <= 0.01 * start.shares[i] * (1 + 1e-6)


@pytest.mark.parametrize("rule", ["momentum", "nesterov"])
def test_with_momentum_the_slower_root_counts(rule):
    """The share's rate over many steps, against the factor's square."""
    session = Session(preset(rule=rule, learning_rate=0.02))
    result = probe(session, "spectrum")
    i = result.rank - 1
    session.seek(200)
    first = probe(session, "spectrum").shares[i]
    session.seek(600)
    last = probe(session, "spectrum").shares[i]
    assert (last / first) ** (1 / 800) == pytest.approx(abs(result.factors[i]), rel=5e-3)


def test_adaptive_rules_and_minibatches_have_no_factors():
    for train in ({"rule": "adam"}, {"batch": 5}, {"clip_norm": 1.0}):
        assert probe(Session(preset(**train)), "spectrum").factors is None


def test_a_diverging_direction():
    session = Session(preset(learning_rate=3.0))
    result = probe(session, "spectrum")
    assert result.states[0] == "diverging"
    assert result.steps_left[0] == np.inf


def test_nothing_is_solved_where_the_loss_has_no_value():
    session = Session(preset(learning_rate=1e30))
    session.seek(20)
    result = probe(session, "spectrum")
    assert not np.isfinite(result.loss)
    assert "solved" not in result.states


@pytest.mark.parametrize("bias", [True, False])
def test_four_linear_layers_are_one(bias):
    session = Session(preset(RAMP, (5, 7, 3, 1), bias=bias, learning_rate=0.01))
    session.burst(10)
    result = probe(session, "spectrum")
    expected = loss_and_gradient(session)[0]
    x, y = session.dataset.train_inputs, session.dataset.train_targets
    one = x @ result.collapsed_weight.T + result.collapsed_bias
    assert np.mean((one - y) ** 2) == pytest.approx(expected, rel=1e-10)
    assert result.collapse_difference < 1e-13
    assert result.shares.sum() + result.unreachable == pytest.approx(expected)
    assert result.factors is None


# --- the surface ------------------------------------------------------------------------------------


def test_the_surface_is_the_loss():
    session = Session(preset(RAMP, (3, 1), "tanh"))
    rng = np.random.default_rng(3)
    here = flat_parameters(session)
    given = rng.standard_normal((2, len(here)))
    path = [here + 0.3 * given[0], here - 0.2 * given[1] + 0.1 * rng.standard_normal(len(here))]
    result = probe(session, "surface", directions=tuple(given), path=path, points=5)
    u, v = result.directions
    np.testing.assert_allclose(result.directions @ result.directions.T, np.eye(2), atol=1e-12)
    assert u @ given[0] == pytest.approx(np.linalg.norm(given[0]))
    expected = [[loss_and_gradient(session, here + a * u + b * v)[0] for a in result.x] for b in result.y]
    np.testing.assert_allclose(result.losses, expected, rtol=1e-12)
    assert result.loss == pytest.approx(session.record.loss)
    for state, point, off in zip(path, result.path, result.off_plane, strict=True):
        np.testing.assert_allclose(point, [(state - here) @ u, (state - here) @ v], atol=1e-12)
        rest = state - here - point[0] * u - point[1] * v
        assert off == pytest.approx(np.linalg.norm(rest), abs=1e-12)
        assert result.x[0] < point[0] < result.x[-1]
        assert result.y[0] < point[1] < result.y[-1]


def test_eigendirections_of_a_linear_layer_and_of_a_net():
    for layers in ((1,), (3, 1)):
        session = Session(preset(RAMP, layers, "linear" if layers == (1,) else "tanh"))
        values, vectors = np.linalg.eigh(hessian(session))
        result = probe(session, "surface", points=3)
        np.testing.assert_allclose(result.eigenvalues, values[::-1][:2], rtol=1e-4)
        overlap = np.abs(np.sum(result.directions * vectors[:, ::-1][:, :2].T, 1))
        np.testing.assert_allclose(overlap, 1, atol=1e-5)


def test_the_surface_through_a_given_window():
    """To stand beside another one on the same axes."""
    session = Session(preset(RAMP, (3, 1), "tanh"))
    result = probe(session, "surface", window=((-0.5, 1.0), (0.0, 0.25)), points=4)
    np.testing.assert_allclose(result.x, [-0.5, 0.0, 0.5, 1.0], atol=1e-15)
    assert (result.y[0], result.y[-1]) == (0.0, 0.25)
    u, v = result.directions
    here = flat_parameters(session)
    expected = [[loss_and_gradient(session, here + a * u + b * v)[0] for a in result.x] for b in result.y]
    np.testing.assert_allclose(result.losses, expected, rtol=1e-12)


def test_on_a_parabola_the_lowest_point_is_in_sight():
    session = Session(preset())
    result = probe(session, "surface", points=41)
    spectrum = probe(session, "spectrum")
    j, i = np.unravel_index(np.argmin(result.losses), result.losses.shape)
    assert 0 < i < 40
    assert 0 < j < 40
    # in the plane of both directions that exist all but the unreachable part can be had
    assert result.losses.min() < 0.02 * spectrum.loss
