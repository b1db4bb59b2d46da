"""Update rules: from the gradient at a position, the update that leads to the next."""

from engine.rules.rule import Rule, Slots, make_rule
from engine.rules.searching import SearchingRule

__all__ = ["Rule", "SearchingRule", "Slots", "make_rule"]
