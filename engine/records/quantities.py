"""Quantities: numbers read from the network itself, by the names that conditions use.

`dead[2]` is layer 2's share of dead units, `sharpness` the Hessian's largest eigenvalue. A preset's
`[measure]` or a condition asks for them, since most cost more than a step. How each one is computed is in
`probes/readings.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gradstep.engine.errors import UserError, meant

_NAMED = re.compile(r"([a-z_]+)(?:\[(\d{1,9})\])?")
Index = Literal["layer", "layers", "sample"]
_NEEDS_NO_INDEX = (None, "layers")


@dataclass(frozen=True)
class Quantity:
    """A number that a probe finds, by its name."""

    name: str
    says: str
    """A line for a list."""
    index: Index | None = None
    """The number in brackets: a layer from 1 on, a sample from 0 on, or none. "layers": a layer, or without
    one the largest of all."""
    count: bool = False
    """Whether it is a whole number."""

    @property
    def form(self) -> str:
        """The form in conditions: `sharpness`, `rank[layer]`."""
        return self.name if self.index in _NEEDS_NO_INDEX else f"{self.name}[{self.index}]"


QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "sharpness",
            "λmax of the training loss's Hessian, as the rule feels it: P⁻¹H's for adaptive rules",
        ),
        Quantity("stability_limit", "what the sharpness has to stay below: 2/η and its like"),
        Quantity("lambda_min", "the smallest eigenvalue of the training loss's Hessian"),
        Quantity("lambda_max", "the largest eigenvalue of the training loss's Hessian"),
        Quantity("silent", "share of a layer's units that fire on no sample of the batch", "layers"),
        Quantity("dead", "share of a layer's units that fire on no training sample", "layers"),
        Quantity(
            "distinct", "units of a layer that differ in what comes in or goes out", "layer", count=True
        ),
        Quantity("rank", "rank of a layer's weights", "layer", count=True),
        Quantity("different_weights", "different numbers among a layer's weights", "layer", count=True),
        Quantity(
            "update_ratio", "‖update‖ / ‖parameters‖ of a layer, of the update that comes next", "layer"
        ),
        Quantity("train_loss", "the loss on the whole training set, where the batch is a part of it"),
        Quantity("train_mistakes", "mistakes on the whole training set", count=True),
        Quantity("case_loss", "the loss of one training sample", "sample"),
        Quantity(
            "data_rank",
            "rank of a linear net's data: directions of the weights that the loss depends on",
            count=True,
        ),
        Quantity("condition", "λmax/λmin of a linear net's Hessian on the directions that exist"),
        Quantity("naive_condition", "what cond(XᵀX) says in float64, rounding noise included"),
        Quantity(
            "collapse_difference", "largest difference between linear layers' outputs and their product's"
        ),
        Quantity("error_on_data", "largest |f(x) − x| over the training inputs"),
        Quantity(
            "error_on_interval",
            "largest |f(x) − x| over the inputs' interval; the largest found, for several layers",
        ),
    )
}


def find_quantity(name: str) -> tuple[Quantity, int | None]:
    """Return quantity and index of a name such as `dead[2]`. Raises UserError with the allowed names."""
    found = _NAMED.fullmatch(name)
    word = found[1] if found else name
    if found is None or word not in QUANTITIES:
        there = ", ".join(each.form for each in QUANTITIES.values())
        given = f"[{found[2]}]" if found and found[2] else ""
        fit = [q.name for q in QUANTITIES.values() if (q.index if given else q.index in _NEEDS_NO_INDEX)]
        near = meant(word, fit)
        hint = f"; did you mean {near + given!r}?" if near else ""
        raise UserError(f"unknown quantity {name!r}; there are: {there}{hint}")
    quantity, index = QUANTITIES[word], None if found[2] is None else int(found[2])
    if quantity.index is None and index is not None:
        raise UserError(f"{word} is one number: it takes no [{index}]")
    if quantity.index in ("layer", "sample") and index is None:
        raise UserError(f"{word} is of one {quantity.index}: write {quantity.form}, such as {word}[1]")
    return quantity, index
