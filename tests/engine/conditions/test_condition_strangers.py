"""Whatever a stranger writes: an error or a condition, and nothing else happens."""

import contextlib
import sys
import time
import warnings

import pytest
from condition_runs import history
from condition_texts import conditions, nearly_conditions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradstep.engine.conditions.expression import Condition
from gradstep.engine.conditions.language import MAX_LENGTH, ConditionError, parse_condition

ALLOWED = {"abs", "finite", "log10", "min", "max", "_divide", "_modulo", "_power"}
RECORDS = history(
    2,
    loss=[2.0, 1.0, float("nan"), float("inf"), 1e308, -1e308, 0.0],
    mistakes=[3.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0],
    val_loss=[None, 1.0, None, 2.0, float("-inf"), 0.0, -0.0],
)
HEARD = []
listening = False


def _listen(event, _arguments):
    if listening:
        HEARD.append(event)


@pytest.fixture(scope="module", autouse=True)
def auditor():
    """Python tells of every import, open, compile, exec …; a hook can't be taken away, only left deaf."""
    sys.addaudithook(_listen)
    parse_condition("ｌｏｓｓ > 1")  # what Python itself loads for such letters, it has loaded


@contextlib.contextmanager
def heard():
    global listening
    HEARD.clear()
    listening = True
    try:
        yield HEARD
    finally:
        listening = False


def try_out(text):
    """Parse a text and evaluate what comes of it everywhere; the condition, if it is one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (SyntaxWarning, DeprecationWarning))
        with heard() as events:
            try:
                condition = parse_condition(text)
            except ConditionError:
                condition = None
    assert set(events) <= {"compile", "exec"}
    assert events.count("exec") == (condition is not None)
    if condition is None:
        return None
    assert isinstance(condition, Condition)
    code = condition._holds.__code__
    assert set(code.co_names) <= ALLOWED
    assert {type(constant) for constant in code.co_consts} <= {float, int, type(None)}
    with heard() as events:
        found = [condition.holds(RECORDS, position) for position in range(len(RECORDS))]
        for position in range(len(RECORDS)):
            condition.values(RECORDS, position)
    assert not events
    assert {type(held) for held in found} <= {bool, type(None)}
    return condition


@given(st.text(max_size=200))
@example("().__class__.__base__.__subclasses__() > 1")
@example("loss > 1 if __import__('os').system('true') else 2")
@example("abs.__globals__ > 1")
@example("[].append(loss) > 1")
@example("loss.__class__ > 1")
@example("v.__class__ > 1")
@example("f'{loss.__class__}' > 1")
@example("finite((x := open('x')))")
@example("max(loss, *[open('x')]) > 1")
@example("exec('1') > loss")
def test_any_text(text):
    try_out(text)


@given(nearly_conditions())
def test_mixed_tokens_of_the_language_and_python(text):
    try_out(text)


@given(conditions(max_leaves=12))
def test_well_formed_conditions(text):
    condition = try_out(text)
    assert condition is not None or len(text) > MAX_LENGTH


@given(conditions(), st.integers(0, 200), st.sampled_from(["", "(", ")", ".", "'", "__", "\0", "\x1b", "ｘ"]))
@settings(max_examples=60)
def test_a_condition_with_a_slip(text, at, slip):
    try_out(text[:at] + slip + text[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "9**" * 330 + "9 > loss",
        "+".join(["loss"] * 190) + " > 1",
        "(" * 190 + "loss" + ")" * 190 + " > 1",
        "max(" * 120 + "loss" + ", 1)" * 120 + " > 1",
        "min(" + ",".join(["loss"] * 190) + ") > 1",
        " < ".join(["loss"] * 140),
        " and ".join(["loss > 1"] * 75),
        " or ".join(f"rising(loss, {1_000 - i})" for i in range(40)),
        " or ".join(f"mean(loss, {1_000 - i}) > 1" for i in range(36)),
        "x" * MAX_LENGTH,
        "not " * 245 + "finite(loss)",
        "-" * 990 + "1 > 0",
        "[" * MAX_LENGTH,
        "{0:" * 330,
        "lambda:" * 140 + "1",
        "9" * 990 + " > 1",
    ],
    ids=lambda text: text[:20],
)
def test_long_and_deep_texts_are_quick(text):
    assert len(text) <= MAX_LENGTH
    started = time.perf_counter()
    try_out(text)
    assert time.perf_counter() - started < 1.0


def test_the_widest_windows_on_a_long_history_are_quick():
    long = history(1, loss=[float(k % 7) for k in range(10_100)])
    condition = parse_condition(" or ".join(f"lowest(loss, {1_000 - i}) < 0" for i in range(36)))
    started = time.perf_counter()
    assert condition.holds(long, 10_099) is False
    assert time.perf_counter() - started < 0.5
