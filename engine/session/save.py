"""Saving: a session file is kept up to date with a running time line."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from gradstep.engine.conditions.breakpoints import Breakpoints
from gradstep.engine.config.files import to_toml
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.session.file import SessionFile, StoredBranch, delete_files, refuse_existing
from gradstep.engine.session.lock import lock, unlock
from gradstep.engine.session.state_bytes import state_to_bytes
from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.keyframes import least_missed
from gradstep.engine.timeline.timeline import Timeline

if TYPE_CHECKING:
    from filelock import FileLock

STATE_BYTES = 64_000_000
"""The most bytes of all states in one file."""
STATE_COUNT = 2000
"""The most states in one file: all are read when the session is opened."""
STATE_SHARE = 50
"""The pause between two saved states, in multiples of the time to save one: saving takes 2 % of a run."""


def environment(dataset: Dataset) -> dict[str, str]:
    """Return what must be equal for a re-execution to give the same bits."""
    return {
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "fingerprint": dataset.fingerprint,
    }


class Saver:
    """Writes new records, branches and states of a time line to a session file, which it locks.

    With a lock that is `held`, the file is appended to; without, it is made. Raises StoreError if the file
    can't be made, is in use, or can't be written; the lock is then released.
    """

    def __init__(
        self,
        path: Path,
        timeline: Timeline,
        breakpoints: Breakpoints,
        dataset: Dataset,
        held: FileLock | None = None,
        *,
        state_bytes: int = STATE_BYTES,
        state_count: int = STATE_COUNT,
    ) -> None:
        resumed = held is not None
        self.path = path
        self._breakpoints = breakpoints
        self._timeline = timeline
        self._most_bytes, self._most_states = state_bytes, state_count
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
        """Write everything new. After a StoreError, the next call writes it."""
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
        """Write the current state, unless a step was left in the middle. Resuming then is instant."""
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
        """Set the session's name in the list of sessions."""
        with self._file.transaction():
            self._file.put_meta(name=name)

    def close(self) -> None:
        """Write everything new and release the file, in any case. Raises StoreError if a write failed."""
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
        """Delete states until their bytes and number are within limits. Each branch's newest stays."""
        sizes = self._file.keyframe_sizes()
        while sum(size for _, _, size in sizes) > self._most_bytes or len(sizes) > self._most_states:
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


def _stored(branch: Branch) -> StoredBranch:
    return StoredBranch(
        branch.number,
        branch.name,
        branch.parent,
        branch.fork,
        [(position, to_toml(preset)) for position, preset in branch.configs],
        branch.changes,
    )
