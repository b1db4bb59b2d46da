"""gradstep's engine: the numbers. It knows no screen.

The names are resolved when first used, so that `engine.config` is to be had without importing torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from engine.openmp import spin_shortly

if TYPE_CHECKING:
    from engine.config import Preset
    from engine.errors import UserError
    from engine.history import History, Record
    from engine.presets import load_preset, preset_names
    from engine.problems import ConfigError
    from engine.session import Session

__all__ = [
    "ConfigError",
    "History",
    "Preset",
    "Record",
    "Session",
    "UserError",
    "load_preset",
    "preset_names",
]

spin_shortly()

_HOMES = {
    "ConfigError": "engine.problems",
    "History": "engine.history",
    "Preset": "engine.config",
    "Record": "engine.history",
    "Session": "engine.session",
    "UserError": "engine.errors",
    "load_preset": "engine.presets",
    "preset_names": "engine.presets",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
