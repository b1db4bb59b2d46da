"""L-BFGS against `torch.optim.LBFGS`; Newton and the landscape's derivatives against NumPy."""

from functools import partial

import numpy as np
import pytest
import torch
from rule_runs import DIGITS, NumpyNet, from_zero, rule_session
from runs import flat_parameters

from gradstep.engine.training.model.base import flat_outputs
from gradstep.engine.training.rules.batch_loss import BatchLoss

POINTS = {"name": "ramp", "samples": 40, "length": 1, "scale": "standard"}
"""A line of points: with two hidden units, no eigenvalue of the Hessian is near 0."""


def landscape(run):
    trainer = run.trainer
    return BatchLoss(
        partial(flat_outputs, trainer.model),
        trainer.loss,
        trainer.batch(trainer.position),
        trainer.model.vector,
        trainer.model.gradient,
        trainer.evaluate().metrics.loss,
    )


# --- L-BFGS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", [2, 10])
@pytest.mark.parametrize("initial_step", [1.0, 0.3])
def test_lbfgs_is_torchs(history, initial_step):
    run = rule_session({"name": "lbfgs", "history": history, "initial_step": initial_step}, layers=(4, 1))
    parts = [torch.from_numpy(part).requires_grad_() for part in run.parameters().values()]
    inputs, targets = (torch.from_numpy(x) for x in (run.dataset.train_inputs, run.dataset.train_targets))
    optimizer = torch.optim.LBFGS(
        parts,
        lr=initial_step,
        max_iter=1,
        max_eval=26,  # one at the start, and 25 for the search
        tolerance_grad=0,
        tolerance_change=0,
        history_size=history,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        hidden = torch.tanh(torch.nn.functional.linear(inputs, parts[0], parts[1]))
        outputs = torch.nn.functional.linear(hidden, parts[2], parts[3])
        loss = 0.5 * ((outputs - targets) ** 2).mean()
        loss.backward()
        return loss

    for _ in range(15):
        expected_loss = optimizer.step(closure).item()
        assert run.record.loss == pytest.approx(expected_loss, rel=1e-7)
        run.step()
        expected = np.concatenate([part.detach().numpy().ravel() for part in parts])
        np.testing.assert_allclose(flat_parameters(run), expected, rtol=1e-6, atol=1e-8)


def test_lbfgs_keeps_its_newest_pairs_when_the_history_is_made_shorter():
    run = rule_session({"name": "lbfgs", "history": 6})
    run.burst(8)
    slots = {name: slot.clone() for name, slot in run.trainer.slots.items()}
    assert slots["pairs"] == 6
    run.change({"train.rule.history": 3})
    run.step()
    after = run.trainer.slots
    assert after["pairs"] == 3
    assert torch.equal(after["s2"], slots["s1"])
    assert torch.equal(after["y3"], slots["y2"])
    run.change({"train.rule.history": 5})
    run.burst(10)
    assert run.trainer.slots["pairs"] == 5
    assert (np.diff(run.history["loss"]) <= 0).all()


def test_a_pair_is_the_update_and_the_change_of_the_gradient():
    run = rule_session({"name": "lbfgs", "history": 4})
    net, points = NumpyNet(run), [flat_parameters(run)]
    for _ in range(4):
        run.step()
        points.append(flat_parameters(run))
    # the pair of the last update is taken in with the next one
    for i in (1, 2, 3):
        s = run.trainer.slots[f"s{i}"].numpy()
        y = run.trainer.slots[f"y{i}"].numpy()
        new, old = points[-1 - i], points[-2 - i]
        np.testing.assert_allclose(s, new - old, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(y, net.gradient(new) - net.gradient(old), rtol=1e-6, atol=1e-12)


def test_lbfgs_on_the_ramp():
    run = from_zero(name="lbfgs")
    run.burst(4)
    assert run.record.loss < 1e-20  # rank 2, as for conjugate gradients


# --- Newton -----------------------------------------------------------------------------------------


def test_newton_solves_the_ramp_in_one_step():
    run = from_zero(name="newton")
    run.step()
    assert run.record.loss < 1e-15  # from 3.7e5: relative to it, beyond float64's rounding
    # the Hessian is of rank 2 and the start is 0, so it is the minimum-norm solution
    inputs = np.hstack([run.dataset.train_inputs, np.ones((1500, 1))])
    solution = np.linalg.lstsq(inputs, run.dataset.train_targets[:, 0], rcond=1e-10)[0]
    assert np.linalg.norm(flat_parameters(run)) == pytest.approx(0.00199, rel=5e-3)  # FACTS.md, "linear"
    np.testing.assert_allclose(flat_parameters(run), solution, rtol=1e-5, atol=1e-9)
    assert run.trainer.trials == ()


@pytest.mark.parametrize(
    ("options", "divisor"),
    [
        ({}, lambda values: values),
        ({"damping": 0.1}, lambda values: values + 0.1),
        ({"saddle_free": True}, np.abs),
        ({"saddle_free": True, "damping": 0.1, "initial_step": 0.5}, lambda values: np.abs(values) + 0.1),
    ],
)
def test_newtons_step(options, divisor):
    """−V·diag(1/λ)·Vᵀg from NumPy's eigenvectors of a difference quotient's Hessian."""
    run = rule_session({"name": "newton", **options}, data=POINTS, layers=(2, 1), seed=3)
    before, net = flat_parameters(run), NumpyNet(run)
    hessian = net.hessian(before)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    assert values[0] < 0
    coordinates = vectors.T @ net.gradient(before) / divisor(values)
    run.step()
    step = -options.get("initial_step", 1.0) * vectors @ coordinates
    np.testing.assert_allclose(flat_parameters(run) - before, step, rtol=1e-4, atol=1e-4 * np.abs(step).max())


def test_newton_up_to_a_saddle_is_refused_by_backtracking():
    """With small weights and the output's bias fitted, what is left of the gradient leads off a saddle."""
    small = {"name": "normal", "std": 0.01}
    run = rule_session(
        {"name": "gradient_descent", "learning_rate": 0.2},
        data=POINTS,
        layers=(1, 1),
        initialiser=small,
        seed=1,
    )
    run.burst(4)
    net, start = NumpyNet(run), flat_parameters(run)
    values, vectors = np.linalg.eigh(net.hessian(start))
    slope = -np.sum((vectors.T @ net.gradient(start)) ** 2 / values)
    assert slope > 0
    run.change({"train.rule.name": "newton", "train.rule.search": "backtracking"})
    run.step()
    assert run.record.update_norm == 0
    assert "does not fall" in run.trainer.remark
    run.change({"train.rule.saddle_free": True})
    run.step()
    assert run.trainer.remark == ""
    assert run.record.loss < run.history["loss"][5]


# --- the landscape ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "half_mse", "cross_entropy", "exam_cross_entropy"])
def test_derivatives_of_every_loss(loss):
    """Central differences of the engine's losses and hand-written gradients, which use no autograd."""
    run = rule_session({"name": "gradient_descent"}, data=DIGITS, layers=(2, 10), loss=loss)
    trainer = run.trainer
    theta = trainer.model.vector
    look = landscape(run)
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(len(theta), dtype=torch.float64, generator=generator)
    start, around = theta.clone(), {}
    for step in (-1e-4, 1e-4):
        theta.copy_(start + step * direction)
        trainer.restore(trainer.snapshot())
        around[step] = (trainer.evaluate().metrics.loss, trainer.model.gradient.clone())
    theta.copy_(start)
    trainer.restore(trainer.snapshot())
    assert trainer.evaluate().metrics.loss == look.loss
    (low, g_low), (high, g_high) = around[-1e-4], around[1e-4]
    assert look.slope(direction) == pytest.approx((high - low) / 2e-4, rel=1e-5)
    product = (g_high - g_low) / 2e-4
    torch.testing.assert_close(look.hessian_product(direction), product, rtol=1e-4, atol=1e-7)
    assert look.curvature(direction) == pytest.approx((direction @ product).item(), rel=1e-5)
    assert look.loss_at(1e-4 * direction) == high
    there, gradient = look.loss_and_gradient_at(1e-4 * direction)
    assert there == high
    torch.testing.assert_close(gradient, g_high, rtol=1e-12, atol=1e-15)
    assert look.evaluations == 4


def test_the_hessian_is_its_products():
    run = rule_session({"name": "gradient_descent"}, layers=(5, 1))  # 41 parameters: two chunks
    look = landscape(run)
    hessian = look.hessian()
    torch.testing.assert_close(hessian, hessian.T)
    vector = torch.linspace(-1, 1, len(hessian), dtype=torch.float64)
    torch.testing.assert_close(hessian @ vector, look.hessian_product(vector))
    numeric = NumpyNet(run).hessian(flat_parameters(run))
    np.testing.assert_allclose(hessian.numpy(), numeric, rtol=1e-4, atol=1e-6)
