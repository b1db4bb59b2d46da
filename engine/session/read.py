"""The config and the records in a session file, for front ends without torch."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from gradstep.engine.config.files import parse_preset
from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.engine.records.history import History
from gradstep.engine.records.quantities import find_quantity
from gradstep.engine.session.file import SessionFile, StoredBranch


def read_saved_preset(path: Path) -> Preset:
    """Return the config that the run in a file began with. Raises StoreError or ConfigError."""
    with closing(SessionFile(path, read_only=True)) as file:
        return saved_preset(file)


def saved_preset(file: SessionFile) -> Preset:
    """Return the config that a saved run began with. Raises StoreError or ConfigError for a damaged file."""
    branches = file.branches()
    if not branches or branches[0].number != 0 or not branches[0].configs:
        raise file.damaged("it has no run")
    preset = preset_from_file(file, branches[0].configs[0][1])
    if preset.train.threads == "auto" or preset.train.device == "auto":
        raise file.damaged("it does not say what the run used")
    return preset


def preset_from_file(file: SessionFile, toml: str) -> Preset:
    """Parse a config of a session file. Raises StoreError or ConfigError."""
    try:
        return parse_preset(toml, name=file.meta().get("preset", ""), source=str(file.path))
    except RecursionError:
        raise file.damaged("a config is none") from None


def read_history(file: SessionFile, stored: StoredBranch, parent: History | None, batches: int) -> History:
    """Return a branch's records and measured values, on top of its parent's; `batches` make an epoch.

    Raises StoreError if the file is damaged, or the branch does not fit on its parent.
    """
    if (parent is None) != (stored.number == 0):
        raise file.damaged(f"branch {stored.number} has no parent")
    if not (parent.inherited <= stored.fork < len(parent) if parent is not None else stored.fork == 0):
        raise file.damaged(f"branch {stored.number} begins nowhere")
    history = History(batches, parent, stored.fork)
    history.extend(file.rows(stored.number, stored.fork))
    if len(history) == stored.fork:
        raise file.damaged(f"branch {stored.number} has no records")
    history.mark_saved()
    for name, positions, values in file.measured(stored.number):
        try:
            find_quantity(name)
        except UserError as error:
            raise file.damaged(str(error)) from None
        if not ((positions >= stored.fork) & (positions < len(history))).all():
            raise file.damaged(f"{name!r} was measured nowhere")
        for position, value in zip(positions.tolist(), values.tolist(), strict=True):
            history.measured.put(name, position, value)
    return history
