"""The initialisers and data settings that scenarios brought: swapped identity, single weight, classes."""

import numpy as np
import pytest

from gradstep.engine import Session
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import parse_preset

IDENTITY = """
title = "t"
[data]
name = "interval"
samples = 20
length = 5
[network]
layers = [{ units = 5 }]
initialiser = { name = "swapped_identity", first = 1, second = 3 }
[train]
loss = "mse"
rule = { name = "gradient_descent", learning_rate = 0.1 }
dtype = "float64"
[run]
steps = 1
"""
POINTS = """
title = "t"
[data]
name = "points"
inputs = [[1.0, 2.0], [3.0, 4.0]]
labels = [0, 1]
classes = 4
[network]
layers = [{ units = 4 }]
[train]
loss = "cross_entropy"
rule = { name = "gradient_descent" }
[run]
steps = 1
"""


def parse(text):
    return parse_preset(text, name="x", source="x.toml")


def test_the_swapped_identity_exchanges_two_outputs():
    session = Session(parse(IDENTITY))
    weight = session.parameters()["layer1.weight"]
    np.testing.assert_array_equal(weight, np.eye(5)[[0, 3, 2, 1, 4]])
    inputs = session.dataset.train_inputs
    wrong = inputs[:, 1] - inputs[:, 3]
    assert session.record.loss == pytest.approx(2 * (wrong**2).sum() / inputs.size, rel=1e-13)


def test_swapping_in_two_layers_swaps_back():
    twice = IDENTITY.replace("[{ units = 5 }]", "[{ units = 5 }, { units = 5 }]")
    assert Session(parse(twice)).record.loss == 0


@pytest.mark.parametrize("layers", ["[{ units = 5 }]", "[{ units = 4 }, { units = 5 }]"])
def test_a_swap_needs_units_that_exist(layers):
    first = 5 if "4" not in layers else 4
    text = IDENTITY.replace("first = 1", f"first = {first}").replace("[{ units = 5 }]", layers)
    with pytest.raises(ConfigError, match=f"no unit {first} to swap"):
        parse(text)
    with pytest.raises(ConfigError, match=r"network\.initialiser.*first"):
        parse(IDENTITY.replace("first = 1", "first = -1"))


def test_the_single_weight_is_exact_in_float64():
    text = IDENTITY.replace('"swapped_identity", first = 1, second = 3', '"single_weight", value = 0.01')
    parameters = Session(parse(text)).parameters()
    np.testing.assert_array_equal(parameters["layer1.weight"], np.outer(np.full(5, 0.01), np.eye(5)[0]))
    assert not parameters["layer1.bias"].any()


def test_classes_can_be_more_than_the_labels_show():
    preset = parse(POINTS)
    assert preset.data.outputs == 4
    assert parse(POINTS.replace("classes = 4\n", "").replace("units = 4", "units = 2")).data.outputs == 2
    assert np.isfinite(Session(preset).record.loss)
    with pytest.raises(ConfigError, match="classes: given 2; the labels go up to 2"):
        parse(POINTS.replace("classes = 4", "classes = 2").replace("[0, 1]", "[0, 2]"))
