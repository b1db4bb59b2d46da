"""What a probe needs of a run, told from the preset: the engine judges by the run itself."""

from __future__ import annotations

from collections.abc import Callable

from engine.config import Preset
from engine.probes import NEEDS, PROBES

MET: dict[str, Callable[[Preset], bool]] = {
    "linear": lambda preset: all(layer.activation == "linear" for layer in preset.network.layers),
    "squared": lambda preset: preset.data.target != "label",
    "labels": lambda preset: preset.data.target == "label",
    "identity": lambda preset: preset.data.target == "input",
}


def unmet(probe: str, preset: Preset) -> str:
    """What a probe needs that this run has not, in words; empty where it has all."""
    return " and ".join(NEEDS[need][0] for need in PROBES[probe].needs if not MET[need](preset))
