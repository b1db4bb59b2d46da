"""Losses, gradients and metrics, against torch's autograd of formulas written out here, and NumPy."""

import math

import numpy as np
import pytest
import torch
from numpy_reference import keras_mape

from gradstep.engine.records.missing import MISSING
from gradstep.engine.training.model.loss import make_objective

LABEL_LOSSES = ["mse", "half_mse", "cross_entropy", "exam_cross_entropy"]


def is_missing(value):
    return np.float64(value).tobytes() == np.float64(MISSING).tobytes()


def one_hot(labels, classes):
    return torch.eye(classes, dtype=torch.float64)[labels]


# the definitions, written for autograd in the plainest form
def mse(outputs, targets):
    return ((outputs - targets) ** 2).mean()


def softmax(outputs):
    return outputs.exp() / outputs.exp().sum(1, keepdim=True)


def cross_entropy(outputs, labels):
    return -(softmax(outputs).log() * one_hot(labels, outputs.shape[1])).sum(1).mean()


def exam_ce(outputs, labels):
    """The exam document: −(log v₀ + Σ log(1 − vᵢ)) with index 0 the true class."""
    v = softmax(outputs)
    right = one_hot(labels, outputs.shape[1])
    return -(right * v.log() + (1 - right) * (1 - v).log()).sum(1).mean()


FORMULAS = {
    "mse": lambda outputs, labels: mse(outputs, one_hot(labels, outputs.shape[1])),
    "half_mse": lambda outputs, labels: mse(outputs, one_hot(labels, outputs.shape[1])) / 2,
    "cross_entropy": cross_entropy,
    "exam_cross_entropy": exam_ce,
}


def measured(objective, outputs, targets):
    grad = torch.full_like(outputs, math.nan)
    return objective.measure(outputs.clone(), targets, grad), grad


def autograd(formula, outputs, targets):
    leaf = outputs.clone().requires_grad_()
    loss = formula(leaf, targets)
    return loss.item(), torch.autograd.grad(loss, leaf)[0]


def random_outputs(samples, outputs, seed=0):
    return torch.randn(samples, outputs, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("loss", LABEL_LOSSES)
def test_losses_of_labels(loss, classes):
    outputs = 2 * random_outputs(13, classes)
    labels = torch.arange(13) % classes
    objective = make_objective(loss, None)
    metrics, grad = measured(objective, outputs, labels)
    value, expected = autograd(FORMULAS[loss], outputs, labels)
    assert metrics.loss == pytest.approx(value, rel=1e-13)
    torch.testing.assert_close(grad, expected, rtol=1e-12, atol=1e-15)
    # without a gradient asked for, the same metrics
    assert repr(objective.measure(outputs, labels, None)) == repr(metrics)
    # the differentiable form that later computes Hessians is the same function
    value, by_torch = autograd(objective.loss, outputs, labels)
    assert value == pytest.approx(metrics.loss, rel=1e-13)
    torch.testing.assert_close(by_torch, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("loss", "factor"), [("mse", 1.0), ("half_mse", 0.5)])
@pytest.mark.parametrize("width", [1, 7])
def test_losses_of_regression(loss, factor, width):
    outputs, targets = random_outputs(11, width), random_outputs(11, width, seed=1)
    objective = make_objective(loss, 0.5)
    metrics, grad = measured(objective, outputs, targets)
    value, expected = autograd(lambda o, t: factor * mse(o, t), outputs, targets)
    assert metrics.loss == pytest.approx(value, rel=1e-13)
    torch.testing.assert_close(grad, expected, rtol=1e-12, atol=1e-16)
    assert repr(objective.measure(outputs, targets, None)) == repr(metrics)
    value, by_torch = autograd(objective.loss, outputs, targets)
    assert value == pytest.approx(metrics.loss, rel=1e-13)
    torch.testing.assert_close(by_torch, expected, rtol=1e-12, atol=1e-16)


def test_measuring_leaves_outputs_and_targets_alone():
    for loss, tolerance, targets in [
        *((loss, None, torch.arange(6) % 5) for loss in LABEL_LOSSES),
        ("mse", 0.5, random_outputs(6, 5, seed=2)),
    ]:
        outputs = random_outputs(6, 5)
        kept, kept_targets = outputs.clone(), targets.clone()
        make_objective(loss, tolerance).measure(outputs, targets, torch.empty_like(outputs))
        assert torch.equal(outputs, kept), loss
        assert torch.equal(targets, kept_targets), loss


# --- the exam document's own numbers ----------------------------------------------------------------

A = [0.1001, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0999]
B = [0.49, 0.51, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("shares", "ce", "mistakes"), [(A, 3.24971912864, 0), (B, 1.42669977575, 1)], ids=["a", "b"]
)
def test_the_exam_documents_example(shares, ce, mistakes):
    """`ce(a)` and `ce(b)` as the document prints them (12 digits); softmax(log v) is v, and log 0 is −∞."""
    outputs = torch.log(torch.tensor([shares], dtype=torch.float64))
    metrics, grad = measured(make_objective("exam_cross_entropy", None), outputs, torch.tensor([0]))
    assert metrics.loss == pytest.approx(ce, abs=6e-12)
    assert metrics.mistakes == mistakes  # "it makes a mistake (if you simply take the argmax)"
    assert metrics.accuracy == 1 - mistakes
    assert torch.isfinite(grad).all()


def test_the_exams_ce_is_not_the_softmax_cross_entropy():
    """FACTS.md: 2.30 and 0.71 for the same two vectors, which are −log v₀."""
    objective = make_objective("cross_entropy", None)
    for shares in (A, B):
        outputs = torch.log(torch.tensor([shares], dtype=torch.float64))
        metrics, grad = measured(objective, outputs, torch.tensor([0]))
        assert metrics.loss == pytest.approx(-math.log(shares[0]), rel=1e-12)
        assert torch.isfinite(grad).all()


# --- extreme and broken outputs ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # label 1 has −1000 where 0 has +1000: −log softmax = 2000
        ("cross_entropy", 2000.0),
        # and to this comes −log(1 − v₀) = 2000 (+ log 9 − log 9: nine others share it): log(1 − v₀) is
        # log Σ e^−1000·(1 + 8e^1000 …); with the eight others at 0 it is log 8 − 1000
        ("exam_cross_entropy", 3000.0 - math.log(8)),
    ],
)
def test_extreme_outputs_have_finite_losses_and_gradients(loss, expected, dtype):
    outputs = torch.tensor([[1000.0, -1000.0] + 8 * [0.0]], dtype=dtype)
    metrics, grad = measured(make_objective(loss, None), outputs, torch.tensor([1]))
    assert metrics.loss == pytest.approx(expected, rel=1e-6)
    assert metrics.mistakes == 1
    # cross-entropy's gradient is softmax − one-hot
    assert torch.isfinite(grad).all()
    if loss == "cross_entropy":
        assert grad[0].tolist() == [1.0, -1.0] + 8 * [0.0]


@pytest.mark.parametrize("loss", ["cross_entropy", "exam_cross_entropy"])
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("scale", [50.0, 1000.0, 1e30])
def test_two_classes_far_apart(loss, label, scale):
    outputs = torch.tensor([[scale, -scale]], dtype=torch.float64)
    metrics, grad = measured(make_objective(loss, None), outputs, torch.tensor([label]))
    # −log σ(±2s); with two classes the exam's ce is twice that: −log v₀ − log(1 − v₁) and v₁ = 1 − v₀
    one = 0.0 if label == 0 else 2 * scale
    assert metrics.loss == pytest.approx(one if loss == "cross_entropy" else 2 * one, rel=1e-12, abs=1e-40)
    assert torch.isfinite(grad).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("loss", LABEL_LOSSES)
def test_an_output_that_is_no_number_is_no_right_answer(loss, bad):
    outputs = torch.zeros(3, 4, dtype=torch.float64)
    outputs[:, 2] = 1.0
    outputs[0, 1] = bad
    metrics, _ = measured(make_objective(loss, None), outputs, torch.tensor([1, 2, 0]))
    assert not math.isfinite(metrics.loss)
    # sample 1 is right, sample 2 wrong; sample 0's greatest output is at its label only if +∞ counts as one
    assert metrics.mistakes == (2 if math.isnan(bad) else 1)
    assert metrics.accuracy == pytest.approx(1 - metrics.mistakes / 3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_regression_with_an_output_that_is_no_number(bad):
    outputs = torch.tensor([[1.0], [bad], [3.2]], dtype=torch.float64)
    targets = torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    metrics, grad = measured(make_objective("mse", 0.5), outputs, targets)
    assert not math.isfinite(metrics.loss)
    assert metrics.mistakes == 1
    assert not math.isfinite(metrics.max_error)
    assert not math.isfinite(metrics.mape)
    assert not is_missing(metrics.mape)
    assert torch.isfinite(grad[0]).all()


# --- metrics ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LABEL_LOSSES)
def test_classification_metrics(loss):
    outputs = random_outputs(50, 10)
    labels = torch.arange(50) % 10
    metrics, _ = measured(make_objective(loss, None), outputs, labels)
    wrong = int((np.argmax(outputs.numpy(), 1) != labels.numpy()).sum())
    assert 0 < wrong < 50
    assert metrics.mistakes == wrong
    assert metrics.accuracy == pytest.approx(1 - wrong / 50, rel=1e-15)
    assert is_missing(metrics.mape)
    assert is_missing(metrics.max_error)


def test_a_tie_counts_as_the_first_of_the_greatest():
    """numpy.argmax's rule; all outputs are equal when a network starts with equal parameters."""
    outputs = torch.zeros(4, 3, dtype=torch.float64)
    metrics, _ = measured(make_objective("cross_entropy", None), outputs, torch.tensor([0, 1, 2, 0]))
    assert metrics.mistakes == 2
    assert metrics.loss == pytest.approx(math.log(3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_regression_metrics(dtype):
    """`identity`: a pixel further than half a grey level off is a mistake; exactly half is none."""
    targets = torch.tensor([[0.0, 10.0, 255.0], [0.0, 0.0, 3.0]], dtype=dtype)
    outputs = torch.tensor([[0.5, 10.75, 254.75], [0.0, -2.0, 3.5]], dtype=dtype)
    metrics, _ = measured(make_objective("mse", 0.5), outputs, targets)
    assert metrics.mistakes == 2
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.max_error == 2.0
    expected = keras_mape(targets.double().numpy(), outputs.double().numpy())
    assert metrics.mape == pytest.approx(expected, rel=1e-6)
    # by hand: (0.5e7 + 0.075 + 0.25/255 + 0 + 2e7 + 0.5/3) / 6 · 100
    by_hand = (0.5e7 + 0.075 + 0.25 / 255 + 2e7 + 0.5 / 3) / 6 * 100
    assert metrics.mape == pytest.approx(by_hand, rel=1e-6)


def test_ramp_mistakes_are_what_rounding_gets_wrong():
    """The ramp's answer is the rounded output, so less than half off is right."""
    targets = torch.arange(6, dtype=torch.float64).reshape(-1, 1)
    outputs = targets + torch.tensor([[0.49], [-0.49], [0.51], [-0.51], [0.0], [7.0]], dtype=torch.float64)
    metrics, _ = measured(make_objective("mse", 0.5), outputs, targets)
    rounded_wrong = int((np.rint(outputs.numpy()) != targets.numpy()).sum())
    assert metrics.mistakes == rounded_wrong == 3


def test_mape_of_small_targets():
    """Keras divides by max(|y|, 1e-7): below that size a target counts as 1e-7, of either sign."""
    targets = torch.tensor([[1e-9, -1e-9, 0.0, -2.0, 1e-7]], dtype=torch.float64)
    outputs = torch.tensor([[0.0, 1e-7, -1e-7, -1.0, 2e-7]], dtype=torch.float64)
    metrics, _ = measured(make_objective("mse", 0.5), outputs, targets)
    assert metrics.mape == pytest.approx(100 * (0.01 + 1.01 + 1 + 0.5 + 1) / 5, rel=1e-12)


def test_a_zero_pixel_adds_a_billion_percent_a_grey_level():
    """FACTS.md: a zero pixel adds 1e9·|ŷ| %."""
    outputs = torch.full((1, 1), 3.0)
    metrics, _ = measured(make_objective("mse", 0.5), outputs, torch.zeros(1, 1))
    assert metrics.mape == pytest.approx(3e9, rel=1e-6)


@pytest.mark.parametrize("loss", LABEL_LOSSES)
def test_loss_is_the_mean_of_the_samples_own(loss):
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(20, 5, generator=generator, dtype=torch.float64)
    labels = torch.arange(20) % 5
    objective = make_objective(loss, None)
    torch.testing.assert_close(objective.per_sample(outputs, labels).mean(), objective.loss(outputs, labels))
    if "mse" in loss:
        objective, targets = make_objective(loss, 0.5), torch.ones_like(outputs)
        own = objective.per_sample(outputs, targets)
        torch.testing.assert_close(own.mean(), objective.loss(outputs, targets))
