"""The positions of a run, walked in both directions and along its branches, bit for bit."""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
"""What steps may take between two looks at what they gave, so that a run can be paused at once."""
Tick = Callable[[int, int], bool]
"""Told (steps done, steps to do) while positions are re-executed; False cancels."""


class SeekCancelledError(UserError):
    """A seek was cancelled; the run is where it was."""


class Timeline:
    """A trainer at a position of one of its branches. Every state that is returned to is the state that was.

    `mismatch` is the first position whose re-execution did not give the recorded numbers, None for none:
    they were then recorded on another machine, or this one computes wrongly.
    """

    def __init__(self, trainer: Trainer, preset: Preset) -> None:
        self.trainer = trainer
        self.recorder = Recorder(trainer, preset.train.validate_every)
        self._budget = preset.run.keyframe_megabytes * 1_000_000
        # with its defaults written out, as a session file has it: a change then means the same after resuming
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
        """Whether a step was left in the middle, by a fault or an interrupt: the state is of no position."""

    @property
    def position(self) -> int:
        return self.trainer.position

    @property
    def preset(self) -> Preset:
        """The config in force at the position: the next update follows it."""
        return self._schedule[self._scheduled(self.position)][1]

    def start(self) -> None:
        """Record position 0 and keep its state."""
        self.branch.keyframes.pin(self.trainer.snapshot())
        self._record(self.trainer.evaluate())

    def resume(self, branches: list[Branch], number: int, position: int) -> None:
        """Take over saved branches, parents before children, and go to a position of one of them.

        Where position 0 has no saved state, the trainer's initial one is it.
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

    def advance(self, at_most: int = 1, *, dense: bool = True, near: int | None = None) -> None:
        """One step along the branch, or up to `at_most`, where their numbers are fetched together: into its
        recorded future where there is one, else to new records. A loss that is not finite ends them.

        `dense` says that a stop is near: more states are kept, to step back from there at once. Where
        memory is short, those are kept that are near to a position: this one, unless told.
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
        """Go to a recorded position of the branch. Where `tick` cancels, the run is back where it was."""
        if not 0 <= position <= self.branch.tip:
            raise UserError(f"no position {position} on {self.branch.name!r}: it has 0 to {self.branch.tip}")
        nearest = self.nearest(position)
        on_the_way = nearest.position <= self.position <= position
        self._travel(None if on_the_way else nearest, position, tick)

    def fork(self, changes: Mapping[str, Any], name: str | None = None) -> Branch:
        """Begin a branch at the position, with live settings changed, and go on there. Raises UserError."""
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
        """Change live settings from the next update on; in the past on a branch. Raises UserError."""
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
        """Have the run's configs watch these, and measure these too; what is stepped to stays the same."""
        self.branches.watch(names, measure)
        self._enter(self.branch)

    def switch(self, number: int, tick: Tick | None = None) -> None:
        """Go to another branch, at the same position where it has one."""
        branch, before = self.branches.find(number), self.branch
        position = min(self.position, branch.tip)
        here = self.owner(self.position)
        self._enter(branch)
        if position != self.position or self.owner(position) is not here:
            self._travel(self.nearest(position), position, tick, came_from=before)
        self._share_budget()

    def delete(self, number: int) -> None:
        """Forget a branch, and have its bytes for the others. Raises UserError where it can't be spared."""
        self.branches.delete(number, self.branch)
        self._share_budget()

    def owner(self, position: int) -> Branch:
        """The branch of the present one's lineage on which a position lies."""
        return self.branches.owner(self.branch, position)

    def keyframe_positions(self) -> list[int]:
        """Where a state of the present branch is saved."""
        limit = self.branch.tip
        found: set[int] = set()
        for branch in self.branches.lineage(self.branch):
            found.update(p for p in branch.keyframes.positions() if p <= limit)
            limit = branch.fork
        return sorted(found)

    def nearest(self, position: int) -> State:
        """The saved state of the present branch from which a position is soonest reached."""
        for branch in self.branches.lineage(self.branch):
            state = branch.keyframes.before(position)
            if state is not None:
                return state
            position = min(position, branch.fork)
        raise AssertionError("position 0 is always kept")

    def recover(self) -> None:
        """Go to the last recorded position up to here, from a saved state: after a fault in a step, what the
        state is now is not known."""
        position = min(self.position, self.branch.tip)
        self._travel(self.nearest(position), position, None)

    def restore(self, state: State) -> None:
        """Go to a state of the present branch."""
        self.amid = True
        self.trainer.restore(state)
        self.amid = False
        self._unchecked = True
        self._follow_schedule()

    # --- within --------------------------------------------------------------------------------------

    def saved_states(self, at_most: int) -> list[State]:
        """So many of the saved states on the way here, spread evenly. They may be overwritten by a step."""
        saved = [position for position in self.keyframe_positions() if position <= self.position]
        chosen = {at * (len(saved) - 1) // max(at_most - 1, 1) for at in range(at_most)}
        return [self.nearest(saved[at]) for at in sorted(chosen)]

    def _walk(self, at_most: int, *, dense: bool, near: int | None) -> list[Evaluation]:
        """Up to so many steps, as many as need nothing of the host on the way; the evaluations passed."""
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
        """How many steps there are, up to so many, to where the host has something to do: a state to keep, a
        validation, a change, the end of what is recorded."""
        here, every = self.position, stride(len(self.branch.history), dense=dense)
        stops = [here + min(at_most, self._at_once), (here // every + 1) * every]
        if here < self.branch.tip:
            stops.append(self.branch.tip)
        stops += [at for at in (self._next_change, self.recorder.next_validation(here)) if at is not None]
        return min(stops) - here

    def _pace(self, count: int, seconds: float) -> None:
        """From what so many steps took, how many to do together from now on."""
        if seconds > AT_ONCE_SECONDS:
            self._at_once = max(1, count // 2)
        elif count == self._at_once and 2 * seconds < AT_ONCE_SECONDS:
            self._at_once = min(2 * count, self.trainer.at_once)

    def _record(self, evaluation: Evaluation) -> None:
        rate = self.preset.train.learning_rate
        self.branch.history.append(self.recorder.row(evaluation, self.branch.history, rate))

    def _settle(self) -> None:
        """Compare what was not yet."""
        if self._unchecked:
            self._compare(self.position, self.trainer.evaluate())

    def _compare(self, position: int, evaluation: Evaluation) -> None:
        """Hold the numbers of a position against its record, bit for bit."""
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
        """Re-execute from a state, or from here, to a position."""
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
            left = position - self.position
            dense = left <= DENSE_STEPS
            self._settle()
            self._walk(left if dense else left - DENSE_STEPS, dense=dense, near=position)

    def _enter(self, branch: Branch) -> None:
        self.branch = branch
        self._schedule = self.branches.schedule(branch)
        self._follow_schedule()

    def _scheduled(self, position: int) -> int:
        """The index of the config in force at a position."""
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
