"""The time line of a run: its positions, walked in both directions and along its branches, bit for bit."""

from __future__ import annotations

import bisect
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from gradstep.engine.config.changes import changed, is_live
from gradstep.engine.config.files import parse_preset, to_toml
from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.engine.records.history import History
from gradstep.engine.timeline.branches import Branch, Branches
from gradstep.engine.timeline.keyframes import DENSE_STEPS, Keyframes, stride
from gradstep.engine.timeline.recorder import Recorder
from gradstep.engine.training.rules.make import make_rule
from gradstep.engine.training.state import State
from gradstep.engine.training.trainer import Evaluation, Trainer

AT_ONCE_SECONDS = 0.02
"""The longest time of steps whose numbers are fetched together, so that a run can be paused at once."""
Tick = Callable[[int, int], bool]
"""Called with (steps done, steps to do) while positions are re-executed. Returning False cancels."""


class SeekCancelledError(UserError):
    """A seek was cancelled. The run is back where it was."""


class Timeline:
    """A trainer at a position of one of its branches. A restored state equals the original bit for bit.

    `mismatch` is the first position whose re-execution differs from its record, None if there is none. The
    record then comes from another machine, or this machine computes wrongly.
    """

    def __init__(self, trainer: Trainer, preset: Preset) -> None:
        self.trainer = trainer
        self._threads = int(preset.train.threads)
        self.at_once_seconds = AT_ONCE_SECONDS
        self.recorder = Recorder(trainer, preset.train.validate_every)
        self._budget = preset.run.keyframe_megabytes * 1_000_000
        # with its defaults written out, as in a session file: a change then means the same after resuming
        preset = parse_preset(to_toml(preset), name=preset.name, source="config")
        history = History(trainer.batches.count)
        history.rounding = trainer.sum_rounding
        root = Branch(0, "main", None, 0, history, Keyframes(self._budget), [(0, preset)])
        self.branches = Branches([root])
        self.branch = root
        self._schedule = root.configs
        self._next_change: int | None = None
        self.mismatch: int | None = None
        self._unchecked = False
        self._at_once = 1
        self.amid = False
        """Whether a fault or an interrupt has ended a step in the middle: the state is of no position."""

    @property
    def position(self) -> int:
        return self.trainer.position

    @property
    def preset(self) -> Preset:
        """The config in force at the position: the next update follows it."""
        return self._schedule[self._scheduled(self.position)][1]

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation at the position."""
        self.use_threads()
        return self.trainer.evaluate()

    @property
    def diverged(self) -> bool:
        """Whether the loss at the position is not finite."""
        return not math.isfinite(self.evaluation.metrics.loss)

    @property
    def step_seconds(self) -> float:
        """The mean recorded seconds of a step, over the last steps before the position."""
        spent = self.branch.history.column("seconds", max(0, self.position - DENSE_STEPS), self.position + 1)
        return float(spent[-1] - spent[0]) / len(spent)

    def use_threads(self) -> None:
        """Set torch's number of threads, which belongs to the process, to this run's: bits depend on it."""
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)

    def start(self) -> None:
        """Record position 0 and keep its state."""
        self.branch.keyframes.pin(self.trainer.snapshot())
        self._record(self.evaluation)

    def resume(self, branches: list[Branch], number: int, position: int) -> None:
        """Take over saved branches, parents before children, and go to a position of branch `number`.

        If position 0 has no saved state, the trainer's initial state is used.
        """
        if branches[0].keyframes.before(0) is None:
            branches[0].keyframes.pin(self.trainer.snapshot())
        branches[0].history.rounding = self.trainer.sum_rounding
        self.branches = Branches(branches)
        self._enter(self.branches.find(number))
        self._share_budget()
        self.recorder.seconds = float(self.branch.history.column("seconds", self.branch.tip)[0])
        self._travel(self.nearest(position), position, None)
        self._settle()

    def stretch(self, end: int | None) -> tuple[int, bool]:
        """Return the next steps towards `end` as (count, dense), for `advance`. With None, there is no end.

        States are kept densely only near the end, so that going back from there is instant.
        """
        left = sys.maxsize if end is None else end - self.position
        dense = left <= DENSE_STEPS
        return (left if dense else left - DENSE_STEPS), dense

    def advance(self, at_most: int = 1, *, dense: bool = True, near: int | None = None) -> None:
        """Step once along the branch, or up to `at_most` times where their numbers are fetched together.

        Steps follow the recorded future as far as it goes, then append records. A loss that is not finite
        ends them. `dense` keeps more states, for instant steps back. If memory is short, states near the
        position `near` are kept (default: the current position).
        """
        self._settle()
        started, first = time.perf_counter(), self.position + 1
        passed = self._walk(at_most, dense=dense, near=near)
        end = next((i for i, known in enumerate(passed) if not math.isfinite(known.metrics.loss)), None)
        if first == len(self.branch.history):
            found = [*passed, self.trainer.evaluate()] if end is None else passed[: end + 1]
            seconds = (time.perf_counter() - started) / len(found)
            for evaluation in found:
                self.recorder.seconds += seconds
                self._record(evaluation)
        if end is not None:
            self.seek(first + end)

    def seek(self, position: int, tick: Tick | None = None) -> None:
        """Go to a recorded position of the branch.

        Raises UserError for a position that is not recorded, and SeekCancelledError if `tick` cancels: the
        run is then back where it was.
        """
        if not 0 <= position <= self.branch.tip:
            raise UserError(f"no position {position} on {self.branch.name!r}: it has 0 to {self.branch.tip}")
        nearest = self.nearest(position)
        on_the_way = nearest.position <= self.position <= position
        self._travel(None if on_the_way else nearest, position, tick)

    def fork(self, changes: Mapping[str, Any], name: str | None = None) -> Branch:
        """Begin a branch at the position, with live settings changed, and enter it. Raises UserError."""
        self._check_live(changes)
        preset = changed(self.preset, changes) if changes else self.preset
        parent = self.owner(self.position)
        history = History(parent.history.batches, parent.history, self.position)
        history.extend(parent.history.rows(self.position, self.position + 1))
        if not changes:
            history.measured.take(parent.history.measured, self.position)
        branch = Branch(
            self.branches.next_number,
            self.branches.new_name(name, changes),
            parent.number,
            self.position,
            history,
            Keyframes(0),
            [(self.position, preset)],
            [(self.position, dict(changes))] if changes else [],
        )
        history.put(self.position, "learning_rate", preset.train.learning_rate)
        branch.keyframes.pin(self.trainer.snapshot())
        self.branches.add(branch)
        self._enter(branch)
        self._share_budget()
        return branch

    def change(self, changes: Mapping[str, Any]) -> Preset:
        """Change live settings from the next update on; in the past, begin a branch. Raises UserError."""
        self._check_live(changes)
        if self.position < self.branch.tip:
            self.fork(changes)
            return self.preset
        preset = changed(self.preset, changes)
        self.branch.configs = [entry for entry in self.branch.configs if entry[0] < self.position]
        self.branch.configs.append((self.position, preset))
        self.branch.changes.append((self.position, dict(changes)))
        self.branch.history.put(self.position, "learning_rate", preset.train.learning_rate)
        self.branches.revision += 1
        self._enter(self.branch)
        return preset

    def watch(self, names: Sequence[str], measure: Mapping[str, int]) -> None:
        """Set the watched names of all configs and add quantities to measure. No update changes."""
        self.branches.watch(names, measure)
        self._enter(self.branch)

    def switch(self, number: int, tick: Tick | None = None) -> None:
        """Go to another branch, at the same position or its tip. Raises as `seek`."""
        branch, before = self.branches.find(number), self.branch
        position = min(self.position, branch.tip)
        here = self.owner(self.position)
        self._enter(branch)
        if position != self.position or self.owner(position) is not here:
            self._travel(self.nearest(position), position, tick, came_from=before)
        self._share_budget()

    def delete(self, number: int) -> None:
        """Delete a branch and share its bytes among the others. Raises UserError as `Branches.delete`."""
        self.branches.delete(number, self.branch)
        self._share_budget()

    def owner(self, position: int) -> Branch:
        """Return the branch, current or an ancestor, that holds a position."""
        return self.branches.owner(self.branch, position)

    def keyframe_positions(self) -> list[int]:
        """Return the positions of the current branch with a saved state, ascending."""
        limit = self.branch.tip
        found: set[int] = set()
        for branch in self.branches.lineage(self.branch):
            found.update(p for p in branch.keyframes.positions() if p <= limit)
            limit = branch.fork
        return sorted(found)

    def nearest(self, position: int) -> State:
        """Return the last saved state of the current branch at or before a position."""
        for branch in self.branches.lineage(self.branch):
            state = branch.keyframes.before(position)
            if state is not None:
                return state
            position = min(position, branch.fork)
        raise AssertionError("position 0 is always kept")

    def recover(self) -> None:
        """Restore the last recorded position up to here. After a fault in a step the state is unknown."""
        position = min(self.position, self.branch.tip)
        self._travel(self.nearest(position), position, None)

    def restore(self, state: State) -> None:
        """Restore a state of the current branch."""
        self.amid = True
        self.trainer.restore(state)
        self.amid = False
        self._unchecked = True
        self._follow_schedule()

    def saved_states(self, at_most: int) -> list[State]:
        """Return up to `at_most` saved states on the way here, spread evenly. A step may overwrite them."""
        saved = [position for position in self.keyframe_positions() if position <= self.position]
        chosen = {at * (len(saved) - 1) // max(at_most - 1, 1) for at in range(at_most)}
        return [self.nearest(saved[at]) for at in sorted(chosen)]

    def _walk(self, at_most: int, *, dense: bool, near: int | None) -> list[Evaluation]:
        """Step up to `at_most` times, until the host has something to do. Return the evaluations passed."""
        self.use_threads()
        trainer, started = self.trainer, time.perf_counter()
        position, recorded = trainer.position, trainer.position < self.branch.tip
        owner = self.owner(position)
        if owner.keyframes.wants(position, len(owner.history), dense=dense):
            here = position if near is None else near
            owner.keyframes.add(trainer.snapshot(owner.keyframes.spare(len(owner.history), here)))
        self.amid = True
        if min(at_most, trainer.at_once) == 1:
            passed = []
            trainer.step()
            self.amid = False
        else:
            count = self._together(at_most, dense=dense)
            passed = trainer.steps(count)
            self.amid = False
            self._pace(count, time.perf_counter() - started)
        if recorded:
            for i, evaluation in enumerate(passed, 1):
                self._compare(position + i, evaluation)
            self._unchecked = True
        if trainer.position == self._next_change:
            self._follow_schedule()
        return passed

    def _together(self, at_most: int, *, dense: bool) -> int:
        """Return the number of steps, up to `at_most`, that need nothing from the host between them.

        The host saves states, validates, changes settings, and compares steps with old records.
        """
        here, every = self.position, stride(len(self.branch.history), dense=dense)
        stops = [here + min(at_most, self._at_once), (here // every + 1) * every]
        if here < self.branch.tip:
            stops.append(self.branch.tip)
        stops += [at for at in (self._next_change, self.recorder.next_validation(here)) if at is not None]
        return min(stops) - here

    def _pace(self, count: int, seconds: float) -> None:
        """Adapt the number of steps fetched together to the time that `count` steps took."""
        if seconds > self.at_once_seconds:
            self._at_once = max(1, count // 2)
        elif count == self._at_once and 2 * seconds < self.at_once_seconds:
            self._at_once = min(2 * count, self.trainer.at_once)

    def _record(self, evaluation: Evaluation) -> None:
        rate = self.preset.train.learning_rate
        self.branch.history.append(self.recorder.row(evaluation, self.branch.history, rate))

    def _settle(self) -> None:
        """Compare the position with its record, if that is due."""
        if self._unchecked:
            self._compare(self.position, self.evaluation)

    def _compare(self, position: int, evaluation: Evaluation) -> None:
        """Compare loss and gradient norm at a position with its record, bit for bit."""
        self._unchecked = False
        if self.mismatch is not None:
            return
        history = self.branch.history
        for name, value in (("loss", evaluation.metrics.loss), ("grad_norm", evaluation.grad_norm)):
            recorded = history.column(name, position, position + 1)[0]
            if recorded != value and not (recorded != recorded and value != value):
                self.mismatch = position
                return

    def _travel(
        self, start: State | None, position: int, tick: Tick | None, came_from: Branch | None = None
    ) -> None:
        """Re-execute from a state, or from here if None, to a position."""
        origin = self.trainer.snapshot() if tick is not None else None
        if start is not None:
            self.restore(start)
        first = self.position
        while self.position < position:
            if tick is not None and origin is not None and not tick(self.position - first, position - first):
                if came_from is not None:
                    self._enter(came_from)
                self.restore(origin)
                raise SeekCancelledError(f"the way to position {position} was cancelled")
            count, dense = self.stretch(position)
            self._settle()
            self._walk(count, dense=dense, near=position)

    def _enter(self, branch: Branch) -> None:
        self.branch = branch
        self._schedule = self.branches.schedule(branch)
        self._follow_schedule()

    def _scheduled(self, position: int) -> int:
        """Return the index of the config in force at a position."""
        return max(0, bisect.bisect_right(self._schedule, position, key=lambda entry: entry[0]) - 1)

    def _follow_schedule(self) -> None:
        index = self._scheduled(self.position)
        train = self._schedule[index][1].train
        self.trainer.change(make_rule(train.rule), train.clip_norm)
        self._next_change = self._schedule[index + 1][0] if index + 1 < len(self._schedule) else None

    def _share_budget(self) -> None:
        self.branches.share(self._budget, self.branch)

    @staticmethod
    def _check_live(changes: Mapping[str, Any]) -> None:
        for key in changes:
            if not is_live(key):
                raise UserError(f"{key} determines the run from its start: it needs a new run")
