"""Keeps a session file up with a running time line, and brings a time line back from one."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import torch

from gradstep.engine.conditions.breakpoints import Breakpoint, Breakpoints
from gradstep.engine.config.files import to_toml
from gradstep.engine.config.preset import Preset
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.session.file import SessionFile, StoredBranch, StoreError, delete_files, refuse_existing
from gradstep.engine.session.lock import lock, unlock
from gradstep.engine.session.saved_preset import preset_from_file
from gradstep.engine.session.state_bytes import state_from_bytes, state_to_bytes
from gradstep.engine.session.stored_history import read_history
from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.keyframes import Keyframes, least_missed
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.state import State
from gradstep.engine.training.trainer import Trainer

STATE_BYTES = 64_000_000
"""What the states in one file may take together."""
STATE_COUNT = 2000
"""How many there are at most; they are all read when the session is opened."""
STATE_SHARE = 50
"""A state is saved when at least so many times what that took have passed: 2 % of a run."""


def environment(dataset: Dataset) -> dict[str, str]:
    """What must be the same for a re-execution to give the same bits."""
    return {
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "fingerprint": dataset.fingerprint,
    }


class Saver:
    """Writes what is new of a time line to a session file that is its alone while it is open.

    With a lock that is `held` on it, the file is gone on with; without, it is made. Raises StoreError where
    it can't be made, is in use, or can't be written; the lock is then given up.
    """

    def __init__(
        self,
        path: Path,
        timeline: Timeline,
        breakpoints: Breakpoints,
        dataset: Dataset,
        held: int | None = None,
    ) -> None:
        resumed = held is not None
        self.path = path
        self._breakpoints = breakpoints
        self._timeline = timeline
        self._revision = -1
        self._state_saved = 0.0
        self._state_cost = 0.0
        self._whole = not resumed
        self._measured = {
            number: len(branch.history.measured) if resumed else 0
            for number, branch in timeline.branches.items()
        }
        self._lock = lock(path) if held is None else held
        try:
            if not resumed:
                refuse_existing(path)
            try:
                self._file = SessionFile(path, create=not resumed)
                if resumed:
                    self._file.check_writable()
                else:
                    self._begin(timeline, dataset)
            except BaseException:
                if not resumed:
                    delete_files(path)
                raise
        except BaseException:
            unlock(path, self._lock)
            raise

    def flush(self) -> None:
        """Write what has come since the last time. Raises StoreError, and loses nothing for the next."""
        timeline = self._timeline
        histories = [branch.history for branch in timeline.branches.values()]
        with self._file.transaction():
            if self._revision != timeline.branches.revision:
                self._file.put_branches([_stored(branch) for branch in timeline.branches.values()])
            for branch in timeline.branches.values():
                first = branch.fork if self._whole else branch.history.unsaved()
                if len(rows := branch.history.rows(first)):
                    self._file.put_rows(branch.number, first, rows)
                for values in branch.history.measured.since(self._measured.get(branch.number, 0)):
                    self._file.put_measured(branch.number, values)
            self._file.put_meta(
                branch=str(timeline.branch.number),
                position=str(timeline.position),
                saved=str(time.time()),
                breakpoints=json.dumps([asdict(point) for point in self._breakpoints]),
            )
        for history in histories:
            history.mark_saved()
        self._measured = {number: len(b.history.measured) for number, b in timeline.branches.items()}
        self._whole = False
        self._revision = timeline.branches.revision
        if time.monotonic() - self._state_saved > STATE_SHARE * self._state_cost:
            self.save_state()

    def save_state(self) -> None:
        """Write the present state, so that resuming needs to re-execute nothing; not one of no position."""
        if self._timeline.amid:
            return
        started = time.monotonic()
        timeline = self._timeline
        owner = timeline.owner(timeline.position)
        with self._file.transaction():
            state = state_to_bytes(timeline.trainer.snapshot())
            self._file.put_keyframe(owner.number, timeline.position, state)
            self._thin()
        self._state_saved = time.monotonic()
        self._state_cost = self._state_saved - started

    def rename(self, name: str) -> None:
        """Give the session a name that its list shows."""
        with self._file.transaction():
            self._file.put_meta(name=name)

    def close(self) -> None:
        """Write what is left and give the file up. Raises StoreError after that if not all was written."""
        try:
            self.flush()
            self.save_state()
        finally:
            self._file.close()
            unlock(self.path, self._lock)

    def _begin(self, timeline: Timeline, dataset: Dataset) -> None:
        root = timeline.branches[0].configs[0][1]
        with self._file.transaction():
            self._file.put_meta(
                title=root.title,
                preset=root.name,
                name="",
                created=str(time.time()),
                data=dataset.description,
                batches=str(timeline.branch.history.batches),
                **environment(dataset),
            )

    def _thin(self) -> None:
        """Keep the stored states within their bytes and number; each branch's newest stays."""
        sizes = self._file.keyframe_sizes()
        while sum(size for _, _, size in sizes) > STATE_BYTES or len(sizes) > STATE_COUNT:
            branch = max(
                {b for b, _, _ in sizes}, key=lambda b: sum(1 for other, _, _ in sizes if other == b)
            )
            positions = [position for other, position, _ in sizes if other == branch]
            if len(positions) < 3:
                return
            length = len(self._timeline.branches[branch].history)
            victim = positions[least_missed(positions[:-1], length, length)]
            self._file.drop_keyframe(branch, victim)
            sizes = [entry for entry in sizes if entry[:2] != (branch, victim)]


def differences(file: SessionFile, dataset: Dataset) -> list[str]:
    """Why a re-execution here may give other bits than the file has, in words. Raises StoreError where the
    data is another, so that there is nothing to re-execute on."""
    saved, here = file.meta(), environment(dataset)
    if saved.get("fingerprint") != here["fingerprint"]:
        raise StoreError(
            f"{file.path}: recorded on other data ({saved.get('data', 'unknown')}) than is here "
            f"({dataset.description}); its records can be had with `gradstep export`"
        )
    return [
        f"recorded with {what} {saved.get(key, 'unknown')}, here is {here[key]}"
        for key, what in (("torch", "torch"), ("capability", "processor capability"))
        if saved.get(key) != here[key]
    ]


def load_timeline(file: SessionFile, trainer: Trainer, preset: Preset) -> Timeline:
    """The saved run, at the position where it was left. Raises StoreError if the file is damaged."""
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
        raise StoreError(f"{file.path}: the file is damaged: it does not say where the run stands") from None
    timeline.resume(list(branches.values()), number, position)
    return timeline


def _state(file: SessionFile, branch: int, position: int, trainer: Trainer) -> State:
    try:
        return state_from_bytes(file.keyframe(branch, position), position, trainer)
    except StoreError:
        raise
    except UserError as error:
        raise StoreError(f"{file.path}: the file is damaged: {error}") from None


def load_breakpoints(file: SessionFile) -> Breakpoints:
    """The saved breakpoints. Raises StoreError if the file is damaged."""
    try:
        stored = json.loads(file.meta().get("breakpoints", "[]"))
        return Breakpoints([Breakpoint(**point) for point in stored])
    except (ValueError, TypeError, AttributeError, UserError):
        raise StoreError(f"{file.path}: the file is damaged: its breakpoints are none") from None


def _stored(branch: Branch) -> StoredBranch:
    return StoredBranch(
        branch.number,
        branch.name,
        branch.parent,
        branch.fork,
        [(position, to_toml(preset)) for position, preset in branch.configs],
        branch.changes,
    )
