"""The config in a session file: what a front end can show of a saved run before torch is there."""

from __future__ import annotations

from pathlib import Path

from gradstep.engine.config.files import parse_preset
from gradstep.engine.config.preset import Preset
from gradstep.engine.session.file import SessionFile, StoreError


def read_saved_preset(path: Path) -> Preset:
    """The config that the run in a file began with. Raises StoreError or ConfigError if it is damaged."""
    file = SessionFile(path, read_only=True)
    try:
        return saved_preset(file)
    finally:
        file.close()


def saved_preset(file: SessionFile) -> Preset:
    """The config that a saved run began with. Raises StoreError if the file is damaged."""
    branches = file.branches()
    if not branches or branches[0].number != 0 or not branches[0].configs:
        raise StoreError(f"{file.path}: the file is damaged: it has no run")
    preset = preset_from_file(file, branches[0].configs[0][1])
    if preset.train.threads == "auto" or preset.train.device == "auto":
        raise StoreError(f"{file.path}: the file is damaged: it does not say what the run used")
    return preset


def preset_from_file(file: SessionFile, toml: str) -> Preset:
    """A config as a session file holds it. Raises StoreError or ConfigError."""
    try:
        return parse_preset(toml, name=file.meta().get("preset", ""), source=str(file.path))
    except RecursionError:
        raise StoreError(f"{file.path}: the file is damaged: a config is none") from None
