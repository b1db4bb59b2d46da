"""Presets as texts: the smallest one, one with every table, and a classifier."""

import pytest

from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import parse_preset
from gradstep.engine.errors import UserError

SMALLEST = """
title = "Smallest"
[data]
name = "ramp"
[network]
layers = [{ units = 1 }]
[train]
loss = "mse"
rule = { name = "gradient_descent" }
"""
EVERYTHING = """
title = "Everything"
document = "exam"
question = "Is it all kept?"
watch = ["loss", "mistakes", "val_loss", "grad_norm"]
[data]
name = "mnist"
target = "label"
scale = "standard"
samples = 100
validation = 50
[network]
layers = [{ units = 5, activation = "leaky_relu" }, { units = 10 }]
initialiser = { name = "normal", mean = 0.5, std = 0.25 }
bias = false
[train]
loss = "exam_cross_entropy"
rule = { name = "momentum", learning_rate = 0.05, momentum = 0.5 }
clip_norm = 2.5
batch = 32
shuffle = false
seed = 9
dtype = "float64"
device = "auto"
threads = 2
validate_every = 7
[run]
epochs = 3
[[claim]]
says = "The loss falls."
source = "a comment"
always = "loss < prev.loss"
within = 10
expect = "refuted"
[[claim]]
says = "It is low in the end."
at = 9
condition = "loss < 1"
"""
CLASSIFIER = """
title = "A preset"
watch = ["loss", "accuracy"]
[data]
name = "digits"
target = "label"
samples = 100
[network]
layers = [{ units = 8, activation = "tanh" }, { units = 10 }]
initialiser = { name = "normal", std = 0.1 }
[train]
loss = "cross_entropy"
rule = { name = "momentum", learning_rate = 0.1 }
batch = 32
[run]
steps = 20
[[claim]]
says = "It falls."
always = "loss < prev.loss"
"""


def parse(text, overrides=()):
    return parse_preset(text, name="test", source="test.toml", overrides=overrides)


def problems(text):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    error = caught.value
    assert isinstance(error, UserError)
    assert str(error).splitlines() == [f"test.toml: {problem}" for problem in error.problems]
    return error.problems
