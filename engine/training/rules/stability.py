"""Up to which product of learning rate η and largest curvature λ a rule is stable on a quadratic loss.

Goh, *Why Momentum Really Works* (2017); Cohen et al. (2021). Imports no torch.
"""

from __future__ import annotations

from gradstep.engine.config.preset import Preset
from gradstep.engine.config.rules import GradientDescent, Momentum, Nesterov

GRADIENT_DESCENT = 2.0
LIMITS = {
    "gradient_descent": "2/η",
    "momentum": "(2+2β)/η",
    "nesterov": "(2+2β)/((1+2β)η)",
    "rmsprop_keras2": "2/η",
    "rmsprop_keras3": "2/η",
    "rmsprop_torch": "2/η",
    "adam": "(2+2β₁)/((1−β₁)η)",
}
"""What λmax has to stay below, by rule: the Hessian's, or P⁻¹H's for rules with a preconditioner P. A rule
that searches its step length has no limit."""


def heavy_ball(beta: float) -> float:
    """z ← βz + g, θ ← θ − ηz is stable for ηλ below this."""
    return 2 + 2 * beta


def nesterov(beta: float) -> float:
    """z ← βz + g, θ ← θ − η(g + βz)."""
    return (2 + 2 * beta) / (1 + 2 * beta)


def stable_product(preset: Preset) -> float | None:
    """ηλ of the preset's rule at the border; None for a rule whose border hangs on more than λ."""
    match preset.train.rule:
        case GradientDescent():
            return GRADIENT_DESCENT
        case Momentum(momentum=beta):
            return heavy_ball(beta)
        case Nesterov(momentum=beta):
            return nesterov(beta)
        case _:
            return None
