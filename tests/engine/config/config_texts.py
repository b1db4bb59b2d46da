"""Presets as texts: the smallest one, and one with every table."""

from gradstep.engine.config.files import parse_preset

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


def parse(text, overrides=()):
    return parse_preset(text, name="test", source="test.toml", overrides=overrides)
