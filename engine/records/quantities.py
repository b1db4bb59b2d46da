"""Quantities of a state beyond its record: what a probe finds as one number, with a name for conditions.

`dead[2]` is layer 2's share of dead units, `sharpness` the Hessian's largest eigenvalue. They are measured
where a run is told to (a preset's `[measure]`, a breakpoint's condition), since most cost more than a step.
Imports no torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gradstep.engine.errors import UserError, meant

if TYPE_CHECKING:
    from gradstep.engine.probes.results import (
        CurvatureResult,
        LayerReport,
        LayersResult,
        SamplesResult,
        SpectrumResult,
        StepResult,
    )

_NAMED = re.compile(r"([a-z_]+)(?:\[(\d{1,9})\])?")
Index = Literal["layer", "layers", "sample"]
_NEEDS_NO_INDEX = (None, "layers")


@dataclass(frozen=True)
class Quantity:
    """A number that a probe's result holds."""

    name: str
    says: str
    """One line for a list."""
    probe: str
    read: Callable[[Any, int | None], float]
    """(the probe's result, index) → the number."""
    index: Index | None = None
    """What stands in brackets: a layer from 1 on ("layers": without one, the largest of all), a sample from
    0 on, or nothing."""
    options: Mapping[str, Any] = field(default_factory=dict)
    count: bool = False
    """Whether it is a whole number."""


def _layer(result: LayersResult | StepResult, number: int | None) -> Any:
    layers = result.layers
    if not 1 <= (number or 0) <= len(layers):
        raise UserError(f"no layer {number}; there are 1 to {len(layers)}")
    return layers[(number or 0) - 1]


def _share(which: str) -> Callable[[LayersResult, int | None], float]:
    """The share of a layer's units that are `which`; NaN where its activation knows no firing."""

    def read(result: LayersResult, number: int | None) -> float:
        reports: list[LayerReport] = list(result.layers) if number is None else [_layer(result, number)]
        found = [(getattr(report, which), report.units) for report in reports]
        shares = [len(units) / count for units, count in found if units is not None]
        if not shares:
            where = "no layer" if number is None else f"layer {number}: not one"
            raise UserError(f"{where} whose units fire or not: that needs relu or leaky_relu")
        return max(shares)

    return read


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _stability_limit(result: CurvatureResult, _index: int | None) -> float:
    if result.threshold is None:
        raise UserError("the rule finds its own step length: there is no limit of stability")
    return result.threshold


def _spectrum(read: Callable[[SpectrumResult], float]) -> Callable[[SpectrumResult, int | None], float]:
    return lambda result, _index: float(read(result))


def _case_loss(result: SamplesResult, number: int | None) -> float:
    if not 0 <= (number or 0) < len(result.losses):
        raise UserError(f"no sample {number}; there are 0 to {len(result.losses) - 1}")
    return float(result.losses[number or 0])


QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "sharpness",
            "λmax of the training loss's Hessian, as the rule feels it: P⁻¹H's for adaptive rules",
            "curvature",
            lambda result, _index: float(result.measured),
            options={"smallest": False},
        ),
        Quantity(
            "stability_limit",
            "what the sharpness has to stay below: 2/η and its like",
            "curvature",
            _stability_limit,
            options={"smallest": False},
        ),
        Quantity(
            "lambda_min",
            "the smallest eigenvalue of the training loss's Hessian",
            "curvature",
            lambda result, _index: _number(result.smallest),
        ),
        Quantity(
            "lambda_max",
            "the largest eigenvalue of the training loss's Hessian",
            "curvature",
            lambda result, _index: float(result.sharpness),
            options={"smallest": False},
        ),
        Quantity(
            "silent",
            "share of a layer's units that fire on no sample of the batch",
            "layers",
            _share("silent"),
            "layers",
        ),
        Quantity(
            "dead",
            "share of a layer's units that fire on no training sample",
            "layers",
            _share("dead"),
            "layers",
            {"whole": True},
        ),
        Quantity(
            "distinct",
            "units of a layer that differ in what comes in or goes out",
            "layers",
            lambda result, number: float(_layer(result, number).distinct),
            "layer",
            count=True,
        ),
        Quantity(
            "rank",
            "rank of a layer's weights",
            "layers",
            lambda result, number: _number(_layer(result, number).rank),
            "layer",
            {"ranks": True},
            count=True,
        ),
        Quantity(
            "different_weights",
            "different numbers among a layer's weights",
            "layers",
            lambda result, number: _number(_layer(result, number).different_weights),
            "layer",
            {"ranks": True},
            count=True,
        ),
        Quantity(
            "update_ratio",
            "‖update‖ / ‖parameters‖ of a layer, of the update that comes next",
            "step",
            lambda result, number: float(_layer(result, number).ratio),
            "layer",
        ),
        Quantity(
            "train_loss",
            "the loss on the whole training set, where the batch is a part of it",
            "samples",
            lambda result, _index: float(result.losses.mean()),
            options={"worst": 0},
        ),
        Quantity(
            "train_mistakes",
            "mistakes on the whole training set",
            "samples",
            lambda result, _index: float(result.mistakes),
            options={"worst": 0},
            count=True,
        ),
        Quantity(
            "case_loss",
            "the loss of one training sample",
            "samples",
            _case_loss,
            "sample",
            {"worst": 0},
        ),
        Quantity(
            "data_rank",
            "rank of a linear net's data: directions of the weights that the loss depends on",
            "spectrum",
            _spectrum(lambda result: result.rank),
            count=True,
        ),
        Quantity(
            "condition",
            "λmax/λmin of a linear net's Hessian on the directions that exist",
            "spectrum",
            _spectrum(lambda result: result.condition),
        ),
        Quantity(
            "naive_condition",
            "what cond(XᵀX) says in float64, rounding noise included",
            "spectrum",
            _spectrum(lambda result: result.naive_condition),
        ),
        Quantity(
            "collapse_difference",
            "largest difference between linear layers' outputs and their product's",
            "spectrum",
            _spectrum(lambda result: result.collapse_difference),
        ),
        Quantity(
            "error_on_data",
            "largest |f(x) − x| over the training inputs",
            "function",
            lambda result, _index: float(result.on_data.max()),
        ),
        Quantity(
            "error_on_interval",
            "largest |f(x) − x| over the inputs' interval; the largest found, for several layers",
            "function",
            lambda result, _index: float(result.on_interval.max()),
        ),
    )
}


def find_quantity(name: str) -> tuple[Quantity, int | None]:
    """The quantity of a name such as `dead[2]`, and the index. Raises UserError saying what is allowed."""
    found = _NAMED.fullmatch(name)
    word = found[1] if found else name
    if found is None or word not in QUANTITIES:
        there = ", ".join(map(form, QUANTITIES.values()))
        given = f"[{found[2]}]" if found and found[2] else ""
        fit = [q.name for q in QUANTITIES.values() if (q.index if given else q.index in _NEEDS_NO_INDEX)]
        near = meant(word, fit)
        hint = f"; did you mean {near + given!r}?" if near else ""
        raise UserError(f"unknown quantity {name!r}; there are: {there}{hint}")
    quantity, index = QUANTITIES[word], None if found[2] is None else int(found[2])
    if quantity.index is None and index is not None:
        raise UserError(f"{word} is one number: it takes no [{index}]")
    if quantity.index in ("layer", "sample") and index is None:
        raise UserError(f"{word} is of one {quantity.index}: write {form(quantity)}, such as {word}[1]")
    return quantity, index


def form(quantity: Quantity) -> str:
    """How a quantity is written."""
    return quantity.name if quantity.index in _NEEDS_NO_INDEX else f"{quantity.name}[{quantity.index}]"
