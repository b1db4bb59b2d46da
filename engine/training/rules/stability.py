"""The product of learning rate η and largest curvature λ below which a rule is stable on a quadratic loss.

Sources: Goh, *Why Momentum Really Works* (2017); Cohen et al., *Gradient Descent on Neural Networks Typically
Occurs at the Edge of Stability* (2021). The bounds of RMSprop and Adam need more than λ: see their files.

The screen reads this file, so it imports no torch.
"""

from __future__ import annotations

from gradstep.engine.config.preset import GradientDescent, Momentum, Nesterov, Preset

GRADIENT_DESCENT = 2.0

FORMULAS = {
    "gradient_descent": "2/{}",
    "momentum": "2(1+β)/{}",
    "nesterov": "(2+2β)/((1+2β){})",
}
"""For each rule, the bound on the curvature with η in the braces, and on the learning rate with λ in them."""


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
