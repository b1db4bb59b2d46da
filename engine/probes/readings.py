"""The readings of quantities: which probe finds each one, and where its result holds the number. No torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradstep.engine.errors import UserError
from gradstep.engine.probes.results import (
    CurvatureResult,
    LayerReport,
    LayersResult,
    SamplesResult,
    StepResult,
)


@dataclass(frozen=True)
class Reading:
    """A probe with its options, and how a quantity is read from its result."""

    probe: str
    read: Callable[[Any, int | None], float]
    """Map (the probe's result, the index in brackets) to the number. Raises UserError if it has none."""
    options: Mapping[str, Any] = field(default_factory=dict)


def _layer(result: LayersResult | StepResult, number: int | None) -> Any:
    layers = result.layers
    if not 1 <= (number or 0) <= len(layers):
        raise UserError(f"no layer {number}; there are 1 to {len(layers)}")
    return layers[(number or 0) - 1]


def _share(which: str) -> Callable[[LayersResult, int | None], float]:
    """Return the reading of a layer's share of units that are `which`; the largest without an index."""

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


def _case_loss(result: SamplesResult, number: int | None) -> float:
    if not 0 <= (number or 0) < len(result.losses):
        raise UserError(f"no sample {number}; there are 0 to {len(result.losses) - 1}")
    return float(result.losses[number or 0])


READINGS = {
    "sharpness": Reading("curvature", lambda result, _index: float(result.measured), {"smallest": False}),
    "stability_limit": Reading("curvature", _stability_limit, {"smallest": False}),
    "lambda_min": Reading("curvature", lambda result, _index: _number(result.smallest)),
    "lambda_max": Reading("curvature", lambda result, _index: float(result.sharpness), {"smallest": False}),
    "silent": Reading("layers", _share("silent")),
    "dead": Reading("layers", _share("dead"), {"whole": True}),
    "distinct": Reading("layers", lambda result, number: float(_layer(result, number).distinct)),
    "rank": Reading("layers", lambda result, number: _number(_layer(result, number).rank), {"ranks": True}),
    "different_weights": Reading(
        "layers", lambda result, number: _number(_layer(result, number).different_weights), {"ranks": True}
    ),
    "update_ratio": Reading("step", lambda result, number: float(_layer(result, number).ratio)),
    "train_loss": Reading("samples", lambda result, _index: float(result.losses.mean()), {"worst": 0}),
    "train_mistakes": Reading("samples", lambda result, _index: float(result.mistakes), {"worst": 0}),
    "case_loss": Reading("samples", _case_loss, {"worst": 0}),
    "data_rank": Reading("spectrum", lambda result, _index: float(result.rank)),
    "condition": Reading("spectrum", lambda result, _index: float(result.condition)),
    "naive_condition": Reading("spectrum", lambda result, _index: float(result.naive_condition)),
    "collapse_difference": Reading("spectrum", lambda result, _index: float(result.collapse_difference)),
    "error_on_data": Reading("function", lambda result, _index: float(result.on_data.max())),
    "error_on_interval": Reading("function", lambda result, _index: float(result.on_interval.max())),
}
"""By the names of `QUANTITIES`."""
