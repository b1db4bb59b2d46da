"""The screen's checks that a probe, a quantity or a field applies to the run."""

from __future__ import annotations

from collections.abc import Iterable

from gradstep.engine.conditions.expression import Condition
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.errors import UserError
from gradstep.engine.probes.readings import READINGS
from gradstep.engine.records.quantities import find_quantity
from gradstep.tui.state.run import RunState


def unmet(probe: str, state: RunState) -> str:
    """Return why a probe does not apply, "needs …"; "" if it does, or before the run is open."""
    reason = None if state.info is None else state.info.available[probe]
    return reason or ""


def check_measurable(quantities: Iterable[str], state: RunState) -> None:
    """Raise UserError for a quantity that does not apply to the run, or of a missing layer."""
    if state.info is None:
        return
    count = len(state.info.layers)
    for name in quantities:
        quantity, index = find_quantity(name)
        if reason := unmet(READINGS[quantity.name].probe, state):
            raise UserError(f"{name} can't be measured here: it {reason}")
        if quantity.index in ("layer", "layers") and index is not None and not 1 <= index <= count:
            raise UserError(f"{name} can't be measured here: no layer {index}; there are 1 to {count}")


def recorded(state: RunState) -> Recorded:
    """Return the facts that decide which fields of the run's records have values, as far as known."""
    found, info = Recorded.of(state.preset), state.info
    return found if info is None else found.known(info.batches, info.validate_every)


def check_condition(condition: Condition, state: RunState) -> None:
    """Raise UserError for a condition that never has a value in the run."""
    recorded(state).check(condition)
    check_measurable(condition.quantities, state)
