"""Update rules: from the gradient at a position, the update that leads to the next."""

from gradstep.engine.training.rules.make import Rule, Slots, make_rule
from gradstep.engine.training.rules.searching import SearchingRule

__all__ = ["Rule", "SearchingRule", "Slots", "make_rule"]
