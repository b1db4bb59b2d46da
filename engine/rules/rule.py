"""What every update rule is, and the one a config names."""

from __future__ import annotations

from typing import Protocol, assert_never

from torch import Tensor

from engine import config
from engine.rules.adam import Adam
from engine.rules.descent import GradientDescent, Momentum
from engine.rules.rmsprop import RMSprop

Slots = dict[str, Tensor]
"""A rule's memory between steps, by name: vectors as long as the parameters, or single numbers."""


class Rule(Protocol):
    """A rule proposes an update; it never touches the parameters."""

    def slots(self, parameters: Tensor) -> Slots:
        """The memory at the start, for a flat vector of parameters."""

    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        """Write the update d of θ ← θ + d into `update`, and move `slots` on."""


def make_rule(settings: config.Rule) -> Rule:
    """The rule that a config names."""
    match settings:
        case config.GradientDescent(learning_rate=rate):
            return GradientDescent(rate)
        case config.Momentum(learning_rate=rate, momentum=beta):
            return Momentum(rate, beta, nesterov=False)
        case config.Nesterov(learning_rate=rate, momentum=beta):
            return Momentum(rate, beta, nesterov=True)
        case config.RMSpropKeras2() | config.RMSpropTorch():
            return RMSprop(settings.learning_rate, settings.rho, settings.epsilon, epsilon_inside=False)
        case config.RMSpropKeras3():
            return RMSprop(settings.learning_rate, settings.rho, settings.epsilon, epsilon_inside=True)
        case config.Adam():
            return Adam(settings.learning_rate, settings.beta1, settings.beta2, settings.epsilon)
        case _:
            assert_never(settings)
