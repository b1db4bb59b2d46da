"""The numbers that the scenarios' claims rest on, by hand: plain Python or NumPy, nothing of the engine."""

from math import log

import numpy as np
import pytest

from gradstep.engine import Session, load_preset

# the exam document, first answer
A = [0.1001, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0999]
B = [0.49, 0.51, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def ce(vec):
    """index 0 is the true class: the document's own code."""
    return -(log(vec[0]) + sum([log(1 - el) for el in vec[1:]]))


@pytest.mark.parametrize(("name", "vec", "number"), [("a", A, 3.24971912864), ("b", B, 1.42669977575)])
def test_the_documents_ce(name, vec, number):
    assert ce(vec) == pytest.approx(number, abs=1e-11)
    assert Session(load_preset(f"exam-ce-{name}")).record.loss == pytest.approx(ce(vec), abs=1e-13)
    softmax = Session(load_preset(f"exam-softmax-ce-{name}"))
    assert softmax.record.loss == pytest.approx(-log(vec[0]), abs=1e-13)
    shares = np.exp(softmax.dataset.train_inputs[0])
    np.testing.assert_allclose(shares, vec, rtol=1e-14, atol=0)


def test_two_points_step_by_hand():
    """x = −3 (class 0) and x = −0.1 (class 1); W = (1, 0), b = 0; one step of 0.15 down the mean loss."""
    x, label = np.array([-3.0, -0.1]), np.array([0, 1])
    w, b = np.array([1.0, 0.0]), np.zeros(2)

    def look(w, b):
        outputs = np.outer(x, w) + b
        shares = np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True)
        return shares, -np.log(shares[[0, 1], label])

    shares, before = look(w, b)
    # −3: class 0 has e⁻³ against 1, a mistake; −0.1: class 0 has e^−0.1 against 1, right
    assert shares.argmax(1).tolist() == [1, 1]
    slope = (shares - np.eye(2)[label]) / 2
    w, b = w - 0.15 * slope.T @ x, b - 0.15 * slope.sum(0)
    shares, after = look(w, b)
    assert shares.argmax(1).tolist() == [1, 0]  # the second turned wrong
    assert after.mean() < before.mean()
    assert after[1] > log(2) > before[1]  # the loss of a single case rises

    session = Session(load_preset("exam-two-points"))
    assert session.record.loss == pytest.approx(before.mean(), rel=1e-14)
    session.step()
    assert session.record.loss == pytest.approx(after.mean(), rel=1e-14)
    assert session.history["mistakes"].tolist() == [1, 2]
    np.testing.assert_allclose(session.parameters()["layer1.weight"][:, 0], w, rtol=1e-14)
    np.testing.assert_allclose(session.parameters()["layer1.bias"], b, rtol=1e-14)


def ramp():
    """[S, 1] and the labels, as the linear document writes them."""
    i = np.arange(1500.0)
    inputs = np.arange(100.0) + 100 * i[:, None]
    return np.hstack([inputs, np.ones((1500, 1))]), i


def test_the_answers_solution_of_the_ramp():
    data, labels = ramp()
    w = np.zeros(101)
    w[0] = 1e-2
    np.testing.assert_allclose(data @ w, labels, rtol=1e-15)
    session = Session(load_preset("linear-solution"))
    weight = session.parameters()["layer1.weight"]
    np.testing.assert_array_equal(weight, w[None, :100])
    assert not session.parameters()["layer1.bias"].any()
    assert session.record.loss < 1e-24


@pytest.mark.parametrize("name", ["linear-newton", "linear-minimum-norm"])
def test_another_solution_of_the_ramp(name):
    """FACTS.md: rank 2, the minimum-norm solution has norm 0.00199; with NumPy: least squares of rank 2."""
    data, labels = ramp()
    w, _, rank, _ = np.linalg.lstsq(data, labels, rcond=1e-10)
    assert rank == 2
    assert np.linalg.norm(w) == pytest.approx(0.00199, abs=1e-5)
    np.testing.assert_allclose(data @ w, labels, atol=1e-6)
    session = Session(load_preset(name))
    session.burst(session.planned_steps)
    found = session.parameters()
    joined = np.append(found["layer1.weight"].ravel(), found["layer1.bias"])
    np.testing.assert_allclose(joined, w, atol=1e-9)
    assert session.record.param_norm == pytest.approx(np.linalg.norm(w), rel=1e-6)


def test_the_largest_curvature_of_the_ramp():
    """The mean squared error's: 2σ²/N with FACTS.md's σ = 3.354e7, so 1e-12 is stable and 1e-11 is not."""
    data, _ = ramp()
    curvature = 2 * np.linalg.norm(data, 2) ** 2 / 1500
    assert curvature == pytest.approx(2 * 3.354e7**2 / 1500, rel=1e-3)
    assert 1e-12 < 2 / curvature < 1e-11
    session = Session(load_preset("linear-1-layer-diverges"))
    session.burst(20)
    growth = (1 - 1e-11 * curvature) ** 2
    assert session.history["loss"][20] / session.history["loss"][19] == pytest.approx(growth, rel=1e-6)


def test_momentum_with_line_searches_on_the_ramp():
    """FACTS.md: exact 3.06e-2, 2.2e-9, 1.5e-16; with heavy ball it stalls at 3.06e-2; backtracking 6.7e-2
    at the 8th and 3.1e-2 at the 12th."""
    exact = Session(load_preset("linear-gradient-exact"))
    exact.burst(3)
    assert exact.history["loss"][1] == pytest.approx(3.06e-2, rel=0.01)
    assert exact.history["loss"][2] == pytest.approx(2.2e-9, rel=0.1)
    assert exact.history["loss"][3] < 1e-15
    heavy = Session(load_preset("linear-momentum-exact"))
    heavy.burst(heavy.planned_steps)
    np.testing.assert_allclose(heavy.history["loss"][1:], 3.06e-2, rtol=0.02)
    back = Session(load_preset("linear-gradient-backtracking"))
    back.burst(12)
    assert back.history["loss"][8] == pytest.approx(6.7e-2, rel=0.01)
    assert back.history["loss"][12] == pytest.approx(3.1e-2, rel=0.02)


def test_the_tanh_bounds():
    """On [−2, 2] a tanh output is off by more than |x| − 1, a sigmoid by more than |x| at a negative x."""
    for name, reach in (("identity-tanh-output", 1.0), ("identity-sigmoid-output", 0.0)):
        session = Session(load_preset(name))
        session.burst(3)
        inputs = session.dataset.train_inputs
        least = np.abs(inputs).max() - reach if reach else -inputs.min()
        assert (session.history["max_error"] >= least).all()
        assert least > (0.9 if reach else 1.9)


def test_a_dead_layer_stays_where_it_is():
    session = Session(load_preset("identity-dead-relu"))
    start = {name: values.copy() for name, values in session.parameters().items()}
    session.burst(5)
    for name, values in session.parameters().items():
        np.testing.assert_array_equal(values, start[name])
    inputs = session.dataset.train_inputs
    assert session.record.loss == pytest.approx((inputs**2).mean(), rel=1e-12)


def test_a_dying_layer_dies_by_hand():
    """W = 1, b = 1 on [0, 1]¹⁶: the outputs are near 9, far too large; a step of 2 kills all units."""
    session = Session(load_preset("identity-dying-relu"))
    inputs = session.dataset.train_inputs
    outputs = inputs @ np.ones((16, 16)) + 1
    slope = 2 / outputs.size * (outputs - inputs)
    weight, bias = 1 - 2.0 * slope.T @ inputs, 1 - 2.0 * slope.sum(0)
    assert (inputs @ weight.T + bias < 0).all()
    session.step()
    np.testing.assert_allclose(session.parameters()["layer1.weight"], weight, rtol=1e-10)
    assert session.record.grad_norm == 0
