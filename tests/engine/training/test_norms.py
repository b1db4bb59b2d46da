"""Norms, dot products, means and clipping near the ends of the floats' range, against 60-digit decimals."""

import math
from decimal import Context, Decimal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from runs import DIGITS, preset

from gradstep.engine import Session
from gradstep.engine.probes.registry import run
from gradstep.engine.probes.subject import Subject
from gradstep.engine.training.model.loss import make_objective
from gradstep.engine.training.model.norms import (
    cosine,
    dot,
    mean,
    mean_size,
    norm,
    scaled_square,
    weighted_mean,
    write_scaled_square,
)
from gradstep.engine.training.rules.clipping import clipped

EXACT = Context(prec=60)
DTYPES = {torch.float32: (1e-40, 1e38), torch.float64: (1e-300, 1e300)}
"""With the magnitudes that are tried of each."""


def decimals(vector):
    return [Decimal(x) for x in vector.tolist()]


def exact_dot(a, b):
    total = Decimal(0)
    for x, y in zip(decimals(a), decimals(b), strict=True):
        total = EXACT.add(total, EXACT.multiply(x, y))
    return total


def exact_norm(vector):
    return float(exact_dot(vector, vector).sqrt(EXACT))


def draw(dtype, count, magnitude, seed, spread=0.0):
    """Numbers of about a magnitude, or of magnitudes around it."""
    generator = np.random.default_rng(seed)
    values = generator.uniform(0.5, 1, count) * generator.choice([-1, 1], count)
    return torch.tensor(values * 10 ** (generator.uniform(-spread, 0, count)) * magnitude, dtype=dtype)


def tolerance(dtype, least):
    """A sum's rounding, and half a unit of the least number where that is coarser."""
    finfo = torch.finfo(dtype)
    return 40 * finfo.eps + finfo.eps * finfo.tiny / least


@st.composite
def vectors(draw_, number=1):
    dtype = draw_(st.sampled_from(list(DTYPES)))
    low, high = (math.log10(end) for end in DTYPES[dtype])
    count = draw_(st.integers(1, 50))
    found = []
    for _ in range(number):
        magnitude = 10 ** draw_(st.floats(low, high))
        found.append(
            draw(dtype, count, magnitude, draw_(st.integers(0, 1000)), draw_(st.sampled_from([0, 12])))
        )
    return found


@given(vectors())
def test_a_norm_is_right_in_all_of_the_range(found):
    [vector] = found
    expected = exact_norm(vector)
    assert norm(vector) == pytest.approx(expected, rel=tolerance(vector.dtype, expected or 1))


@given(vectors())
def test_the_device_writes_the_bits_that_the_host_does(found):
    [vector] = found
    square, factor = torch.zeros(2, dtype=torch.float64).unbind()
    for wait in (True, False):
        write_scaled_square(vector, square, factor, wait=wait)
        assert (square.item(), factor.item()) == scaled_square(vector)


@given(st.sampled_from(list(DTYPES)), st.integers(1, 50), st.integers(0, 1000), st.floats(-1, 1))
def test_a_power_of_two_is_a_factor_of_the_norm_to_the_bit(dtype, count, seed, power):
    """So a scaled sum has the bits of the plain one, which the middle of the range has."""
    vector = draw(dtype, count, 1.0, seed)
    exponent = round(power * (100 if dtype == torch.float32 else 900))
    plain = math.sqrt(torch.dot(vector, vector).item())
    assert norm(vector * 2.0**exponent) == math.ldexp(plain, exponent)
    assert norm(vector) == plain


@given(vectors(2))
def test_a_dot_product_is_right_in_all_of_the_range(found):
    a, b = found
    b = b.abs() * a.sign()  # nothing cancels, so each is right to its last digits
    expected = exact_dot(a, b)
    least = min(exact_norm(a), exact_norm(b)) or 1
    if expected > Decimal("1e308"):
        assert dot(a, b) == math.inf or dot(a, b) > 1e307
    elif expected > Decimal("1e-300"):
        assert dot(a, b) == pytest.approx(float(expected), rel=tolerance(a.dtype, least / len(a)))
    if norm(a):
        assert cosine(a, a) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_vectors_of_zeros_and_of_no_numbers(dtype):
    zero = torch.zeros(5, dtype=dtype)
    assert norm(zero) == dot(zero, zero) == 0
    assert math.isnan(cosine(zero, zero))
    for bad in (math.inf, math.nan):
        vector = torch.tensor([1.0, bad, 2.0], dtype=dtype)
        assert str(norm(vector)) == str(dot(vector, vector)) == str(bad)


def test_long_vectors_at_both_ends():
    """More than one row of 65,536: 200,000 numbers of one size, whose norm is √200,000 times that."""
    for size in (1e-30, 1.0, 1e30):
        vector = torch.full((200_000,), size)
        assert norm(vector) == pytest.approx(vector[0].item() * math.sqrt(200_000), rel=1e-4)


@given(vectors(), st.floats(-30, 30))
def test_clipping_leaves_the_direction_and_the_norm_asked_for(found, exponent):
    [gradient] = found
    own = norm(gradient)
    limit = own * 10**exponent
    low, high = DTYPES[gradient.dtype]
    if not low * 1e10 < limit < high:
        return
    result = clipped(gradient, own, limit)
    on_device = clipped(gradient, torch.tensor(own, dtype=torch.float64), limit)
    assert torch.equal(result, on_device)
    if own <= limit:
        assert torch.equal(result, gradient)
        return
    assert exact_norm(result) == pytest.approx(limit, rel=1e-5)
    assert cosine(result, gradient) == pytest.approx(1, rel=1e-5)


def test_a_limit_far_below_the_gradient():
    """The factor, 1e-48 here, is below the least float32; each number is not."""
    gradient = torch.tensor([3e37, 4e37])
    np.testing.assert_allclose(clipped(gradient, norm(gradient), 5e-11).numpy(), [3e-11, 4e-11], rtol=1e-6)


def test_means_whose_sum_overflows():
    values = torch.full((1000,), 3e38)
    assert mean(values).item() == pytest.approx(3e38, rel=1e-6)
    assert mean(values, wait=False).item() == mean(values).item()
    assert mean_size(-values) == pytest.approx(3e38, rel=1e-6)
    assert mean_size(torch.full((1000,), -1e308, dtype=torch.float64)) == pytest.approx(1e308)
    assert weighted_mean([1e308, 1e308], [600, 400]) == pytest.approx(1e308)
    assert weighted_mean([1.0, 4.0], [2, 1]) == 2
    assert math.isnan(weighted_mean([math.nan, 1.0], [1, 1]))


# --- losses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mean_square_overflows_where_the_mean_does(dtype):
    """1,000 errors whose squares are a tenth of the dtype's greatest number: their sum is 100 times that."""
    greatest = torch.finfo(dtype).max
    outputs = torch.full((500, 2), math.sqrt(greatest / 10), dtype=dtype)
    for targets in (torch.zeros_like(outputs), torch.zeros(500, dtype=torch.int64)):
        objective = make_objective("mse", 0.5 if targets.shape == outputs.shape else None)
        for wait in (True, False):
            numbers = torch.zeros(4, dtype=torch.float64)
            objective.write(outputs, targets, None, numbers.unbind(), wait=wait)
            assert objective.read(numbers.tolist(), 500, 2).loss == pytest.approx(greatest / 10, rel=1e-5)
            objective.write(4 * outputs, targets, None, numbers.unbind(), wait=wait)
            assert objective.read(numbers.tolist(), 500, 2).loss == math.inf


def test_other_means_overflow_where_they_do():
    """Of 1,000 samples with a tenth of float32's greatest number each."""
    outputs = torch.tensor([[0.0, 3e37]]).repeat(1000, 1)
    labels = torch.zeros(1000, dtype=torch.int64)
    for loss, factor in (("cross_entropy", 1), ("exam_cross_entropy", 2)):
        assert make_objective(loss, None).measure(outputs, labels, None).loss == pytest.approx(factor * 3e37)
    targets = torch.zeros(1000, 1)
    metrics = make_objective("mse", 0.5).measure(torch.full((1000, 1), 3e30), targets, None)
    assert metrics.mape == pytest.approx(100 * 3e37, rel=1e-6)  # an error of 3e30 beside the 1e-7 of a zero
    assert metrics.max_error == pytest.approx(3e30)


# --- runs --------------------------------------------------------------------------------------------

LINE = {"data": {"name": "ramp", "length": 1, "samples": 200}, "dtype": "float32", "loss": "mse"}
SEPARABLE = {
    "data": {"name": "points", "inputs": [[30.0, -30.0], [-30.0, 30.0]], "labels": [0, 1]},
    "layers": (2,),
    "initialiser": "identity",
    "loss": "cross_entropy",
    "dtype": "float32",
}


def true_norm(tensor):
    return exact_norm(tensor.double())


def test_a_run_that_diverges_records_its_gradients_norms():
    """Keras 3040 (y = x on 0 … 199): 6.468e19 and 2.938e21, from the gradient's two numbers in decimals."""
    session = Session(preset(**LINE, initialiser="glorot_uniform", learning_rate=1e-3, batch=1))
    for _ in range(14):
        assert session.record.grad_norm == pytest.approx(true_norm(session.trainer.model.gradient), rel=1e-6)
        session.step()
    assert session.history["grad_norm"][12:14] == pytest.approx([6.468e19, 2.938e21], rel=1e-3)
    assert np.isfinite(session.history["grad_norm"]).all()
    assert session.record.step == 14
    assert session.record.loss == math.inf  # its value is beyond float32, as in a plain loop


def test_a_large_gradient_is_clipped():
    """A weight of 1e15, whose gradient's square overflows float32, clipped to 1e12 at rate 1."""
    start = {"name": "constant", "value": 1e15}
    session = Session(preset(**LINE, initialiser=start, bias=False, clip_norm=1e12, learning_rate=1.0))
    session.burst(3)
    assert session.history["update_norm"][1:] == pytest.approx([1e12] * 3, rel=1e-6)
    # mean of 2·x·(w·x − x) over x = 0 … 199: 26,467·(w − 1)
    assert session.history["grad_norm"][0] == pytest.approx(26467 * 1e15, rel=1e-6)
    assert session.record.param_norm == pytest.approx(1e15 - 3e12, rel=1e-6)


def test_a_small_gradient_is_not_zero():
    """Two points 60 logits from the border: the gradient's numbers are of the size of 15·e⁻⁶⁰."""
    session = Session(preset(**SEPARABLE, learning_rate=1.0))
    session.burst(2)
    assert session.history["grad_norm"][0] == pytest.approx(2.6e-25, rel=2e-2)
    assert session.history["grad_norm"][0] == pytest.approx(
        true_norm(session.trainer.model.gradient), rel=1e-6
    )
    assert session.history["update_norm"][1] == pytest.approx(session.history["grad_norm"][0], rel=1e-6)


@pytest.mark.parametrize("search", ["backtracking", "wolfe", "exact"])
@pytest.mark.parametrize("direction", ["gradient", "heavy_ball", "conjugate_gradients"])
def test_searching_rules_move_where_squares_overflow(search, direction):
    """One weight on a parabola, at 1e16: the square of its gradient, 1.3e20, is beyond float32. Two searches
    bring it at least half the way to the solution at 1."""
    rule = {"name": "line_search", "search": search, "direction": direction}
    start = {"name": "constant", "value": 1e16}
    session = Session(
        preset(**{**LINE, "loss": "half_mse"}, initialiser=start, bias=False, rule=rule),
    )
    session.burst(2)
    assert session.record.param_norm < 0.5e16


def test_a_slope_whose_square_underflows_is_not_zero():
    """The slope along −g is −‖g‖² = −6.9e-50."""
    session = Session(preset(**SEPARABLE, rule={"name": "line_search"}))
    session.step()
    assert session.trainer.remark == "no step along the direction lowers the loss enough, down to rounding"


def test_the_loss_of_many_outputs_is_the_samples_mean():
    """784 outputs a sample, each some 1e18 off: their squares' sum is beyond float32, their mean is not."""
    start = {"name": "constant", "value": 3e16}
    session = Session(preset({**DIGITS, "target": "input"}, (784,), initialiser=start, dtype="float32"))
    losses = run("samples", Subject.of(session.trainer, session.dataset), worst=0).losses
    sums = session.dataset.train_inputs.astype(float).sum(1) + 1
    np.testing.assert_allclose(losses, (3e16 * sums) ** 2, rtol=1e-5)
    assert session.record.loss == pytest.approx(losses.mean(), rel=1e-5)
    assert np.isfinite(session.history["grad_norm"]).all()


def test_an_epochs_loss_is_the_mean_where_the_sum_overflows():
    """Four layers of weights of 1e38, and a rate that moves nothing: both batches' losses are 1.6e308."""
    data = {"name": "points", "inputs": [[0.0], [1.0]] * 4, "labels": [0, 1] * 4}
    start = {"name": "constant", "value": 1e38}
    settings = {"batch": 4, "shuffle": False, "learning_rate": 1e-300}
    session = Session(preset(data, (20, 2, 2, 2), initialiser=start, **settings))
    session.burst(2)
    assert 1e308 < session.record.loss < math.inf
    assert session.record.epoch_loss == pytest.approx(session.record.loss)


# --- the ordinary range: as the plain formulas have it, bit for bit ----------------------------------


def recorded_plainly(trainer, dtype):
    """The norms and the clipped gradient as they were computed before sums were scaled."""
    gradient = trainer.model.gradient
    square = torch.dot(gradient, gradient).double()
    root = square.sqrt()
    scale = torch.where(root > trainer.clip_norm, trainer.clip_norm / root, 1.0)
    return math.sqrt(square.item()), gradient * scale.to(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", ["all", 7])
def test_ordinary_numbers_are_those_of_the_plain_formulas(dtype, batch):
    name = str(dtype).removeprefix("torch.")
    settings = {"loss": "half_mse", "learning_rate": 0.3, "clip_norm": 0.02, "batch": batch, "dtype": name}
    session = Session(preset({**DIGITS, "target": "input"}, (5, 784), "tanh", **settings))
    trainer = session.trainer
    for _ in range(30):
        length, gradient = recorded_plainly(trainer, dtype)
        assert session.record.grad_norm == length
        own = trainer.model.vector
        assert session.record.param_norm == math.sqrt(torch.dot(own, own).item())
        inputs, targets = trainer.batch(session.position)
        errors = (trainer.model.layer_outputs(len(inputs))[-1] - targets).view(-1)
        assert session.record.loss == 0.5 / errors.numel() * torch.dot(errors, errors).item()
        session.step()
        update = torch.mul(gradient, -0.3)
        assert torch.equal(trainer.last_update, update)
        assert session.record.update_norm == math.sqrt(torch.dot(update, update).item())
