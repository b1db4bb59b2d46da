"""Units: every expected number is counted in NumPy from the forward pass of `numpy_reference`."""

import numpy as np
import numpy_reference as reference
import pytest
import torch
from probe_reference import layers_of, loss_and_gradient, probe
from runs import DIGITS, preset

from gradstep.engine import Session, UserError
from gradstep.engine.probes.layers import histogram, rank
from gradstep.engine.training.model.last_fired import NEVER

PART = {**DIGITS, "samples": 40, "validation": 0}


DYING = preset(
    {"name": "ramp", "samples": 20, "length": 3, "scale": "unit", "target": "input"},
    (3,),
    "relu",
    {"name": "normal", "mean": 0.3, "std": 0.3},
    learning_rate=3.0,
    seed=1,  # unit 2 dies first, then 0, then 1
)


def session_of(activation, **more):
    return Session(preset(PART, (12, 10), activation, loss="cross_entropy", batch=8, shuffle=False, **more))


def passes(session, rows):
    return reference.forward(layers_of(session), session.dataset.train_inputs[rows])[1:]


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid", "tanh", "linear"])
@pytest.mark.parametrize("whole", [False, True])
def test_units_that_do_nothing(activation, whole):
    session = session_of(activation, initialiser={"name": "normal", "mean": -0.02, "std": 0.5})
    with torch.no_grad():
        dense = session.trainer.model.layers[0]
        dense.weight[3] = 0.0  # one that can't but be silent and constant
        dense.bias[3] = -1.0
        dense.bias[5] = 40.0  # one that saturates
    session.step()
    session.back()  # evaluated there
    with torch.no_grad():
        session.trainer.model.layers[0].weight[3] = 0.0
        session.trainer.model.layers[0].bias[3] = -1.0
        session.trainer.model.layers[0].bias[5] = 40.0
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
    assert (hidden.units, hidden.distinct, hidden.distinct_gradients) == (12, 1, 1)
    assert hidden.twins == (tuple(range(12)),)
    assert (last.distinct, last.distinct_gradients, last.twins) == (
        10,
        10,
        (),
    )  # the outputs have moved apart: their labels differ
    other = probe(session_of("sigmoid"), "layers").layers[0]
    assert (other.distinct_incoming, other.distinct_outgoing, other.distinct) == (12, 12, 12)
    assert other.distinct_gradients == 12


def test_twins_must_agree_in_bias_and_differ_by_what_goes_out():
    session = session_of("relu")
    with torch.no_grad():
        first, second = session.trainer.model.layers
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
        weight = session.trainer.model.layers[0].weight
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
    with torch.no_grad():
        weight[0, 0] = torch.nan
    assert probe(session, "layers", ranks=True).layers[0].rank is None


def test_since_when_units_are_silent_follows_the_run_back_and_forth():
    session = session_of("relu", initialiser={"name": "normal", "mean": -0.02, "std": 0.3}, learning_rate=0.3)
    fired = []
    for position in range(30):
        rows = slice(position % 5 * 8, position % 5 * 8 + 8)
        fired.append([(pre > 0).any(0) for pre, _ in passes(session, rows)])
        if position < 29:
            session.step()

    def expected(layer, until):
        history = np.array([fired[k][layer] for k in range(until + 1)])
        last = until - np.argmax(history[::-1], axis=0)
        return np.where(history.any(0), last, NEVER)

    assert (expected(0, 29) < 29).any(), "some unit is silent, else this tests nothing"
    assert (expected(0, 29) == NEVER).any()
    before = session.state_hash()
    for position in (29, 11, 12, 28, 0, 29):
        session.seek(position)
        for index, report in enumerate(probe(session, "layers").layers):
            last = expected(index, position)[report.silent]
            np.testing.assert_array_equal(report.silent, np.flatnonzero(~fired[position][index]))
            np.testing.assert_array_equal(report.silent_since, np.where(last == NEVER, 0, last + 1))
            assert report.watched_from == 0
    session.trainer.silence.restore(29, None)
    assert session.state_hash() == before  # it is no part of what a run computes with
    report = probe(session, "layers").layers[0]
    assert report.watched_from == 29
    assert (report.silent_since == 29).all()
    assert len(report.silent)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "linear"])
def test_nothing_is_watched_where_units_do_not_fire(activation):
    session = session_of(activation)
    assert not session.trainer.silence
    assert session.trainer.snapshot().watched.nbytes == 0
    assert [layer.silent_since for layer in probe(session, "layers").layers] == [None, None]


def test_finds_the_update_that_silenced_a_unit():
    """GD on one ReLU layer: a large step kills; the dead unit's gradient is 0 from then on."""
    session = Session(DYING)
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

    end, ticks = session.state_hash(), []
    session.seek_unit_death(0, 1, lambda *told: ticks.append(told) is None)
    assert session.position == first - 1
    assert ticks
    session.seek(12)
    assert session.state_hash() == end


def test_a_unit_that_lives_or_never_did_or_cannot_die_has_no_death():
    session = session_of("relu", initialiser={"name": "normal", "mean": 0.0, "std": 0.3}, learning_rate=0.3)
    session.burst(9)
    before, all_pre = session.state_hash(), passes(session, slice(None))[0][0]
    alive = int(np.flatnonzero((all_pre > 0).any(0))[0])
    first = int(np.flatnonzero(all_pre[:, alive] > 0)[0])
    linear = session_of("linear")
    stillborn = session_of("relu", initialiser={"name": "constant", "value": -0.1})
    stillborn.burst(2)
    for run, layer, unit, text in [
        (session, 0, alive, f"unit {alive} of layer1 is not dead: it fires on training sample {first}"),
        (stillborn, 0, 3, "unit 3 of layer1 was dead at the start"),
        (session, 0, 12, "no unit 12 in layer1"),
        (session, 2, 0, "no unit 0 in layer3"),
        (linear, 0, 0, "unit 0 of layer1 can't die: it is linear"),
    ]:
        with pytest.raises(UserError, match=text):
            run.seek_unit_death(layer, unit)
    assert (session.position, session.state_hash()) == (9, before)


def test_the_search_for_a_units_death_can_be_cancelled_at_any_time():
    session = Session(DYING)
    session.burst(12)
    before, calls = session.state_hash(), []
    session.seek_unit_death(0, 1, lambda *_: calls.append(None) is None)
    session.seek(12)
    for last in range(len(calls)):
        left = iter(range(last))
        with pytest.raises(UserError, match="cancelled"):
            session.seek_unit_death(0, 1, lambda *_, left=left: next(left, None) is not None)
        assert (session.position, session.state_hash()) == (12, before)


@pytest.mark.parametrize("rule", ["gradient_descent", "momentum", "adam"])
def test_killers_below_other_layers_and_with_momentum(rule):
    """Every dead unit's killer: alive before it, dead after it, counted in NumPy."""
    session = session_of("relu", rule=rule, learning_rate=0.5 if rule == "gradient_descent" else 0.1)
    session.burst(40)
    dead = [
        (i, int(unit))
        for i, one in enumerate(probe(session, "layers", whole=True).layers)
        for unit in one.dead
    ]
    found = 0
    for layer, unit in dead:
        session.seek(40)
        try:
            session.seek_unit_death(layer, unit)
        except UserError:  # it was dead at the start
            session.seek(0)
            assert not (passes(session, slice(None))[layer][0][:, unit] > 0).any()
            continue
        found += 1
        assert (passes(session, slice(None))[layer][0][:, unit] > 0).any()
        session.step()
        assert not (passes(session, slice(None))[layer][0][:, unit] > 0).any()
    assert found


def test_watch_dog_notes():
    session = session_of("relu", initialiser={"name": "constant", "value": -0.1})
    found = probe(session, "layers", whole=True)
    hidden, last = found.layers
    assert hidden.notes == ("12 of 12 units dead",)
    assert last.notes == ("10 of 10 units dead",)
    # every unit is dead, so that every gradient is 0
    assert found.gradient == "no gradient left: a minimum, a saddle or a plateau of this batch's loss"
