"""Lists with many wrong entries: one sentence with the first, its place, their number and what is allowed."""

import pytest

from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import parse_preset
from gradstep.tui.state.edits import Edits

ROWS = 8
TEXT = f"""
title = "Points"
watch = ["loss"]
[data]
name = "points"
inputs = {[[float(i), 0.5] for i in range(ROWS)]}
labels = {[i % 2 for i in range(ROWS)]}
[network]
layers = [{{ units = 3 }}, {{ units = 3 }}, {{ units = 3 }}, {{ units = 3 }}, {{ units = 2 }}]
[train]
loss = "cross_entropy"
rule = {{ name = "gradient_descent" }}
"""
LABELS = f"labels = {[i % 2 for i in range(ROWS)]}"
INPUTS = f"inputs = {[[float(i), 0.5] for i in range(ROWS)]}"
WHOLE = "allowed: whole numbers from 0 to 99, written without a point"
NUMBERS = "allowed: rows of 1 to 100 numbers from -1e+38 to 1e+38"


def problems(old, new):
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        parse_preset(TEXT.replace(old, new), name="mine", source="mine.toml")
    return caught.value.problems


def test_the_text_itself_is_fine():
    parse_preset(TEXT, name="mine", source="mine.toml")
    parse_preset(TEXT.replace(LABELS, LABELS.replace("[0", "[99")).replace("units = 2", "units = 100"),
                 name="mine", source="mine.toml")  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        # weights of people, in place of classes
        ([121.0 + 6 * i for i in range(8)], f"8 entries are wrong, the first in row 1: given 121.0; {WHOLE}"),
        ([0, 1, 0.0, 1.0, 0.0, 1.0, 0, 1], f"4 entries are wrong, the first in row 3: given 0.0; {WHOLE}"),
        # too large, below 0, a text, a fraction: one column, one sentence
        ([0, 100, -1, "a", 0.5, 1, 0, 1], f"4 entries are wrong, the first in row 2: given 100; {WHOLE}"),
    ],
)  # fmt: skip
def test_a_column_of_wrong_labels_is_one_sentence(labels, line):
    assert problems(LABELS, f"labels = {labels}") == [f"data.labels: {line}"]


def test_a_few_wrong_labels_are_named_one_by_one():
    found = problems(LABELS, "labels = [0, 1.5, 0, 1, 0, 1, 0, 1]")
    assert found == [f"data.labels.1: given 1.5; {WHOLE}"]


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ([1.0] * 8, f"8 entries are wrong, the first in row 1: given 1.0; {NUMBERS}"),
        ("[[1, 2], [nan, 1], [inf, 'a'], [1e39, true], [1, 1], [1, 1], [1, 1], [1, 1]]",
         f"5 entries are wrong, the first in row 2, column 1: given nan; {NUMBERS}"),
        ([[1, 2]] * 4 + [[]] * 4, f"4 entries are wrong, the first in row 5: given []; {NUMBERS}"),
        ([[1, 2]] * 3 + [[1]] * 5,
         "row 1 has 2 numbers; 5 of 8 rows have more or fewer, the first is row 4 with 1"),
    ],
)  # fmt: skip
def test_wrong_rows_are_one_sentence(inputs, line):
    assert problems(INPUTS, f"inputs = {inputs}") == [f"data.inputs: {line}"]


@pytest.mark.parametrize(
    ("old", "new", "begins"),
    [
        ("units = 3 }", "units = 3, activation = 'rleu' }",
         "network.layers: 4 entries are wrong, the first at layers.0.activation: given 'rleu'; allowed: "),
        ("units = 3 }", "unit = 3, units = 3 }",
         "network.layers: 4 entries are wrong, the first at layers.0.unit: unknown key 'unit'; allowed: "),
        ("{ units = 3 }", "3",
         "network.layers: 4 entries are wrong, the first at layers.0: given 3; allowed: "),
        ("units = 3 }", "activation = 'relu' }",
         "network.layers: 4 entries are wrong, the first at layers.0.units: missing"),
        ('["loss"]', '["a", "b", "c", "d"]', "watch: 4 entries are wrong, the first at watch.0: given 'a'; "),
        ('["loss"]', '["loss"]\nlog = ["a", "b", 3, "d", "e"]',
         "log: 4 entries are wrong, the first at log.0: given 'a'; "),
    ],
)  # fmt: skip
def test_many_equal_problems_of_a_list_are_one_line(old, new, begins):
    assert problems(old, new)[0].startswith(begins)


def test_different_problems_of_a_list_stay_apart():
    found = problems("units = 3 }", "units = 0, activation = 3 }")
    assert len(found) == 2
    assert all(problem.startswith("network.layers: 4 entries are wrong") for problem in found)


def test_the_form_refuses_a_list_with_a_wrong_entry():
    """And does not take it up as an edit that only does not fit the rest."""
    edits = Edits(parse_preset(TEXT, name="mine", source="mine.toml"))
    assert "given 0.5" in edits.propose("data.labels", [0, 0.5, 1, 0, 0, 0, 0, 0])
    assert edits.propose("data.labels", [0.5] * 8).startswith("8 entries are wrong")
    assert not edits.waiting
