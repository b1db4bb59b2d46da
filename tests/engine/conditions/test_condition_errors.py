"""Every text that is no condition: where the message points, and what it names."""

import pytest

from gradstep.engine.conditions.language import MAX_LENGTH, MAX_WINDOW, ConditionError, parse_condition
from gradstep.engine.errors import UserError
from gradstep.engine.records.record import FIELDS

COMPARISON = "needed here: a comparison"
NUMBER = "needed here: a number"


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 1, "nothing is here"),
        (" \n\t ", 1, "nothing is here"),
        ("los > 1", 1, "did you mean 'loss'?"),
        ("loss > prev.grad_nrm", 8, "did you mean 'grad_norm'?"),
        ("loss > 1 and Loss < 2", 14, "did you mean 'loss'?"),
        ("change(los, 3) > 1", 8, "did you mean 'loss'?"),
        ("prev > 1", 1, "unknown name 'prev'"),
        ("prev.prev.loss > 1", 1, "ago(loss, 2)"),
        ("loss > loss.real", 8, "only prev has fields"),
        ("prev.__class__ > 1", 1, "unknown name '__class__'"),
        ("loss > __builtins__", 8, "unknown name '__builtins__'"),
        ("loss > v", 8, "unknown name 'v'"),
        ("_divide(1, 0) > 1", 1, "unknown function '_divide'"),
        ("fnite(loss)", 1, "did you mean 'finite'?"),
        ("loss > maen(loss, 3)", 8, "did you mean 'mean'?"),
        ("__import__('os')", 1, "unknown function '__import__'"),
        ("eval(1) > 0", 1, "unknown function 'eval'"),
        ("(abs)(loss)(1) > 1", 1, NUMBER),
        ("prev.abs(1) > 1", 1, NUMBER),
        ("abs(loss, 1) > 0", 1, "abs takes one number"),
        ("abs() > 0", 1, "abs takes one number"),
        ("min(loss) > 0", 1, "min takes two or more numbers"),
        ("finite()", 1, "finite takes one number"),
        ("abs(x=loss) > 0", 1, "by their place"),
        ("abs(*loss) > 0", 1, "by their place"),
        ("max(**loss) > 0", 1, "by their place"),
        ("change(loss) > 0", 1, "change(loss, 10)"),
        ("change(prev.loss, 2) > 0", 1, "change(loss, 10)"),
        ("change(loss + 1, 2) > 0", 1, "change(loss, 10)"),
        ("ago(loss, step) > 0", 1, "ago(loss, 10)"),
        ("mean(loss, True) > 0", 1, "mean(loss, 10)"),
        ("mean(loss, 2.0) > 0", 1, "mean(loss, 10)"),
        ("rising(loss, 0)", 14, "between 1 and 1,000 steps"),
        ("rising(loss, -1)", 1, "rising(loss, 10)"),
        (f"ago(loss, {MAX_WINDOW + 1}) > 0", 11, "between 1 and 1,000 steps"),
        ("loss", 1, COMPARISON),
        ("True", 1, COMPARISON),
        ("1", 1, COMPARISON),
        ("loss and finite(loss)", 1, COMPARISON),
        ("loss > 1 and mean(loss, 3)", 14, COMPARISON),
        ("not loss", 5, COMPARISON),
        ("(loss > 1) + 1 > 0", 2, NUMBER),
        ("rising(loss, 3) > 0", 1, NUMBER),
        ("finite(loss) == 1", 1, NUMBER),
        ("loss > True", 8, NUMBER),
        ("loss > None", 8, NUMBER),
        ("loss > 1j", 8, NUMBER),
        ("loss > 'a'", 8, NUMBER),
        ("loss > b'a'", 8, NUMBER),
        ("loss > f'{loss}'", 8, NUMBER),
        ("'%999999999d' % 1 > loss", 1, NUMBER),
        ("lambda: 1", 1, COMPARISON),
        ("(lambda: 1)() > 1", 1, NUMBER),
        ("[x for x in (1, 2)]", 1, COMPARISON),
        ("loss > sum(x for x in (1, 2))", 8, "unknown function 'sum'"),
        ("(x := 1) > 0", 2, NUMBER),
        ("loss[0] > 1", 1, "loss is one number: it takes no [0]"),
        ("loss > (1, 2)", 8, NUMBER),
        ("loss > {}", 8, NUMBER),
        ("loss if 1 else 2", 1, COMPARISON),
        ("(yield) > 1", 2, NUMBER),
        ("await loss > 1", 1, NUMBER),
        ("... > loss", 1, NUMBER),
        ("loss is 1", 9, "only < <= > >= == != compare"),
        ("loss in (1, 2)", 9, "only < <= > >= == != compare"),
        ("loss not in (1, 2)", 13, "only < <= > >= == != compare"),
        ("loss // 2 > 1", 1, "only + - * / % ** calculate"),
        ("1 << 9999999 > loss", 1, "only + - * / % ** calculate"),
        ("loss @ loss > 1", 1, "only + - * / % ** calculate"),
        ("~loss > 1", 1, NUMBER),
        ("1e999 > loss", 1, "too large a number"),
        ("loss < 1" + "0" * 400, 8, "too large a number"),
        ("loss = 3", 6, "a comparison is written =="),
        ("loss > 1; loss < 2", 9, "invalid syntax"),
        ("loss >", 7, "invalid syntax"),
        ("loss > 1 and", 13, "invalid syntax"),
        ("(loss > 1", 1, "never closed"),
        ("loss ≤ 1", 6, "≤"),
        ("loss > 1 && loss < 2", 11, "invalid syntax"),
        ("loss > 1 # so it is", 10, "no comments"),
        ("(loss >\n los)", 10, "did you mean 'loss'?"),
        ("ｌｏｓｓ > los", 8, "did you mean 'loss'?"),
        ("loss > é", 8, "unknown name 'é'"),
        ("loss > 1 and é\u0301 > 2 and l0ss > 1", 14, "unknown name"),
        ("import os", 1, "invalid syntax"),
        ("loss > 1\0", 10, "null bytes"),
        ("loss > '\ud800'", 1, "can't be read"),
        ("-" * 900 + "1 < loss", 1, "too deeply nested"),
        ("not " * 200 + "finite(loss)", 1, "too deeply nested"),
        ("**".join(["2"] * 300) + " > loss", 1, "too deeply nested"),
        ("(" * 300 + "loss" + ")" * 300 + " > 1", 201, "too many nested parentheses"),
        ("loss > 1 or " * 100 + "loss > 1", 1, f"longer than {MAX_LENGTH} characters"),
        ("loss > " + "9" * 100_000, 1, f"longer than {MAX_LENGTH} characters"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_errors_point_at_a_column(text, column, hint):
    with pytest.raises(ConditionError) as caught:
        parse_condition(text)
    assert (caught.value.column, hint in str(caught.value)) == (column, True), str(caught.value)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"column {column}: ")
    assert len(lines) == 3
    assert lines[2].index("^") == 4 + column - 1
    assert all(character.isprintable() for line in lines for character in line)


def test_a_condition_error_is_a_user_error():
    with pytest.raises(UserError):
        parse_condition("los > 1")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ConditionError) as caught:
        parse_condition("hessian > 2")
    assert ", ".join(FIELDS) in str(caught.value)
    assert "sharpness" in str(caught.value)
    assert "did you mean" not in str(caught.value)
    with pytest.raises(ConditionError) as caught:
        parse_condition("median(loss, 3) > 2")
    assert "abs, finite, log10, min, max, change, ago, mean, lowest, highest, rising, falling" in str(
        caught.value
    )


def test_errors_escape_control_characters():
    with pytest.raises(ConditionError) as caught:
        parse_condition("loss > \x1b]0;gotcha\x07 1\x1b[2J")
    assert "\x1b" not in str(caught.value)
    assert "\x07" not in str(caught.value)


@pytest.mark.parametrize("text", ["ｌｏｓｓ > 1", "𝓁𝑜𝓈𝓈 > 1", "ﬁnite(loss)", "prev.ｌｏｓｓ < loss"])
def test_letters_are_normalised_as_by_python(text):
    assert {operand.field for operand in parse_condition(text).operands} == {"loss"}
