"""The texts that say which values a setting takes."""

import math

import pytest

from gradstep.engine.config.sweep import AxisError, axis_values, label, make_axis, names_of_axes, parse_axis


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0:3", (0, 1, 2)),
        ("-2:1", (-2, -1, 0)),
        ("lin:0:1:5", (0.0, 0.25, 0.5, 0.75, 1.0)),
        ("lin:8:32:4", (8, 16, 24, 32)),
        ("lin:-1.7e308:1.7e308:3", (-1.7e308, 0.0, 1.7e308)),
        ("log:1e-4:1:5", (1e-4, 1e-3, 1e-2, 1e-1, 1.0)),
        ("log:1:1e-2:3", (1.0, 0.1, 0.01)),
        ("1,2.5,-3", (1, 2.5, -3)),
        ("relu,tanh", ("relu", "tanh")),
        ("1e-3", (1e-3,)),
        ("true,false", (True, False)),
        ("[{units=1}],[{units=2},{units=1}]", ([{"units": 1}], [{"units": 2}, {"units": 1}])),
        (" 3 , four ", (3, "four")),
    ],
)
def test_values(text, values):
    found = axis_values(text)
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


def test_a_log_range_has_equal_ratios():
    values = axis_values("log:1e-13:1e-11:9")
    assert (values[0], values[-1]) == (1e-13, 1e-11)
    for i, value in enumerate(values):
        assert value == pytest.approx(10 ** (-13 + i / 4), rel=1e-11)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3:3", "an empty range"),
        ("5:2", "an empty range"),
        ("0:10001", "10,001 values; at most 10,000"),
        ("0:1000000000000", "1,000,000,000,000 values"),
        ("lin:0:1:1000000", "1,000,000 values"),
        ("lin:0:1", "needs lin:FIRST:LAST:COUNT"),
        ("log:0:1:5", "above 0"),
        ("log:-1:1:5", "above 0"),
        ("lin:1:1:5", "two different finite numbers"),
        ("lin:0:inf:5", "two different finite numbers"),
        ("lin:a:1:5", "need to be numbers"),
        ("lin:0:1:x", "whole number from 2"),
        ("lin:0:1:1", "whole number from 2"),
        ("", "no value is given"),
        ("1,,2", "allowed: 0:20"),
        ("a:b", "allowed: 0:20"),
    ],
)
def test_invalid_ranges(text, says):
    with pytest.raises(AxisError) as error:
        make_axis("train.seed", text)
    assert says in str(error.value)
    assert str(error.value).startswith("train.seed: ")
    assert "\n" not in str(error.value)


def test_an_axis_by_its_key():
    axis = parse_axis(" train.rule.learning_rate = log:1e-13:1e-11:3")
    assert (axis.key, axis.name, axis.labels) == (
        "train.rule.learning_rate",
        "learning_rate",
        ("1e-13", "1e-12", "1e-11"),
    )
    for text in ("train.seed", "=0:3", "0:3"):
        with pytest.raises(AxisError, match="KEY=VALUES"):
            parse_axis(text)


def test_repeated_values_are_refused():
    with pytest.raises(AxisError, match="2 is given twice"):
        make_axis("train.seed", "1,2,2")


def test_labels():
    assert [label(v) for v in (3, 0.1 + 0.2, 1e-12, True, "relu")] == ["3", "0.3", "1e-12", "true", "relu"]
    assert label([{"units": 5}, {"units": 1}]) == "5-1"
    assert label(math.pi) == "3.142"
    assert make_axis("k", [1, 2], ["one", "two"]).labels == ("one", "two")
    with pytest.raises(AxisError, match="1 labels for 2 values"):
        make_axis("k", [1, 2], ["one"])


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["train.seed"], ["seed"]),
        (["network.layers.0.units", "network.layers.1.units"], ["0.units", "1.units"]),
        (["network.layers.-1.units", "network.layers.1.units"], ["-1.units", "1.units"]),
        (
            ["network.layers.0.units", "network.layers.0.activation", "network.layers.1.units"],
            ["0.units", "activation", "1.units"],
        ),
        (["train.seed", "data.seed", "train.batch"], ["train.seed", "data.seed", "batch"]),
        (["train.rule.name", "data.name"], ["rule.name", "data.name"]),
        # a record of a run has a loss too
        (["train.loss"], ["train.loss"]),
        (["name", "data.name"], ["name", "data.name"]),
    ],
)
def test_axis_names_are_the_shortest_distinct_endings(keys, names):
    found = names_of_axes([make_axis(key, [1, 2]) for key in keys], ["loss"])
    assert list(found) == names
