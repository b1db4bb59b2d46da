"""The engine: everything that computes. It imports no screen.

A name is imported when it is first used, so that the config can be read without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gradstep.engine.training.threads import spin_shortly

if TYPE_CHECKING:
    from gradstep.engine.config.errors import ConfigError
    from gradstep.engine.config.files import load_preset, preset_names
    from gradstep.engine.config.preset import Preset
    from gradstep.engine.errors import UserError
    from gradstep.engine.records.history import History
    from gradstep.engine.records.record import Record
    from gradstep.engine.session.session import Session

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
    "ConfigError": "gradstep.engine.config.errors",
    "History": "gradstep.engine.records.history",
    "Preset": "gradstep.engine.config.preset",
    "Record": "gradstep.engine.records.record",
    "Session": "gradstep.engine.session.session",
    "UserError": "gradstep.engine.errors",
    "load_preset": "gradstep.engine.config.files",
    "preset_names": "gradstep.engine.config.files",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gradstep' has no attribute {name!r}")
