"""Line searches and their directions: FACTS.md's numbers, NumPy, exact fractions, Wolfe's conditions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_runs import DIGITS, RULES, ExactRamp, NumpyNet, from_zero, rule_preset, rule_session
from runs import flat_parameters

from gradstep.engine import ConfigError, Session
from gradstep.engine.session.state_bytes import state_from_bytes, state_to_bytes
from gradstep.engine.timeline.keyframes import DENSE_STRIDE

ARMIJO = 1e-4


def losses(run, count):
    run.burst(count)
    return run.history["loss"][1:]


# --- the linear document's ramp ---------------------------------------------------------------------


def exact_losses(count, beta=None):
    """Exact line searches without rounding; `beta(gradient, previous, metric)` of the previous direction."""
    ramp = ExactRamp()
    direction = previous = None
    found = []
    for _ in range(count):
        gradient = ramp.gradient()
        share = beta(gradient, previous, ramp) if beta and previous else Fraction(0)
        old = direction or [0, 0]
        direction = [-g + share * d for g, d in zip(gradient, old, strict=True)]
        if not any(gradient):
            break
        alpha = -ramp.product(gradient, direction) / ramp.curvature(direction)
        ramp.c, previous = ramp.at(direction, alpha), gradient
        found.append(float(ramp.loss(ramp.c)))
    return found


def test_exact_line_search_on_the_ramp():
    measured = losses(from_zero(name="line_search", search="exact"), 3)
    assert measured == pytest.approx([3.06e-2, 2.2e-9, 1.5e-16], rel=0.2)  # FACTS.md, "linear"
    # from the second on rounding shows: without any they are 2.5e-9 and 2.0e-16
    assert measured == pytest.approx(exact_losses(3), rel=0.5)
    assert measured[0] == pytest.approx(exact_losses(1)[0], rel=1e-9)


def test_backtracking_on_the_ramp():
    run = from_zero(name="line_search")
    measured = losses(run, 12)
    assert measured[7] == pytest.approx(6.7e-2, rel=0.01)  # FACTS.md, "linear"
    assert measured[11] == pytest.approx(3.1e-2, rel=0.02)
    ramp = ExactRamp()
    for loss in measured:
        gradient = ramp.gradient()
        down = [-g for g in gradient]
        alpha, slope, here = Fraction(1), -ramp.product(gradient, gradient), ramp.loss(ramp.c)
        while ramp.loss(ramp.at(down, alpha)) > here + Fraction(ARMIJO) * alpha * slope:
            alpha /= 2
        ramp.c = [Fraction(float(c)) for c in ramp.at(down, alpha)]
        assert loss == pytest.approx(float(ramp.loss(ramp.c)), rel=1e-6)


def test_heavy_ball_with_an_exact_line_search_stalls():
    measured = losses(from_zero(name="line_search", direction="heavy_ball", search="exact", momentum=0.9), 10)
    assert measured == pytest.approx(np.full(10, 3.06e-2), rel=0.01)  # FACTS.md, "linear"


@pytest.mark.parametrize("conjugate", ["polak_ribiere", "fletcher_reeves"])
def test_conjugate_gradients_reach_rounding_at_the_third(conjugate):
    rule = {"direction": "conjugate_gradients", "search": "exact", "conjugate": conjugate}
    measured = losses(from_zero(name="line_search", **rule), 3)
    assert measured[2] < 1e-20  # FACTS.md, "linear"
    fletcher_reeves = exact_losses(3, lambda g, old, ramp: ramp.product(g, g) / ramp.product(old, old))
    assert fletcher_reeves[1:2] == [0.0]  # rank 2: two iterations are all it takes without rounding
    assert measured[0] == pytest.approx(fletcher_reeves[0], rel=1e-9)


@pytest.mark.parametrize("direction", ["gradient", "conjugate_gradients"])
def test_wolfe_on_the_ramp(direction):
    """The minima along the lines lie 1e12 below the first step, far beyond one round of SciPy's."""
    measured = losses(from_zero(name="line_search", search="wolfe", direction=direction), 3)
    assert measured[0] < 0.1
    assert measured[2] < 1e-8


# --- the directions, against NumPy ------------------------------------------------------------------


def heavy_ball(g, old, _):
    return -g + 0.9 * old


def fletcher_reeves(g, old, g_old):
    return -g + (g @ g) / (g_old @ g_old) * old


def polak_ribiere(g, old, g_old):
    return -g + max(0.0, g @ (g - g_old) / (g_old @ g_old)) * old


DIRECTIONS = {
    "gradient": ({}, lambda g, old, g_old: -g),
    "heavy ball": ({"direction": "heavy_ball"}, heavy_ball),
    "Fletcher-Reeves": (
        {"direction": "conjugate_gradients", "conjugate": "fletcher_reeves"},
        fletcher_reeves,
    ),
    "Polak-Ribière": ({"direction": "conjugate_gradients"}, polak_ribiere),
}


@pytest.mark.parametrize("which", DIRECTIONS)
def test_directions_with_backtracking(which):
    """Nocedal and Wright's formulas (1.41, 5.41, 5.45) and algorithm 3.1 in NumPy, on a tanh network."""
    options, formula = DIRECTIONS[which]
    run = rule_session({"name": "line_search", "initial_step": 2.0, "shrink": 0.6, **options})
    net, theta = NumpyNet(run), flat_parameters(run)
    g_old = d = None
    for _ in range(12):
        run.step()
        g = net.gradient(theta)
        d = -g if d is None else formula(g, d, g_old)
        if g @ d >= 0:
            d = -g
        alpha = 2.0
        while net.loss(theta + alpha * d) > net.loss(theta) + ARMIJO * alpha * (g @ d):
            alpha *= 0.6
        theta, g_old = theta + alpha * d, g
        np.testing.assert_allclose(flat_parameters(run), theta, rtol=1e-8, atol=1e-12)


def test_a_direction_that_leads_up_is_replaced_and_said_so():
    run = from_zero(name="line_search", direction="heavy_ball")
    run.burst(2)  # each first step overshoots along the only steep direction, so the gradient turns round
    plain = from_zero(name="line_search")
    plain.burst(2)
    assert "the gradient's was taken" in run.trainer.remark
    np.testing.assert_array_equal(flat_parameters(run), flat_parameters(plain))


# --- trials -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", RULES)
def test_trials_are_the_losses_along_the_line(which):
    run = rule_session(RULES[which])
    net = NumpyNet(run)
    for _ in range(8):
        before = flat_parameters(run)
        run.step()
        trials = run.trainer.trials
        (taken,) = [trial for trial in trials if trial.accepted]
        direction = (flat_parameters(run) - before) / taken.step_length
        for trial in trials:
            expected = net.loss(before + trial.step_length * direction)
            assert trial.loss == pytest.approx(expected, rel=1e-7)
        counts = [trial.evaluations for trial in trials]
        assert counts == list(range(counts[0], counts[0] + len(trials)))
        assert counts[0] == (1 + len(before) if which == "newton" else 1)  # a Hessian is n products
        assert taken.loss == run.record.loss  # to the bit: the same formula at the same point


def test_backtracking_takes_the_first_that_armijo_lets():
    run = rule_session({"name": "line_search", "initial_step": 64.0, "shrink": 0.3, "armijo": 0.2})
    for _ in range(5):
        record = run.record
        run.step()
        trials = run.trainer.trials
        assert [t.step_length for t in trials] == pytest.approx([64 * 0.3**k for k in range(len(trials))])
        enough = [t.loss <= record.loss - 0.2 * t.step_length * record.grad_norm**2 for t in trials]
        assert enough == [False] * (len(trials) - 1) + [True] == [t.accepted for t in trials]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    initial_step=st.floats(1e-6, 1e3),
    direction=st.sampled_from(["gradient", "heavy_ball", "conjugate_gradients"]),
    curvature=st.sampled_from([None, 0.05, 0.5]),
)
def test_wolfes_conditions_hold(seed, initial_step, direction, curvature):
    """φ(α) ≤ φ(0) + c₁αφ′(0) and |φ′(α)| ≤ c₂|φ′(0)| (Nocedal and Wright, 3.7), from NumPy's gradients."""
    rule = {"name": "line_search", "search": "wolfe", "direction": direction, "initial_step": initial_step}
    if curvature is not None:
        rule["curvature"] = curvature
    run = rule_session(rule, seed=seed)
    net = NumpyNet(run)
    bound = curvature or (0.1 if direction == "conjugate_gradients" else 0.9)
    for _ in range(3):
        before = flat_parameters(run)
        run.step()
        if "no step" in run.trainer.remark:  # nothing but rounding is left
            assert run.record.update_norm < 1e-6 or abs(run.record.loss / run.history["loss"][-2] - 1) < 1e-9
            break
        (taken,) = [trial for trial in run.trainer.trials if trial.accepted]
        alpha, direction_ = taken.step_length, (flat_parameters(run) - before) / taken.step_length
        slope = net.gradient(before) @ direction_
        noise = 1e-12 * np.linalg.norm(net.gradient(before)) * np.linalg.norm(direction_)
        assert slope < 0
        assert taken.loss <= net.loss(before) + ARMIJO * alpha * slope + 1e-12 * net.loss(before)
        flat_enough = bound * abs(slope)
        if "second condition" in run.trainer.remark:  # it says that this one does not hold
            assert abs(net.gradient(flat_parameters(run)) @ direction_) >= flat_enough * (1 - 1e-6) - noise
        else:
            assert abs(net.gradient(flat_parameters(run)) @ direction_) <= flat_enough * (1 + 1e-6) + noise


def test_plain_rules_have_no_trials():
    run = rule_session({"name": "line_search"})
    run.step()
    assert run.trainer.trials
    run.change({"train.rule.name": "gradient_descent"})
    run.step()
    assert run.trainer.trials == ()


def test_trials_end_with_the_step_they_belong_to():
    run = rule_session({"name": "line_search"})
    run.burst(4)
    run.seek(4 - 4 % DENSE_STRIDE - DENSE_STRIDE)
    assert run.trainer.trials == ()


# --- determinism ------------------------------------------------------------------------------------


BATCHES = {
    "full": {},
    "minibatch": {"data": DIGITS, "layers": (2, 10), "loss": "cross_entropy", "batch": 7},
}


@pytest.mark.parametrize("batches", BATCHES)
@pytest.mark.parametrize("which", list(RULES))
def test_any_position_is_the_state_that_was_there(which, batches):
    given = BATCHES[batches]
    if which == "newton" and given:
        given = {"batch": 5}  # the Hessian of the digits' network takes its time
    count = 16
    run = rule_session(RULES[which], **given)
    hashes, trials = [run.state_hash()], [()]
    for _ in range(count):
        run.step()
        hashes.append(run.state_hash())
        trials.append(run.trainer.trials)
    for position in (count - 1, 0, count // 2, count, 1, count - 2):
        run.seek(position)
        assert run.state_hash() == hashes[position]
        if position < count:
            run.step()
            assert run.state_hash() == hashes[position + 1]
            assert run.trainer.trials == trials[position + 1]
    assert run.timeline.mismatch is None


@pytest.mark.parametrize("which", RULES)
def test_a_saved_state_goes_on_as_the_run_did(which):
    run = rule_session(RULES[which])
    run.burst(6)
    blob = state_to_bytes(run.trainer.snapshot())
    run.burst(3)
    other = rule_session(RULES[which])
    other.trainer.restore(state_from_bytes(blob, 6, other.trainer))
    for _ in range(3):
        other.trainer.step()
    assert other.trainer.state_hash() == run.state_hash()


def test_rules_follow_each_other_in_one_run():
    run = rule_session({"name": "momentum", "learning_rate": 0.01})
    hashes = []
    for rule in (*RULES.values(), {"name": "adam", "learning_rate": 1e-3}, RULES["conjugate gradients"]):
        run.change({f"train.rule.{key}": value for key, value in rule.items()})
        for _ in range(3):
            hashes.append(run.state_hash())
            run.step()
    assert np.isfinite(run.history["loss"]).all()
    for position in (20, 3, 11, 0, 17):
        run.seek(position)
        assert run.state_hash() == hashes[position]


# --- minibatches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [which for which in RULES if which != "newton"])
def test_it_is_the_batchs_loss_that_is_searched(which):
    run = rule_session(RULES[which], **BATCHES["minibatch"])
    for _ in range(12):
        here = run.record.loss  # of the batch that the next update uses
        run.step()
        taken = [trial for trial in run.trainer.trials if trial.accepted]
        assert len(taken) == 1
        assert taken[0].loss < here


# --- nowhere to go ----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [*RULES, "exact"])
def test_at_a_minimum_nothing_moves_and_the_reason_is_said(which):
    """One sequence, whose index is 0, and a network of zeros: the loss and its gradient are 0."""
    rule = RULES.get(which, {"name": "line_search", "search": "exact"})
    data = {"name": "ramp", "samples": 1, "length": 4}
    zeros = {"name": "constant", "value": 0.0}
    run = rule_session(rule, data=data, layers=(1,), initialiser=zeros)
    run.burst(3)
    assert run.position == 3
    assert not flat_parameters(run).any()
    assert run.record.update_norm == 0
    assert run.trainer.remark


def test_a_loss_of_rounding_only_ends_with_zero_updates():
    run = rule_session(
        {"name": "line_search", "direction": "conjugate_gradients", "search": "exact"}, layers=(1,)
    )
    run.burst(300)
    assert run.record.loss < 1e-20
    assert run.diverged is None


# --- what a config may say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "given", "words"),
    [
        ({"name": "line_search", "search": "exact"}, {}, "'backtracking', 'wolfe'"),
        (
            {"name": "line_search", "search": "exact"},
            {"data": DIGITS, "layers": (10,), "loss": "cross_entropy"},
            "quadratic",
        ),
        ({"name": "newton"}, {"layers": (300, 1)}, "2,401"),
        ({"name": "lbfgs"}, {"clip_norm": 1.0}, "clip_norm"),
        ({"name": "line_search", "search": "wolfe", "armijo": 0.95}, {}, "curvature"),
        ({"name": "line_search", "shrink": 1.0}, {}, "less than 1"),
    ],
)
def test_what_makes_no_sense_is_refused(rule, given, words):
    with pytest.raises(ValueError, match="(?s)" + words.replace("'", ".")):
        rule_preset(rule, **given)


def test_a_refused_change_leaves_the_run_as_it_was():
    run = rule_session({"name": "line_search"})
    run.burst(3)
    before = run.state_hash()
    with pytest.raises(ConfigError, match="exact"):
        run.change({"train.rule.search": "exact"})
    assert run.state_hash() == before
    run.step()
    assert run.trainer.trials


def test_a_labelled_quadratic_may_be_searched_exactly():
    run = Session(
        rule_preset(
            {"name": "line_search", "search": "exact", "direction": "conjugate_gradients"},
            data=DIGITS,
            layers=(10,),
            loss="mse",
        )
    )
    measured = losses(run, 30)
    assert (np.diff(measured) < 0).all()
