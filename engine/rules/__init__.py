"""Update rules: from the gradient at a position, the update that leads to the next."""

from engine.rules.rule import Rule, Slots, make_rule

__all__ = ["Rule", "Slots", "make_rule"]
