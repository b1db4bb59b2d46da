"""The choice of charts: fields of the record, and quantities to measure for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradstep.engine.errors import UserError, did_you_mean
from gradstep.engine.records.quantities import QUANTITIES, find_quantity
from gradstep.engine.records.record import FIELDS

AT_MOST = 2
"""The most charts at a time."""
EVERY = 10
"""Steps between two measurements of a charted quantity."""
BESIDE = {
    "loss": "val_loss",
    "epoch_loss": "val_loss",
    "accuracy": "val_accuracy",
    "mape": "val_mape",
    "sharpness": "stability_limit",
}
"""Fields and quantities drawn in the same chart: on the validation set, or a limit."""


def parse_watched(answer: str) -> tuple[str, ...]:
    """Return the names in a text such as `loss, sharpness`.

    Raises UserError unless there are 1 to AT_MOST names, all known.
    """
    names = tuple(dict.fromkeys(name.strip() for name in answer.split(",") if name.strip()))
    if not 1 <= len(names) <= AT_MOST:
        raise UserError(f"given {len(names)} names; allowed: 1 to {AT_MOST}, such as loss, sharpness")
    for name in names:
        word = name.partition("[")[0]
        if word in QUANTITIES:
            find_quantity(name)
        elif name not in FIELDS:
            raise UserError(f"there is no {name!r}{did_you_mean(word, [*FIELDS, *QUANTITIES])}")
    return names


def to_measure(names: Sequence[str]) -> Iterator[str]:
    """Yield the quantities among the names, and the quantities drawn beside them."""
    for name in names:
        for drawn in (name, BESIDE.get(name)):
            if drawn is not None and drawn not in FIELDS:
                yield drawn


def suggestions(shown: Sequence[str], typed: str) -> list[tuple[str, str]]:
    """Return answers to choose from, each with its meaning.

    The first name is the one typed before the comma, or the first of `shown`. The second contains the last
    typed word, in its name or its meaning.
    """
    before, _, word = typed.rpartition(",")
    first, word = before.strip() or shown[0], word.strip().lower()
    fields = [(name, "") for name in FIELDS if name not in (first, "step")]
    quantities = [
        (quantity.form.replace("[layer]", "[1]").replace("[sample]", "[0]"), quantity.says)
        for quantity in QUANTITIES.values()
        if quantity.name != first
    ]
    return [
        (f"{first}, {name}", says)
        for name, says in fields + quantities
        if word in name.lower() or word in says.lower()
    ]
