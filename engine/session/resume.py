"""Resuming: the time line and the breakpoints of a session file, on the data that they were recorded on."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from gradstep.engine.conditions.breakpoints import Breakpoint, Breakpoints
from gradstep.engine.config.preset import Preset
from gradstep.engine.data import load as data
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.session.begin import make_trainer
from gradstep.engine.session.file import SessionFile, StoreError
from gradstep.engine.session.read import preset_from_file, read_history, saved_preset
from gradstep.engine.session.save import environment
from gradstep.engine.session.state_bytes import state_from_bytes
from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.keyframes import Keyframes
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.state import State
from gradstep.engine.training.trainer import Trainer


class SavedRun(NamedTuple):
    """A run read from a session file, at the position where it was left."""

    dataset: Dataset
    timeline: Timeline
    breakpoints: Breakpoints
    differences: list[str]
    """Why a re-execution on this machine may give other bits, in words."""


def load_run(path: Path, data_dir: Path | None, say: Callable[[str], None]) -> SavedRun:
    """Read a session file and restore the position where the run was left.

    `say` is called with a text before each part that may take long. Raises StoreError if the file is
    damaged, or recorded on other data.
    """
    with closing(SessionFile(path, read_only=True)) as file:
        preset = saved_preset(file)
        dataset = data.load(preset.data, preset.train.dtype, data_dir, say)
        differing = [f"{path}: {text}" for text in _differences(file, dataset)]
        say("Going back to where the run was left")
        timeline = _load_timeline(file, make_trainer(preset, dataset), preset)
        return SavedRun(dataset, timeline, _load_breakpoints(file), differing)


def _differences(file: SessionFile, dataset: Dataset) -> list[str]:
    """Return why a re-execution here may give other bits. Raises StoreError if the data differs."""
    saved, here = file.meta(), environment(dataset)
    if saved.get("fingerprint") != here["fingerprint"]:
        raise StoreError(
            f"recorded on other data ({saved.get('data', 'unknown')}) than is here ({dataset.description}): "
            f"{file.path}; `gradstep export` writes its records"
        )
    return [
        f"recorded with {what} {saved.get(key, 'unknown')}, here is {here[key]}"
        for key, what in (("torch", "torch"), ("capability", "processor capability"))
        if saved.get(key) != here[key]
    ]


def _load_timeline(file: SessionFile, trainer: Trainer, preset: Preset) -> Timeline:
    """Return the saved run at the position where it was left. Raises StoreError if the file is damaged."""
    timeline = Timeline(trainer, preset)
    branches: dict[int, Branch] = {}
    with file.snapshot():
        meta = file.meta()
        for stored in file.branches():
            parent = branches.get(stored.parent) if stored.parent is not None else None
            above = parent.history if parent is not None else None
            history = read_history(file, stored, above, trainer.batches.count)
            branches[stored.number] = Branch(
                stored.number,
                stored.name,
                stored.parent,
                stored.fork,
                history,
                Keyframes(0),
                [(position, preset_from_file(file, toml)) for position, toml in stored.configs],
                stored.changes,
            )
        for number, position, _ in file.keyframe_sizes():
            if number in branches and branches[number].fork <= position < len(branches[number].history):
                branches[number].keyframes.pin(_state(file, number, position, trainer))
    try:
        number, position = int(meta["branch"]), int(meta["position"])
        position = max(0, min(position, branches[number].tip))
    except (KeyError, ValueError, TypeError):
        raise file.damaged("it does not say where the run stands") from None
    timeline.resume(list(branches.values()), number, position)
    return timeline


def _state(file: SessionFile, branch: int, position: int, trainer: Trainer) -> State:
    try:
        return state_from_bytes(file.keyframe(branch, position), position, trainer)
    except StoreError:
        raise
    except UserError as error:
        raise file.damaged(str(error)) from None


def _load_breakpoints(file: SessionFile) -> Breakpoints:
    """Return the saved breakpoints. Raises StoreError if the file is damaged."""
    try:
        stored = json.loads(file.meta().get("breakpoints", "[]"))
        return Breakpoints([Breakpoint(**point) for point in stored])
    except (ValueError, TypeError, AttributeError, UserError):
        raise file.damaged("its breakpoints are none") from None
