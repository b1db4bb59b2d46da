"""What every update rule is, and the one a config names."""

from __future__ import annotations

from typing import Protocol, assert_never

from torch import Tensor

from gradstep.engine.config import rules as config
from gradstep.engine.training.rules.adam import Adam
from gradstep.engine.training.rules.descent import GradientDescent, Momentum
from gradstep.engine.training.rules.lbfgs import LBFGS
from gradstep.engine.training.rules.line_search import ConjugateGradientSearch, HeavyBallSearch, LineSearch
from gradstep.engine.training.rules.newton import Newton
from gradstep.engine.training.rules.rmsprop import RMSprop
from gradstep.engine.training.rules.searching import SearchingRule

Slots = dict[str, Tensor]
"""A rule's memory between steps, by name: vectors as long as the parameters, or single numbers."""


class Rule(Protocol):
    """A rule proposes an update from the gradient; it never touches the parameters."""

    def slots(self, parameters: Tensor) -> Slots:
        """The memory at the start, for a flat vector of parameters."""

    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        """Write the update d of θ ← θ + d into `update`, and move `slots` on."""


def make_rule(settings: config.Rule) -> Rule | SearchingRule:
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
        case config.LineSearch():
            return _line_search(settings)
        case config.LBFGS():
            return LBFGS(settings.initial_step, settings.history)
        case config.Newton():
            back = (settings.shrink, settings.armijo) if settings.search == "backtracking" else None
            return Newton(
                settings.initial_step, settings.damping, saddle_free=settings.saddle_free, backtracking=back
            )
        case _:
            assert_never(settings)


def _line_search(settings: config.LineSearch) -> LineSearch:
    curvature = settings.curvature_bound
    search = (settings.search, settings.initial_step, settings.shrink, settings.armijo, curvature)
    match settings.direction:
        case "gradient":
            return LineSearch(*search)
        case "heavy_ball":
            return HeavyBallSearch(*search, momentum=settings.momentum)
        case "conjugate_gradients":
            fletcher_reeves = settings.conjugate == "fletcher_reeves"
            return ConjugateGradientSearch(*search, fletcher_reeves=fletcher_reeves)
