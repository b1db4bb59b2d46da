"""Histories made by hand and Python's own opinion of a condition."""

import ast
import itertools
import math

import numpy as np

from gradstep.engine.records.history import History
from gradstep.engine.records.missing import MISSING
from gradstep.engine.records.record import COLUMNS

WINDOWS = ("change", "ago", "mean", "lowest", "highest", "rising", "falling")


def row(**values):
    """A row of a history: 0 in each column that is not given, null where None is."""
    return [MISSING if (value := values.get(name, 0.0)) is None else value for name in COLUMNS]


def history(batches=3, **columns):
    """A history with these columns, each a list as long as the others."""
    made = History(batches)
    for values in zip(*columns.values(), strict=True):
        made.append(row(**dict(zip(columns, values, strict=True))))
    return made


def losses(*values):
    return history(loss=values)


def brute_force(text, batches, columns, position):
    """What Python says of the same text with numpy's numbers; None where something that it reads is null."""
    tree = _Operands(batches, columns, position)
    expression = ast.fix_missing_locations(tree.visit(ast.parse(text, mode="eval")))
    if None in tree.values.values():
        return None
    functions = {
        "abs": abs,
        "finite": np.isfinite,
        "log10": lambda x: math.log10(x) if x > 0 else (-math.inf if x == 0 else math.nan),
        "min": lambda *numbers: np.min(numbers),
        "max": lambda *numbers: np.max(numbers),
    }
    with np.errstate(all="ignore"):
        return bool(eval(compile(expression, "<brute force>", "eval"), functions | tree.values))


class _Operands(ast.NodeTransformer):
    """Replaces constants and what is read from the columns by names of numpy numbers."""

    def __init__(self, batches, columns, position):
        self.position = position
        count = len(next(iter(columns.values())))
        derived = {"step": list(range(count)), "epoch": [k // batches for k in range(count)]}
        self.columns = columns | derived
        self.values = {}

    def visit_Constant(self, node):
        return self._named(np.float64(node.value))

    def visit_Name(self, node):
        return self._named(self._at(node.id, 0))

    def visit_Attribute(self, node):
        return self._named(self._at(node.attr, 1))

    def visit_Call(self, node):
        if node.func.id not in WINDOWS:
            node.args = [self.visit(argument) for argument in node.args]
            return node
        field, steps = node.args
        return self._named(self._window(node.func.id, field.id, steps.value))

    def _window(self, kind, field, steps):
        now = self._at(field, 0)
        if kind in ("ago", "change"):
            then = self._at(field, steps)
            if kind == "ago":
                return then
            if then is None or now is None:
                return None
            with np.errstate(all="ignore"):
                return now - then
        several = [self._at(field, back) for back in range(steps + (kind in ("rising", "falling")))][::-1]
        if any(value is None for value in several):
            return None
        pairs = list(itertools.pairwise(several))
        with np.errstate(all="ignore"):
            return {
                "rising": lambda: all(b > a for a, b in pairs),
                "falling": lambda: all(b < a for a, b in pairs),
                "mean": lambda: sum(several) / steps,
                "lowest": lambda: np.min(several),
                "highest": lambda: np.max(several),
            }[kind]()

    def _at(self, field, back):
        position = self.position - back
        value = self.columns[field][position] if position >= 0 else None
        return None if value is None else np.float64(value)

    def _named(self, value):
        name = f"value_{len(self.values)}"
        self.values[name] = value
        return ast.Name(name, ast.Load())
