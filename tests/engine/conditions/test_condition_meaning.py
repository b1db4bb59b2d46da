"""What a condition means: by hand, and against Python's evaluation of the same text on numpy's floats."""

import math
import warnings

import numpy as np
import pytest
from condition_runs import brute_force, history, losses, row
from condition_texts import conditions
from hypothesis import example, given
from hypothesis import strategies as st

from gradstep.engine.conditions.expression import Operand
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.records.history import History
from gradstep.engine.records.record import FIELDS

NAN, INF = math.nan, math.inf


def holds(text, at=None, **columns):
    made = history(**(columns or {"loss": [1.0]}))
    return parse_condition(text).holds(made, len(made) - 1 if at is None else at)


# --- against brute force ----------------------------------------------------------------------------

READ = ["loss", "mistakes", "val_loss", "step", "epoch"]
VALUES = [0.0, -0.0, 0.25, 1.0, 2.0, 3.0, -3.0, 10.0, 1e-300, 1e200, 1e308, -1e308, INF, -INF, NAN, None]


@st.composite
def records(draw):
    count = draw(st.integers(1, 9))
    some = st.lists(st.sampled_from(VALUES), min_size=count, max_size=count)
    return {name: draw(some) for name in ("loss", "mistakes", "val_loss")}


@given(conditions(READ), records(), st.integers(1, 4), st.data())
@example("-1 ** 2 < 0", {"loss": [1.0]}, 1, None)
@example("2 ** 3 ** 2 == 512", {"loss": [1.0]}, 1, None)
@example("2 ** -1 == 0.5", {"loss": [1.0]}, 1, None)
@example("not loss > 1 or loss > 2", {"loss": [3.0]}, 1, None)
@example("loss > 5 or loss > 1 and not loss > 2", {"loss": [1.5]}, 1, None)
def test_conditions_agree_with_python(text, columns, batches, data):
    made = history(batches, **columns)
    position = len(made) - 1 if data is None else data.draw(st.integers(0, len(made) - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = parse_condition(text).holds(made, position)
    assert found == brute_force(text, batches, columns, position)
    assert found is None or type(found) is bool


@given(conditions(READ), records(), st.data())
def test_branched_histories_evaluate_as_flat_ones(text, columns, data):
    whole = history(2, **columns)
    fork = data.draw(st.integers(0, len(whole) - 1))
    parent = History(2)
    parent.extend(whole.rows(0, fork))
    for _ in range(data.draw(st.integers(1, 3))):  # a future of the parent's that is not the branch's
        parent.append(row(loss=-77.0, mistakes=-77.0, val_loss=-77.0))
    branch = History(2, parent, fork)
    branch.extend(whole.rows(fork))
    condition = parse_condition(text)
    for position in range(len(whole)):
        assert condition.holds(branch, position) == condition.holds(whole, position)


# --- by hand ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loss / 0 == loss * 1e308 * 1e308", True),
        ("1 / 0 > 1e308", True),
        ("-1 / 0 < -1e308", True),
        ("1 / -0.0 < 0", True),
        ("0 / 0 != 0 / 0", True),
        ("finite(0 / 0)", False),
        ("finite(1 / 0)", False),
        ("1 % 0 != 1 % 0", True),
        ("-7 % 3 == 2", True),
        ("7 % -3 == -2", True),
        ("7.5 % 2 == 1.5", True),
        ("10 ** 400 > 1e308", True),
        ("(-10) ** 401 < -1e308", True),
        ("0 ** -1 > 1e308", True),
        ("(-0.0) ** -3 < -1e308", True),
        ("(-8) ** (1 / 3) != (-8) ** (1 / 3)", True),
        ("0 ** 0 == 1", True),
        ("log10(1000) == 3", True),
        ("log10(0) < -1e308", True),
        ("finite(log10(-1))", False),
        ("log10(1 / 0) > 1e308", True),
        ("abs(-3) == 3", True),
        ("min(3, 1, 2) == 1", True),
        ("max(3, 1, 2) == 3", True),
        ("finite(min(1, 0 / 0))", False),
        ("finite(min(0 / 0, 1))", False),
        ("finite(max(1, 0 / 0))", False),
        ("9 ** 9 ** 9 ** 9 > 1", True),
        ("+loss == loss", True),
        ("1 < 2 < 3", True),
        ("1 < 2 > 1.5 != 3", True),
        ("3 > 2 > 2", False),
        ("step == 0 and epoch == 0", True),
    ],
)
def test_arithmetic_follows_ieee_754(text, expected):
    assert holds(text) is expected


def test_nan_compares_as_in_ieee_754():
    for text in ("loss < 1", "loss > 1", "loss == loss", "finite(loss)", "loss <= prev.loss"):
        assert holds(text, loss=[1.0, NAN]) is False
    assert holds("not finite(loss)", loss=[1.0, NAN]) is True
    assert holds("loss != loss", loss=[NAN]) is True
    assert holds("not loss < 1", loss=[NAN]) is True
    assert holds("loss > prev.loss", loss=[1.0, INF]) is True


def test_prev_is_missing_at_position_0():
    made = losses(2.0, 1.0)
    for text in ("loss < prev.loss", "loss < 9 or loss < prev.loss", "not loss < prev.loss"):
        assert parse_condition(text).holds(made, 0) is None
    assert parse_condition("loss < prev.loss").holds(made, 1) is True


def test_a_missing_operand_makes_a_condition_missing():
    assert holds("val_loss < 1", val_loss=[None]) is None
    assert holds("val_loss < 1 or loss > 0", val_loss=[None], loss=[1.0]) is None
    assert holds("loss > 0 or val_loss < 1", val_loss=[None], loss=[1.0]) is None
    assert holds("prev.val_loss < 1", val_loss=[None, 0.0]) is None
    assert holds("finite(val_loss)", val_loss=[NAN]) is False


def test_step_and_epoch():
    made = history(3, loss=[0.0] * 8)
    assert [parse_condition("step % 3 == 0").holds(made, k) for k in range(4)] == [True, False, False, True]
    assert [parse_condition("epoch > prev.epoch").holds(made, k) for k in (1, 2, 3, 6)] == [
        False,
        False,
        True,
        True,
    ]


# --- windows ----------------------------------------------------------------------------------------

SERIES = [5.0, 4.0, 3.0, 3.5, 4.0, 1.0]


def first_evaluated(text):
    made = losses(*SERIES)
    found = [parse_condition(text).holds(made, k) for k in range(len(made))]
    first = next(k for k, held in enumerate(found) if held is not None)
    assert None not in found[first:]
    return first


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ago(loss, 2) > 0", 2),
        ("change(loss, 2) > 0", 2),
        ("rising(loss, 2)", 2),
        ("falling(loss, 2)", 2),
        ("mean(loss, 2) > 0", 1),
        ("lowest(loss, 2) > 0", 1),
        ("highest(loss, 1) > 0", 0),
        ("prev.loss > 0", 1),
    ],
)
def test_a_window_is_evaluated_as_soon_as_it_is_full(text, first):
    assert first_evaluated(text) == first


@pytest.mark.parametrize(
    ("operand", "position", "value"),
    [
        (Operand("ago", "loss", 2), 3, 4.0),
        (Operand("ago", "loss", 5), 5, 5.0),
        (Operand("change", "loss", 2), 4, 1.0),
        (Operand("mean", "loss", 3), 2, 4.0),
        (Operand("mean", "loss", 1), 5, 1.0),
        (Operand("lowest", "loss", 3), 4, 3.0),
        (Operand("lowest", "loss", 6), 5, 1.0),
        (Operand("highest", "loss", 5), 4, 5.0),
        (Operand("highest", "loss", 4), 4, 4.0),
        (Operand("rising", "loss", 2), 4, 1.0),
        (Operand("rising", "loss", 3), 4, 0.0),
        (Operand("falling", "loss", 2), 2, 1.0),
        (Operand("falling", "loss", 2), 3, 0.0),
    ],
)
def test_the_values_of_windows(operand, position, value):
    assert operand.value(losses(*SERIES), position) == value


def test_equal_values_neither_rise_nor_fall():
    assert holds("rising(loss, 1)", loss=[1.0, 1.0]) is False
    assert holds("falling(loss, 1)", loss=[1.0, 1.0]) is False
    assert holds("rising(loss, 2)", loss=[1.0, NAN, 3.0]) is False


def test_nan_and_missing_values_in_windows():
    assert holds("finite(lowest(loss, 2))", loss=[NAN, 1.0]) is False
    assert holds("lowest(val_loss, 2) > 0", val_loss=[None, 1.0]) is None
    assert holds("lowest(val_loss, 1) > 0", val_loss=[None, 1.0]) is True
    assert holds("mean(update_norm, 2) > 0", update_norm=[None, 1.0, 2.0]) is True


def test_infinities_of_both_signs_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert holds("finite(mean(loss, 2))", loss=[INF, -INF]) is False
        assert holds("mean(loss, 2) > 1e308", loss=[1e308, 1e308]) is True


def test_windows_reach_across_a_fork():
    parent = losses(1.0, 2.0, 3.0, 99.0, 99.0)
    branch = History(3, parent, 3)
    branch.append(row(loss=4.0))
    branch.append(row(loss=5.0))
    assert parse_condition("rising(loss, 4)").holds(branch, 4) is True
    assert parse_condition("mean(loss, 5) == 3 and highest(loss, 5) == 5").holds(branch, 4) is True
    assert parse_condition("ago(loss, 3) == 2 and change(loss, 4) == 4").holds(branch, 4) is True


# --- the evidence -----------------------------------------------------------------------------------


def test_values_by_the_operands_names():
    made = history(loss=[3.0, 2.0, 4.0], mistakes=[1.0, 5.0, 7.0])
    condition = parse_condition("loss > prev.loss and change(mistakes, 2) > 0 and loss > 1")
    assert condition.values(made, 2) == {"loss": 4.0, "prev.loss": 2.0, "change(mistakes, 2)": 6.0}
    assert [str(operand) for operand in condition.operands] == list(condition.values(made, 2))


def test_ago_by_one_is_prev():
    assert str(parse_condition("ago(loss, 1) > 0").operands[0]) == "prev.loss"
    assert parse_condition("ago(loss, 1) == prev.loss").operands == (Operand("ago", "loss", 1),)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_a_name(field):
    made = history(loss=[1.0, 2.0])
    assert parse_condition(f"{field} >= 0 and prev.{field} >= 0").holds(made, 1) is True


def test_white_space_and_newlines_are_spaces():
    text = "  \n loss >\n\t1\r\n  and loss < 3 \n"
    assert parse_condition(text).holds(losses(2.0), 0) is True
    assert np.all([c.isprintable() for c in parse_condition(text).text])
