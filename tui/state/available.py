"""Probes, quantities and conditions that apply to a run, as far as its preset tells.

The engine decides by the run itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gradstep.engine.conditions.expression import Condition
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.errors import UserError
from gradstep.engine.probes.registry import NEEDS, PROBES
from gradstep.engine.records.quantities import find_quantity
from gradstep.tui.state.run import RunState

MET: dict[str, Callable[[Preset], bool]] = {
    "linear": lambda preset: all(layer.activation == "linear" for layer in preset.network.layers),
    "squared": lambda preset: preset.data.target != "label",
    "labels": lambda preset: preset.data.target == "label",
    "identity": lambda preset: preset.data.target == "input",
}


def unmet(probe: str, preset: Preset) -> str:
    """Return the needs of a probe that a preset does not meet, in words; "" if it meets all."""
    return " and ".join(NEEDS[need][0] for need in PROBES[probe].needs if not MET[need](preset))


def check_measurable(quantities: Iterable[str], preset: Preset) -> None:
    """Raise UserError for a quantity that a preset cannot measure, or of a missing layer."""
    count = len(preset.network.layers)
    for name in quantities:
        quantity, index = find_quantity(name)
        if missing := unmet(quantity.probe, preset):
            raise UserError(f"{name} can't be measured here: it needs {missing}")
        if quantity.index in ("layer", "layers") and index is not None and not 1 <= index <= count:
            raise UserError(f"{name} can't be measured here: no layer {index}; there are 1 to {count}")


def recorded(state: RunState) -> Recorded:
    """Return which fields of the run's records have a value, as far as that is known."""
    found, info = Recorded.of(state.preset), state.info
    return found if info is None else found.known(info.batches, info.validate_every)


def check_condition(condition: Condition, state: RunState) -> None:
    """Raise UserError for a condition that never has a value in the run."""
    recorded(state).check(condition)
    check_measurable(condition.quantities, state.preset)
