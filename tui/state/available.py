"""What a probe or a quantity needs of a run, told from the preset: the engine judges by the run itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gradstep.engine.conditions.expression import Condition
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.errors import UserError
from gradstep.engine.probes.readings import READINGS
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
    """What a probe needs that this run has not, in words; empty where it has all."""
    return " and ".join(NEEDS[need][0] for need in PROBES[probe].needs if not MET[need](preset))


def check_measurable(quantities: Iterable[str], preset: Preset) -> None:
    """Raises UserError for a quantity that says nothing of a preset's runs, or of a layer that it has not."""
    count = len(preset.network.layers)
    for name in quantities:
        quantity, index = find_quantity(name)
        if missing := unmet(READINGS[quantity.name].probe, preset):
            raise UserError(f"{name} can't be measured here: it needs {missing}")
        if quantity.index in ("layer", "layers") and index is not None and not 1 <= index <= count:
            raise UserError(f"{name} can't be measured here: no layer {index}; there are 1 to {count}")


def recorded(state: RunState) -> Recorded:
    """Which fields of the run's records have a value, as far as that is known."""
    found, info = Recorded.of(state.preset), state.info
    return found if info is None else found.known(info.batches, info.validate_every)


def check_condition(condition: Condition, state: RunState) -> None:
    """Raises UserError for a condition that never has a value in the run."""
    recorded(state).check(condition)
    check_measurable(condition.quantities, state.preset)
