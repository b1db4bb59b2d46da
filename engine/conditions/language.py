"""The condition language: expressions over a record and those before it, such as `loss > prev.loss`.

Conditions come from strangers. Each node of their syntax tree is checked against a white list, and only
text written here is compiled.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import numpy as np

from gradstep.engine.conditions.expression import Comparison, Condition, NumberExpression, Operand, Side
from gradstep.engine.errors import UserError, did_you_mean
from gradstep.engine.records.quantities import QUANTITIES, find_quantity
from gradstep.engine.records.record import FIELDS

MAX_LENGTH = 1000
MAX_WINDOW = 1_000


class ConditionError(UserError):
    """An error in a condition's text; the message points at the column and names the allowed words."""

    def __init__(self, text: str, column: int, problem: str) -> None:
        self.column = column
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        super().__init__(f"column {column}: {problem}\n    {shown}\n    {' ' * (column - 1)}^")


def parse_condition(text: str, names: Collection[str] = FIELDS) -> Condition:
    """Parse a condition over the fields `names`. Raises ConditionError."""
    translation, function = translated(text, lambda line: Translation(line, names), truth=True)
    return Condition(translation.text, tuple(translation.operands), function, tuple(translation.comparisons))


def parse_number(text: str, names: Collection[str] = FIELDS) -> NumberExpression:
    """Parse a number over the fields `names`, such as `log10(loss)`. Raises ConditionError."""
    translation, function = translated(text, lambda line: Translation(line, names), truth=False)
    return NumberExpression(translation.text, tuple(translation.operands), function)


T = TypeVar("T", bound="Translation")


def translated(
    text: str, translation_of: Callable[[str], T], *, truth: bool
) -> tuple[T, Callable[[Sequence[float]], Any]]:
    """Return the translation of a text, and the function of its operands' values. Raises ConditionError."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(text[:60] + "…", 1, f"longer than {MAX_LENGTH} characters")
    line = re.sub(r"\s", " ", text.strip())
    if not line:
        raise ConditionError(line, 1, "nothing is here; needed: a comparison, such as loss > prev.loss")
    if "#" in line:
        raise ConditionError(line, line.index("#") + 1, "a condition has no comments")
    try:
        tree = ast.parse(line, mode="eval")
    except SyntaxError as error:
        column = error.offset or len(line) + 1
        said = "a comparison is written ==" if line[column - 1 : column] == "=" else error.msg
        raise ConditionError(line, column, said) from None
    except (ValueError, RecursionError, MemoryError):
        raise ConditionError(line, 1, "this can't be read as an expression") from None
    translation = translation_of(line)
    try:
        source = translation.truth(tree.body) if truth else translation.number(tree.body)
        code = compile(f"lambda v: {source}", "<condition>", "eval")
    except (SyntaxError, RecursionError, MemoryError):
        raise ConditionError(line, 1, "too deeply nested") from None
    function = eval(code, {"__builtins__": {}, **_FUNCTIONS, **_HELPERS})
    return translation, function


# --- translation ------------------------------------------------------------------------------------

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_WINDOWED = ("change", "ago", "mean", "lowest", "highest", "rising", "falling")


def _divide(a: float, b: float) -> float:
    """Divide as IEEE 754 does; Python raises for b = 0."""
    if b:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _modulo(a: float, b: float) -> float:
    return a % b if b and math.isfinite(a) else math.nan


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except (OverflowError, ValueError):
        with np.errstate(all="ignore"):
            return float(np.power(a, b))


def _log10(a: float) -> float:
    return math.log10(a) if a > 0 else -math.inf if a == 0 else math.nan


def _min(*numbers: float) -> float:
    """Return the least number, NaN if one is NaN; Python's `min` depends on their order."""
    return math.nan if any(number != number for number in numbers) else min(numbers)


def _max(*numbers: float) -> float:
    return math.nan if any(number != number for number in numbers) else max(numbers)


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "abs": abs,
    "finite": math.isfinite,
    "log10": _log10,
    "min": _min,
    "max": _max,
}
SAYS = {
    "loss < 1": "a field or a quantity compared with a number: < <= > >= == !=",
    "loss < 1 and not epoch > 3": "several comparisons: and, or, not, ( )",
    "2*loss + 1": "arithmetic: + - * / % **",
    "prev.loss": "the loss one step before",
    "ago(loss, 10)": "the loss 10 steps before",
    "change(loss, 10)": "loss - ago(loss, 10)",
    "mean(loss, 10)": "the mean of the last 10 losses; lowest(…), highest(…) likewise",
    "rising(mistakes, 3)": "whether each of the last 3 steps raised it; falling(…) likewise",
    "abs(loss)": "its absolute value; log10(…), min(…, …), max(…, …) likewise",
    "finite(loss)": "whether it is a number, neither NaN nor infinite",
    "dead[2]": "a quantity of layer 2; case_loss[916] is of sample 916",
    'run("linear-4-layer").loss': "the last loss of another preset's run; in claims only",
}
"""The forms of a condition by example, each with its meaning."""
_TRUTHS = {"finite", "rising", "falling"}
_NUMBERS = {*_FUNCTIONS, *_WINDOWED} - _TRUTHS
_HELPERS: dict[str, Callable[..., object]] = {"_divide": _divide, "_modulo": _modulo, "_power": _power}


class Translation:
    """Translates a syntax tree to the text of an expression over `v`, the list of the operands' values."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = text
        self.names = names
        self.operands: list[Operand] = []
        self.comparisons: list[Comparison] = []
        self._reads: list[Operand | float] = []
        """Operands and constants of the side that is being translated."""

    def truth(self, node: ast.expr) -> str:
        """Translate a truth: a comparison, `and`, `or`, `not`, `finite(…)`. Raises ConditionError."""
        match node:
            case ast.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, ast.And) else " or "
                return "(" + word.join(map(self.truth, values)) + ")"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"(not {self.truth(operand)})"
            case ast.Compare(left=left, ops=ops, comparators=others):
                parts, sides = [], []
                for comparison, other in zip((None, *ops), (left, *others), strict=True):
                    if comparison is not None:
                        if type(comparison) not in _COMPARISONS:
                            raise self.error(other, f"only {' '.join(_COMPARISONS.values())} compare")
                        parts.append(_COMPARISONS[type(comparison)])
                    source, side = self.side(other)
                    parts.append(source)
                    sides.append(side)
                self.comparisons.append(tuple(sides))
                return "(" + " ".join(parts) + ")"
            case ast.Call(func=ast.Name(id=name)) if name not in _NUMBERS:
                return self.call(node, name)
        raise self.error(
            node, "needed here: a comparison, such as loss > prev.loss, or several with and, or, not"
        )

    def side(self, node: ast.expr) -> tuple[str, Side]:
        """Return the translation of a comparison's side, and the side."""
        self._reads = []
        source = self.number(node)
        alone = isinstance(node, ast.Constant) or re.fullmatch(r"v\[\d+\]", source) is not None
        return source, Side(ast.get_source_segment(self.text, node) or "", tuple(self._reads), alone)

    def number(self, node: ast.expr, index: int | None = None) -> str:
        """Translate a number: a constant, a field, a quantity, arithmetic, a call. Raises ConditionError.

        `index` is the number that stood in brackets behind a name.
        """
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.constant(node, value)
            case ast.Name(id=name):
                return self.operand(Operand("field", self.field(node, name, index)))
            case ast.Attribute(value=ast.Name(id="prev"), attr=name):
                return self.operand(Operand("ago", self.field(node, name, index), 1))
            case ast.Attribute(
                value=ast.Call(func=ast.Name(id="run"), args=[ast.Constant(value=str(preset))], keywords=[]),
                attr=name,
            ):
                return self.operand(Operand("run", self.field(node, name, index), preset=preset))
            case ast.Subscript(value=ast.Name() | ast.Attribute() as named) if index is None:
                return self.number(named, self.index(node))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.number(operand)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(node, op, self.number(left), self.number(right))
            case ast.Call(func=ast.Name(id=name)) if name not in _TRUTHS:
                return self.call(node, name)
            case ast.Attribute():
                raise self.error(node, "only prev has fields: prev.loss; ago(loss, 2) is two steps back")
        raise self.error(node, "needed here: a number, such as a field, a constant, arithmetic")

    def arithmetic(self, node: ast.expr, op: ast.operator, left: str, right: str) -> str:
        match op:
            case ast.Add():
                return f"({left} + {right})"
            case ast.Sub():
                return f"({left} - {right})"
            case ast.Mult():
                return f"({left} * {right})"
            case ast.Div():
                return f"_divide({left}, {right})"
            case ast.Mod():
                return f"_modulo({left}, {right})"
            case ast.Pow():
                return f"_power({left}, {right})"
        raise self.error(node, "only + - * / % ** calculate")

    def call(self, node: ast.Call, name: str) -> str:
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.error(node, "arguments are given by their place")
        if name in _WINDOWED:
            return self.windowed(node, name)
        if name not in _FUNCTIONS:
            raise self.unknown(node, name, [*_FUNCTIONS, *_WINDOWED], "function")
        several = name in ("min", "max")
        if len(node.args) < 2 if several else len(node.args) != 1:
            raise self.error(node, f"{name} takes {'two or more numbers' if several else 'one number'}")
        return f"{name}({', '.join(map(self.number, node.args))})"

    def windowed(self, node: ast.Call, name: str) -> str:
        match node.args:
            case [
                ast.Name(id=field) | ast.Subscript(value=ast.Name(id=field)) as at,
                ast.Constant(value=int(steps)),
            ] if type(steps) is int:
                if not 1 <= steps <= MAX_WINDOW:
                    raise self.error(node.args[1], f"between 1 and {MAX_WINDOW:,} steps")
                index = self.index(at) if isinstance(at, ast.Subscript) else None
                kind = name  # one of Operand's kinds, being in _WINDOWED
                value = self.operand(Operand(kind, self.field(at, field, index), steps))  # type: ignore[arg-type]
                return f"({value} == 1.0)" if name in _TRUTHS else value
        raise self.error(node, f"{name} takes a field and a number of steps: {name}(loss, 10)")

    def operand(self, operand: Operand) -> str:
        if operand not in self.operands:
            self.operands.append(operand)
        self._reads.append(operand)
        return f"v[{self.operands.index(operand)}]"

    def constant(self, node: ast.expr, value: float) -> str:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.error(node, "too large a number")
        self._reads.append(number)
        return repr(number)

    def field(self, node: ast.expr, name: str, index: int | None) -> str:
        """Return the name of a field, or of a quantity with its index."""
        if name in self.names:
            if index is not None:
                raise self.error(node, f"{name} is one number: it takes no [{index}]")
            return name
        if name not in QUANTITIES:
            raise self.unknown(
                node, name, [*self.names, *(quantity.form for quantity in QUANTITIES.values())], "name"
            )
        written = name if index is None else f"{name}[{index}]"
        try:
            find_quantity(written)
        except UserError as error:
            raise self.error(node, str(error)) from None
        return written

    def index(self, node: ast.Subscript) -> int:
        match node.slice:
            case ast.Constant(value=int(index)) if type(index) is int and index < 10**9:
                return index
        raise self.error(node.slice, "in brackets stands a whole number: dead[2] is layer 2's")

    def unknown(self, node: ast.expr, name: str, known: Collection[str], what: str) -> ConditionError:
        hint = did_you_mean(name, known)
        return self.error(node, f"unknown {what} {name!r}{hint}; there are: {', '.join(known)}")

    def error(self, node: ast.expr, problem: str) -> ConditionError:
        before = self.text.encode()[: node.col_offset]  # ast counts bytes
        return ConditionError(self.text, len(before.decode()) + 1, problem)
