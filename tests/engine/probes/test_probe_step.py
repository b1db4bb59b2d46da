"""What an update does, against the steps that the session takes and derivatives in NumPy."""

import numpy as np
import pytest
from probe_reference import hessian, loss_and_gradient, probe
from runs import DIGITS, flat_parameters, preset

from gradstep.engine import Session
from gradstep.engine.probes.step import judge

RULES = ["gradient_descent", "momentum", "nesterov", "rmsprop_keras2", "rmsprop_keras3", "adam"]
DIGIT_PART = {**DIGITS, "validation": 0}
NET = {"layers": (3, 2, 1), "activation": "tanh", "learning_rate": 0.02}


@pytest.mark.parametrize("rule", [*RULES, {"name": "line_search"}, {"name": "newton"}, {"name": "lbfgs"}])
def test_the_proposal_is_the_next_step_bit_for_bit(rule):
    searches = isinstance(rule, dict)
    net = {key: value for key, value in NET.items() if key != "learning_rate"} if searches else NET
    session = Session(preset(**net, rule=rule, clip_norm=None if searches else 0.5))
    for _ in range(4):
        result = probe(session, "step")
        before = flat_parameters(session)
        session.step()
        update = flat_parameters(session) - before
        assert result.update_norm == pytest.approx(np.linalg.norm(update), rel=1e-12)
        assert result.loss_after == pytest.approx(session.record.loss, rel=1e-12)
        assert [(t.step_length, t.loss) for t in result.trials] == [
            (t.step_length, t.loss) for t in session.trainer.trials
        ]


@pytest.mark.parametrize("rule", RULES)
def test_predictions_against_numpys_gradient_and_hessian(rule):
    session = Session(preset(**NET, rule=rule))
    session.burst(3)
    last = flat_parameters(session)
    session.step()
    previous = flat_parameters(session) - last
    result = probe(session, "step", previous=previous, full=True)
    here = flat_parameters(session)
    loss, grad = loss_and_gradient(session)
    matrix = hessian(session)
    session.step()
    d = flat_parameters(session) - here
    assert result.loss == pytest.approx(loss, rel=1e-12)
    assert result.slope == pytest.approx(d @ grad, rel=1e-9)
    assert result.bend == pytest.approx(d @ matrix @ d, rel=1e-6)
    assert result.predicted == pytest.approx(d @ grad + d @ matrix @ d / 2, rel=1e-7)
    assert result.actual == pytest.approx(loss_and_gradient(session)[0] - loss, rel=1e-7)
    assert result.ratio == pytest.approx(result.actual / result.predicted)

    def cos(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert result.descent_cosine == pytest.approx(cos(d, -grad), rel=1e-8)
    assert result.previous_cosine == pytest.approx(cos(d, previous), rel=1e-8)
    assert result.full.gradient_cosine == pytest.approx(1)
    assert [layer.parameters for layer in result.layers] == [21, 8, 3]
    start = 0
    for layer in result.layers:
        part = slice(start, start + layer.parameters)
        start = part.stop
        assert layer.gradient_norm == pytest.approx(np.linalg.norm(grad[part]), rel=1e-9)
        assert layer.update_norm == pytest.approx(np.linalg.norm(d[part]), rel=1e-9)
        assert layer.ratio == pytest.approx(np.linalg.norm(d[part]) / np.linalg.norm(here[part]), rel=1e-9)


def test_a_minibatch_against_the_whole_set():
    session = Session(
        preset(
            DIGIT_PART, (5, 10), "sigmoid", loss="cross_entropy", batch=4, shuffle=False, learning_rate=0.3
        )
    )
    result = probe(session, "step", full=True)
    (batch_loss, batch), (loss, whole) = (
        loss_and_gradient(session, rows=rows) for rows in (slice(4), slice(None))
    )
    cosine = batch @ whole / np.linalg.norm(batch) / np.linalg.norm(whole)
    after = flat_parameters(session) - 0.3 * batch
    assert result.loss == pytest.approx(batch_loss)
    assert result.full.loss == pytest.approx(loss)
    assert result.full.gradient_cosine == pytest.approx(cosine)
    assert result.full.descent_cosine == pytest.approx(cosine)
    assert result.full.slope == pytest.approx(-0.3 * batch @ whole)
    assert result.full.loss_after == pytest.approx(loss_and_gradient(session, after)[0])


@pytest.mark.parametrize(
    ("rate", "verdict"), [(1e-3, "linear"), (0.4, "quadratic"), (1.3, "overshoot"), (1e-18, "rounding")]
)
def test_on_a_parabola_the_words_follow_the_learning_rate(rate, verdict):
    """One linear layer with MSE is a parabola: gradient descent overshoots beyond 2/λ along the gradient."""
    session = Session(preset(learning_rate=1.0, bias=False))
    result = probe(session, "step")
    along = result.bend / result.update_norm**2
    session.change({"train.rule.learning_rate": rate * 2 / along})
    result = probe(session, "step")
    assert result.verdict == verdict
    if verdict != "rounding":
        assert result.ratio == pytest.approx(1, abs=1e-6)


def test_verdicts():
    assert judge(1.0, 1e-3, 0.0, 1e-3, 1e-16) == "uphill"
    assert judge(1.0, -1e-3, 0.0, -0.5e-3, 1e-16) == "other"
    assert judge(1.0, -1e-3, 1e-3, -0.5e-3, 1e-16) == "quadratic"
    assert judge(1.0, -1e-3, 1.9e-3, -0.04e-3, 1e-16) == "balanced"
    assert judge(1.0, -1e-3, 2.02e-3, -0.05e-3, 1e-16) == "balanced"  # predicted to rise, by a trifle
    assert judge(1.0, -1e-9, 0.0, 1e-9, 1e-7) == "rounding"
    assert judge(1.0, 0.0, 0.0, 0.0, 1e-7) == "none"
    assert judge(float("inf"), -1.0, 0.0, 0.0, 1e-7) == "not finite"


@pytest.mark.parametrize("data", ["batch", "all"])
def test_the_loss_along_the_update(data):
    session = Session(
        preset(DIGIT_PART, (5, 10), "tanh", loss="cross_entropy", batch=7, shuffle=False, learning_rate=0.5)
    )
    result = probe(session, "line", points=9, data=data)
    here = flat_parameters(session)
    batch = loss_and_gradient(session, rows=slice(7))[1]
    rows = slice(7) if data == "batch" else slice(None)
    expected = [loss_and_gradient(session, here - m * 0.5 * batch, rows)[0] for m in result.multiples]
    np.testing.assert_allclose(result.losses, expected, rtol=1e-12)
    assert result.multiples[result.chosen] == 1.0
    assert (result.multiples[0], result.multiples[-1]) == (0.0, 4.0)
    assert result.best == int(np.argmin(expected))
    grad = loss_and_gradient(session, rows=rows)[1]
    assert result.slope == pytest.approx(-0.5 * batch @ grad)
    h = 1e-3
    up, down = (loss_and_gradient(session, here - m * 0.5 * batch, rows)[0] for m in (h, -h))
    assert result.bend == pytest.approx((up - 2 * result.loss + down) / h**2, rel=1e-4)
    np.testing.assert_allclose(
        result.quadratic,
        result.loss + result.multiples * result.slope + result.multiples**2 / 2 * result.bend,
    )
