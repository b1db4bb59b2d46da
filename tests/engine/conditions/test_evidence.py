"""What a condition read, in words: digits that tell values apart, rounding, counts as whole numbers."""

import math

import numpy as np
import pytest
import torch
from condition_runs import history
from runs import preset

from gradstep.engine.conditions.evidence import counts, evidence, sum_rounding, written
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.records.missing import MISSING
from gradstep.engine.records.record import COUNTS
from gradstep.engine.session.session import Session
from gradstep.engine.training.model.loss import make_objective

# two float32 numbers one unit in the last place apart, as torch gave them near a minimum
HIGH, LOW = float(np.float32(0.65712106)), float(np.float32(0.657121))


def read(text, rounding=0.0, **columns):
    made = history(**columns)
    made.rounding = rounding
    return evidence(parse_condition(text), made, len(made) - 1)


def test_compared_values_have_the_digits_that_tell_them_apart():
    """Six digits say 0.657121 of both; the seventh differs."""
    assert HIGH > LOW
    assert f"{HIGH:.6g}" == f"{LOW:.6g}"
    said = read("loss > prev.loss", loss=[LOW, HIGH])
    assert said == "loss = 0.6571211, prev.loss = 0.657121"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("loss - prev.loss > 0", "loss = 0.6571211, prev.loss = 0.657121"),
        ("loss > 0.657121", "loss = 0.6571211"),
        ("step == 1 and loss > prev.loss", "step = 1, loss = 0.6571211, prev.loss = 0.657121"),
        ("loss > 0.5", "loss = 0.657121"),
        ("grad_norm < 1 and loss > 0", "grad_norm = 0, loss = 0.657121"),
    ],
)
def test_notes_on_sums_constants_and_parts(text, says):
    assert read(text, loss=[LOW, HIGH]) == says


def test_equal_values_and_numbers_of_another_kind_keep_six_digits():
    assert read("loss >= prev.loss", loss=[HIGH, HIGH]) == "loss = 0.657121, prev.loss = 0.657121"
    assert read("loss < 1", loss=[math.nan]) == "loss = NaN"
    assert read("loss < 1", loss=[math.inf]) == "loss = Inf"
    assert read("val_loss < 1", val_loss=[None]) == "val_loss = none"


def test_differences_within_rounding_are_noted():
    """u(1 + log₂ n) of each: for 8 terms in float32 4·6e-8, so that 0.657 ± 1.6e-7 can't be told apart."""
    rounding = sum_rounding(2.0**-23, 8)
    assert rounding == 4 * 2.0**-24
    near, far = 0.657121 + 1.5 * rounding * 0.657121, 0.657121 + 3 * rounding * 0.657121
    assert read("loss > prev.loss", rounding, loss=[0.657121, near]).endswith("; within rounding")
    assert "rounding" not in read("loss > prev.loss", rounding, loss=[0.657121, far])
    assert "rounding" not in read("loss >= prev.loss", rounding, loss=[near, near])
    assert read("change(loss, 1) > 0", rounding, loss=[0.657121, near]).endswith("; within rounding")
    assert read("loss > 0.657121", rounding, loss=[0.657121 * (1 + rounding / 2)]).endswith(
        "; within rounding"
    )
    assert "rounding" not in read("mistakes > prev.mistakes", rounding, mistakes=[10**9, 10**9 + 1])
    both = read("loss > prev.loss and mistakes == 0", rounding, loss=[0.657121, near], mistakes=[0, 0])
    assert both.endswith("; within rounding: loss and prev.loss")


@pytest.mark.parametrize("kind", ["mse", "cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("samples", [6, 128, 1500, 20_000])
def test_rounding_bound_holds_for_torch_sums(kind, samples):
    """The float32 loss of random outputs against the float64 loss of the same numbers."""
    torch.manual_seed(samples)
    outputs = torch.randn(samples, 10)
    targets = torch.rand(samples, 10) if kind == "mse" else torch.randint(0, 10, (samples,))
    objective = make_objective(kind, 0.5 if kind == "mse" else None)
    got = objective.measure(outputs, targets, None).loss
    exact = targets.double() if kind == "mse" else targets
    right = objective.measure(outputs.double(), exact, None).loss
    assert abs(got - right) <= sum_rounding(2.0**-23, samples * 10) * right


def test_a_session_knows_the_rounding_of_its_losses():
    """24 targets in float64; a branch has its parent's."""
    session = Session(preset(learning_rate=0.05))
    assert session.history.rounding == sum_rounding(2.0**-52, 24)
    session.step()
    session.fork()
    assert session.history.rounding == sum_rounding(2.0**-52, 24)


@pytest.mark.parametrize(
    "name",
    [
        *("step", "epoch", "mistakes", "prev.mistakes", "change(mistakes, 3)", "highest(mistakes, 3)"),
        *("train_mistakes", "rank[1]", "distinct[2]", "different_weights[1]", "data_rank"),
        *("rising(mistakes, 1)", "falling(loss, 2)"),
        *("count(loss > 1)", "first(loss < 1)", "median(mistakes)", 'run("exam-ce-a").mistakes'),
    ],
)
def test_counts_are_whole_numbers(name):
    assert counts(name)
    assert written(500.0, count=counts(name)) == "500"
    assert written(12_345_678.0, count=counts(name)) == "12345678"
    assert written(2.5, count=counts(name)) == "2.5"


@pytest.mark.parametrize(
    "name",
    ["loss", "accuracy", "dead[1]", "mean(mistakes, 3)", "share(loss > 1)", "median(loss)", "mistakes / 10"],
)
def test_other_numbers_are_none(name):
    assert not counts(name)


def test_counts_are_the_whole_fields():
    assert COUNTS == ("step", "epoch", "mistakes")
    assert written(MISSING, count=True) == "none"
