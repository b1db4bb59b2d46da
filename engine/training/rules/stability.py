"""The product of learning rate η and largest curvature λ below which a rule is stable on a quadratic loss.

Sources: Goh, *Why Momentum Really Works* (2017); Cohen et al., *Gradient Descent on Neural Networks Typically
Occurs at the Edge of Stability* (2021). The bounds of RMSprop and Adam need more than λ: see their files.

The screen reads this file, so it imports no torch.
"""

from __future__ import annotations

from gradstep.engine.config.preset import Preset
from gradstep.engine.config.rules import GradientDescent, Momentum, Nesterov

GRADIENT_DESCENT = 2.0
FORMULAS = {
    "gradient_descent": "2/{}",
    "momentum": "2(1+β)/{}",
    "nesterov": "(2+2β)/((1+2β){})",
    "rmsprop_keras2": "2/{}",
    "rmsprop_keras3": "2/{}",
    "rmsprop_torch": "2/{}",
    "adam": "(2+2β₁)/((1−β₁){})",
}
"""For each rule, the bound on λmax with η in the braces, and on the learning rate with λmax in them. λmax is
the Hessian's, or P⁻¹H's for a rule with a preconditioner P. A rule that searches its step length has none."""


def heavy_ball(beta: float) -> float:
    """Return the bound on ηλ for z ← βz + g, θ ← θ − ηz."""
    return 2 + 2 * beta


def nesterov(beta: float) -> float:
    """Return the bound on ηλ for z ← βz + g, θ ← θ − η(g + βz)."""
    return (2 + 2 * beta) / (1 + 2 * beta)


def stable_product(preset: Preset) -> float | None:
    """Return the bound on ηλ for the preset's rule; None for a rule whose bound needs more than λ."""
    match preset.train.rule:
        case GradientDescent():
            return GRADIENT_DESCENT
        case Momentum(momentum=beta):
            return heavy_ball(beta)
        case Nesterov(momentum=beta):
            return nesterov(beta)
        case _:
            return None


def learning_rate_formula(preset: Preset) -> str:
    """Return the bound on the learning rate as a formula of λ, for a rule with a `stable_product`."""
    return FORMULAS[preset.train.rule.name].format("λ")
