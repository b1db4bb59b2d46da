"""The definition of a dead unit.

A unit of a ReLU layer, leaky or not, *fires* on a sample if its pre-activation is above 0; its output then is
too. It is *silent* on a batch if it fires on none of the batch's samples. It is *dead* if it fires on no
sample of the whole training set (CS231n, "Neural Networks 1": the dying ReLU). For units of other activations
none of this is defined. NaN does not fire.
"""

from __future__ import annotations

from torch import Tensor

FIRING = ("relu", "leaky_relu")
"""The activations whose units can fire."""


def fires(values: Tensor) -> Tensor:
    """Return whether a unit fires, for each of its pre-activations or outputs."""
    return values > 0


def fires_on_any(values: Tensor) -> Tensor:
    """Return whether each unit fires on a sample, (units,), from its values (samples, units).

    Of a unit with a NaN among its values this is not known: it counts as silent.
    """
    return fires(values.amax(0))
