"""Units: every expected number is counted in NumPy from the forward pass of `numpy_reference`."""

import numpy as np
import numpy_reference as reference
import pytest
import torch
from probe_reference import layers_of, loss_and_gradient, probe
from small_runs import DIGITS, preset

from engine import Session
from engine.probes.layers import find_killer, histogram, rank
from engine.probes.silence import NEVER, Silence, dead_since

PART = {**DIGITS, "samples": 40, "validation": 0}


def session_of(activation, **more):
    return Session(preset(PART, (12, 10), activation, loss="cross_entropy", batch=8, shuffle=False, **more))


def passes(session, rows):
    return reference.forward(layers_of(session), session.dataset.train_inputs[rows])[1:]


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid", "tanh", "linear"])
@pytest.mark.parametrize("whole", [False, True])
def test_units_that_do_nothing(activation, whole):
    session = session_of(activation, initialiser={"name": "normal", "mean": -0.02, "std": 0.5})
    with torch.no_grad():
        dense = session.trainer.network.layers[0]
        dense.weight[3] = 0.0  # one that can't but be silent and constant
        dense.bias[3] = -1.0
        dense.bias[5] = 40.0  # one that saturates
    session.step()
    session.back()  # evaluated there
    with torch.no_grad():
        session.trainer.network.layers[0].weight[3] = 0.0
        session.trainer.network.layers[0].bias[3] = -1.0
        session.trainer.network.layers[0].bias[5] = 40.0
    result = probe(session, "layers", whole=whole)
    assert (result.samples, result.whole) == (8, whole)
    for i, report in enumerate(result.layers):
        pre, out = passes(session, slice(8))[i]
        all_pre, all_out = passes(session, slice(None))[i]
        fires = activation in ("relu", "leaky_relu")
        if fires:
            np.testing.assert_array_equal(report.silent, np.flatnonzero((pre <= 0).all(0)))
        else:
            assert report.silent is None
        if fires and whole:
            np.testing.assert_array_equal(report.dead, np.flatnonzero((all_pre <= 0).all(0)))
            assert set(report.dead) <= set(report.silent)
        else:
            assert report.dead is None
        looked = all_out if whole else out
        np.testing.assert_array_equal(report.constant, np.flatnonzero(np.ptp(looked, axis=0) == 0))
        if activation == "sigmoid":
            share = ((out < 0.01) | (out > 0.99)).mean(0)
        elif activation == "tanh":
            share = (np.abs(out) > 0.98).mean(0)
        else:
            assert report.saturated is None
            continue
        np.testing.assert_allclose(report.saturated_share, share)
        np.testing.assert_array_equal(report.saturated, np.flatnonzero(share >= 0.95))
    assert 3 in result.layers[0].constant
    if activation in ("relu", "leaky_relu"):
        assert 3 in result.layers[0].silent
    if activation in ("sigmoid", "tanh"):
        assert 5 in result.layers[0].saturated


def test_histograms_of_pre_activations_and_gradients():
    session = session_of("tanh")
    grad = loss_and_gradient(session, rows=slice(8))[1]
    start = 0
    for i, report in enumerate(probe(session, "layers", bins=7).layers):
        pre = passes(session, slice(8))[i][0]
        counts, edges = np.histogram(pre, 7)
        np.testing.assert_allclose(report.pre_activations.edges, edges)
        np.testing.assert_array_equal(report.pre_activations.counts, counts)
        own = grad[start : start + (784 * 12 + 12 if i == 0 else 12 * 10 + 10)]
        start += len(own)
        np.testing.assert_allclose(report.gradients.edges, np.histogram(own, 7)[1], atol=1e-12)
        assert report.gradients.counts.sum() == len(own)
        assert report.mean_abs_gradient == pytest.approx(np.abs(own).mean())


@pytest.mark.parametrize("values", [[2.0, 2.0], [0.0], [np.nan, np.inf], [1e300, -1e300], [1.0, np.nan]])
def test_histograms_of_odd_values(values):
    found = histogram(np.array(values), 5)
    assert found.not_finite == np.count_nonzero(~np.isfinite(values))
    assert found.counts.sum() + found.not_finite == len(values)
    assert (np.diff(found.edges) > 0).all()


def test_equal_initialisation_makes_all_units_one_and_they_stay_so():
    """exam document, question 1; FACTS.md: the hidden units are equal to the last bit after 300 steps."""
    session = session_of("sigmoid", initialiser={"name": "constant", "value": 0.01}, learning_rate=0.5)
    session.burst(20)
    hidden, last = probe(session, "layers").layers
    assert (hidden.units, hidden.distinct) == (12, 1)
    assert hidden.twins == (tuple(range(12)),)
    assert (last.distinct, last.twins) == (10, ())  # the outputs have moved apart: their labels differ
    other = probe(session_of("sigmoid"), "layers").layers[0]
    assert (other.distinct_incoming, other.distinct_outgoing, other.distinct) == (12, 12, 12)


def test_twins_must_agree_in_bias_and_differ_by_what_goes_out():
    session = session_of("relu")
    with torch.no_grad():
        first, second = session.trainer.network.layers
        first.weight[4] = first.weight[2]
        first.bias[4] = first.bias[2]
        first.weight[7] = first.weight[2]
        second.weight[:, 4] = second.weight[:, 2]
        second.weight[:, 9] = second.weight[:, 2]
    report = probe(session, "layers").layers[0]
    assert report.twins == ((2, 4),)
    assert (report.distinct_incoming, report.distinct_outgoing, report.distinct) == (11, 10, 11)


def test_rank_of_the_weights():
    session = session_of("relu")
    with torch.no_grad():
        weight = session.trainer.network.layers[0].weight
        weight[5] = 2 * weight[1] - weight[0]
        weight[6] = 0
    report = probe(session, "layers", ranks=True).layers[0]
    assert report.rank == np.linalg.matrix_rank(session.parameters()["layer1.weight"]) == 10
    np.testing.assert_allclose(
        report.singular_values,
        np.linalg.svd(session.parameters()["layer1.weight"], compute_uv=False),
        atol=1e-12,
    )
    assert rank(np.array([0.0]), (1, 1), 1e-16) == 0


def feed(silence, session):
    """What a trainer does that is asked to track."""
    inputs, _ = session.trainer.batch(session.position)
    layers = reference.forward(layers_of(session), inputs.numpy())[1:]
    silence.see(session.position, [torch.from_numpy(out) for _, out in layers])


def test_silence_follows_the_run_back_and_forth():
    session = session_of("relu", initialiser={"name": "normal", "mean": -0.02, "std": 0.3}, learning_rate=0.3)
    silence = Silence([12, 10], 0)
    fired = []
    snapshots = {}
    for _ in range(30):
        snapshots[session.position] = silence.snapshot()
        feed(silence, session)
        rows = slice(session.position % 5 * 8, session.position % 5 * 8 + 8)
        fired.append([(pre > 0).any(0) for pre, _ in passes(session, rows)])
        session.step()

    def expected(layer, until):
        history = np.array([fired[k][layer] for k in range(until + 1)])
        last = until - np.argmax(history[::-1], axis=0)
        return np.where(history.any(0), last, NEVER)

    for layer in (0, 1):
        np.testing.assert_array_equal(silence.view()[layer].last_fired, expected(layer, 29))
    assert (expected(0, 29) < 29).any(), "some unit is silent, else this tests nothing"
    session.seek(11)
    silence.restore(11, snapshots[11])
    feed(silence, session)
    np.testing.assert_array_equal(silence.view()[0].last_fired, expected(0, 11))

    result = probe(session, "layers", silence=silence.view()).layers[0]
    silent = np.flatnonzero(~fired[11][0])
    np.testing.assert_array_equal(result.silent, silent)
    last = expected(0, 11)[silent]
    np.testing.assert_array_equal(result.silent_since, np.where(last == NEVER, 0, last + 1))

    silence.restore(20, None)
    assert silence.view()[0].watched_from == 20
    assert (dead_since(silence.view()[0], np.array([0, 1])) == 20).all()


def test_the_update_that_killed_a_unit():
    """GD on one ReLU layer: a large step kills; the dead unit's gradient is 0 from then on."""
    session = Session(
        preset(
            {"name": "ramp", "samples": 20, "length": 3, "scale": "unit", "target": "input"},
            (3,),
            "relu",
            {"name": "normal", "mean": 0.3, "std": 0.3},
            learning_rate=3.0,
            seed=1,  # unit 2 dies first, then 0, then 1
        )
    )
    dead_at = []
    for _ in range(12):
        pre = session.dataset.train_inputs @ session.parameters()["layer1.weight"].T
        dead_at.append(bool((pre + session.parameters()["layer1.bias"] <= 0).all(0)[1]))
        assert bool(1 in probe(session, "layers", whole=True).layers[0].dead) == dead_at[-1]
        session.step()
    assert dead_at == sorted(dead_at)
    assert dead_at[-1]
    first = dead_at.index(True)
    assert first > 2

    def dead(position):
        session.seek(position)
        return 1 in probe(session, "layers", whole=True).layers[0].dead

    assert find_killer(dead, 0, 11) == first - 1


def test_watch_dog_notes():
    session = session_of("relu", initialiser={"name": "constant", "value": -0.1})
    hidden, last = probe(session, "layers", whole=True).layers
    assert "12 of 12 units dead" in hidden.notes
    assert any("vanishing" in note for note in hidden.notes)
    assert "10 of 10 units dead" in last.notes
