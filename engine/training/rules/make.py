"""The update rule that a config names."""

from __future__ import annotations

from typing import assert_never

from gradstep.engine.config import rules as config
from gradstep.engine.training.rules.adam import Adam
from gradstep.engine.training.rules.base import Rule, SearchingRule
from gradstep.engine.training.rules.descent import GradientDescent, Momentum
from gradstep.engine.training.rules.lbfgs import LBFGS
from gradstep.engine.training.rules.line_search import ConjugateGradientSearch, HeavyBallSearch, LineSearch
from gradstep.engine.training.rules.newton import Newton
from gradstep.engine.training.rules.rmsprop import RMSprop


def make_rule(settings: config.Rule) -> Rule | SearchingRule:
    """Return the rule that a config names."""
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
