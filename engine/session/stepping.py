"""A run in memory: its facts, and its steps forth, back and to other branches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from gradstep.engine.conditions.breakpoints import Breakpoint, Breakpoints, Hit
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.probes.schedule import Measurer, measured
from gradstep.engine.probes.subject import Subject
from gradstep.engine.records.history import History
from gradstep.engine.records.quantities import find_quantity
from gradstep.engine.records.record import Record
from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.step_back import Rewinder
from gradstep.engine.timeline.timeline import Tick, Timeline

StopReason = Literal["end", "condition", "breakpoint", "not finite"]


class Stop(NamedTuple):
    """Why a run stopped. If several kinds apply: the condition first, then a breakpoint, then the loss."""

    kind: StopReason
    reason: str
    """In words, with the position."""
    could_tell: bool = True
    """Whether the condition to run to had a truth value anywhere."""


class Progress(NamedTuple):
    """The positions [first, position] are recorded since the last progress. `stop` is None until the end."""

    first: int
    position: int
    stop: Stop | None


class Stepping:
    """A run, at a position of its time line. On the way, the quantities wanted are measured."""

    dataset: Dataset

    def _prepare(self) -> None:
        self.notices: list[str] = []
        self.breakpoints = Breakpoints()
        self.hit: Hit | None = None

    def _enter(self, timeline: Timeline) -> None:
        """Take over a time line at its position."""
        self.timeline, self.trainer = timeline, timeline.trainer
        self._rewinder = Rewinder(timeline)
        self._sought: Condition | None = None
        self.measurer = Measurer(timeline.preset.measure, self.breakpoints, self.notices)
        self._measure()

    # --- facts ---------------------------------------------------------------------------------------

    @property
    def preset(self) -> Preset:
        """The config in force at the current position, without "auto"."""
        return self.timeline.preset

    @property
    def position(self) -> int:
        """The number of updates done."""
        return self.trainer.position

    @property
    def history(self) -> History:
        """The records of the current branch, with the recorded future."""
        return self.timeline.branch.history

    @property
    def record(self) -> Record:
        """The record of the current position."""
        return self.history.record(self.position)

    @property
    def planned_steps(self) -> int | None:
        """The position at which the preset plans the end."""
        run = self.preset.run
        return run.epochs * self.history.batches if run.epochs is not None else run.steps

    @property
    def recorded(self) -> Recorded:
        """Which fields of this run's records have a value."""
        every = self.timeline.recorder.next_validation(0)
        return Recorded.of(self.preset).known(self.history.batches, every)

    @property
    def diverged(self) -> str | None:
        """A sentence if the loss is not finite here, else None."""
        if not self.timeline.diverged:
            return None
        return f"diverged: the loss is {self.timeline.evaluation.metrics.loss} at step {self.position}"

    def state_hash(self) -> str:
        """Return a digest of parameters, the rule's memory and position: equal for equal states."""
        return self.trainer.state_hash()

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return copies of the parameters by name, weight (units, inputs) before bias (units,)."""
        named = self.trainer.model.parameters
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in named.items()}

    # --- forth ---------------------------------------------------------------------------------------

    def run(
        self,
        end: int | None = None,
        until: Condition | None = None,
        *,
        every: int | None = None,
        dense: bool = False,
        debug: bool = False,
    ) -> Iterator[Progress]:
        """Step to position `end` (None: without end), to `until`, or to a loss that is not finite.

        The first value is the start itself, then there is one whenever new records are there, or after
        exactly `every` steps. The last one has a `stop`, with the reason. `until` is tested from the next
        position on. States are kept densely near `end`, or, with `dense`, everywhere.

        With `debug`, breakpoints stop the run, and its first step may leave a loss that is not finite.
        Raises UserError if `until` reads a quantity that can't be measured here.
        """
        if until is not None and until is not self._sought:
            self.look_for(until)
        first = due = self.position
        could_tell, stop = False, None
        if not debug and self.timeline.diverged:
            stop = Stop("not finite", self.diverged or "")
        while True:
            here = self.position
            if stop is None and end is not None and here >= end:
                stop = Stop("end", f"reached step {here}", could_tell)
            if stop is not None or here >= due:
                yield Progress(first, here, stop)
                first, due = here + 1, here + (every or 1)
            if stop is not None:
                return
            count, near = self.timeline.stretch(end)
            if until is not None:
                count = 1
            elif every is not None:
                count = min(count, due - here)
            self.advance(count, dense=dense or near)
            held = until.holds(self.history, self.position) if until is not None else None
            could_tell = could_tell or held is not None
            if held:
                assert until is not None
                stop = Stop("condition", until.text)
            elif debug and self.hit is not None:
                stop = Stop("breakpoint", self.hit.breakpoint.title)
            elif self.timeline.diverged:
                stop = Stop("not finite", self.diverged or "", could_tell)

    def step(self) -> Record:
        """Apply the update that the current evaluation proposes. Return the record of the next position."""
        self.advance()
        return self.record

    def burst(self, count: int) -> Record:
        """Do up to `count` steps. A breakpoint, or a loss that is not finite, ends the burst."""
        for _ in self.run(self.position + checked("count", count), every=max(1, count), debug=True):
            pass
        return self.record

    def advance(self, at_most: int = 1, *, dense: bool = True) -> None:
        """Step once, without a record object, and set `hit` to the breakpoint met, if any.

        Up to `at_most` steps are done if a device's numbers are fetched together, and no breakpoint or
        measurement needs each step. `dense` keeps states for instant steps back, at 5 % of each step's time.
        """
        if self.measurer.left:
            self._measure()
        self.timeline.advance(1 if self.measurer or self.breakpoints else at_most, dense=dense)
        if self.measurer:
            self._measure()
        self.hit = self.breakpoints.hit(self.history, self.position) if self.breakpoints else None

    # --- back and elsewhere --------------------------------------------------------------------------

    def back(self, count: int = 1, tick: Tick | None = None) -> Record:
        """Go back `count` positions, at most to 0, to the exact state there; `tick` as in `seek`.

        A single step back also re-executes part of what further ones need, so that none takes long.
        """
        target = max(0, self.position - checked("count", count))
        if count != 1:
            return self.seek(target, tick)
        self._rewinder.share(target)
        return self.seek(target)

    def seek(self, position: int, tick: Tick | None = None) -> Record:
        """Go to any position of the branch; beyond the recorded future, step on as `burst` does.

        `tick` is called with (done, to do) of the positions to re-execute. If it returns False,
        SeekCancelledError is raised and the run is back where it was. Raises UserError for a negative
        position.
        """
        self.timeline.seek(min(position, self.timeline.branch.tip), tick)
        return self.burst(position - self.position) if position > self.position else self.record

    def recover(self) -> None:
        """Restore the last recorded position up to here, after a fault in a step."""
        self.timeline.recover()

    def prepare_back(self, go_on: Callable[[], bool], step_seconds: float) -> None:
        """Re-execute what steps back from here need, one step at a time, while `go_on` returns True.

        Do nothing if a step takes longer than `step_seconds`.
        """
        if self.timeline.step_seconds > step_seconds:
            return
        self._rewinder.prepare(go_on)
        if go_on():
            _ = self.timeline.evaluation  # the next step begins with it

    def change(self, changes: Mapping[str, Any]) -> Preset:
        """Change live settings, {dotted key: value}, from the next update on. Return the new config.

        In the past this begins a branch. Raises UserError, with nothing changed, for a bad value or a
        setting that needs a new run.
        """
        preset = self.timeline.change(changes)
        self._measure(again=True)
        return preset

    def fork(self, changes: Mapping[str, Any] | None = None, name: str | None = None) -> Branch:
        """Begin a branch here, with live settings changed, and enter it; the old future stays.

        Raises UserError, with nothing changed, as `change` does.
        """
        branch = self.timeline.fork(changes or {}, name)
        self._measure(again=True)
        return branch

    def switch(self, branch: int, tick: Tick | None = None) -> Record:
        """Go to another branch by its number, at the same position or its tip; `tick` as in `seek`."""
        self.timeline.switch(branch, tick)
        return self.record

    # --- quantities ----------------------------------------------------------------------------------

    def measure(self, name: str, every: int = 1) -> None:
        """Measure a quantity, such as `dead[2]`, here and at every `every` steps, into `history[name]`.

        Raises UserError for an unknown quantity, or one that does not apply to this run.
        """
        if every < 1:
            raise UserError(f"every: given {every}; allowed: 1 or more steps")
        find_quantity(name)
        values, problems = measured([name], self._look, self.measurer.go_on)
        for problem in problems.values():
            raise problem
        self.timeline.owner(self.position).history.measured.put(name, self.position, values[name])
        self.measurer.add(name, every)

    def watch(self, names: Sequence[str], measure: Mapping[str, int]) -> None:
        """Set the fields and quantities that the charts show, also after resuming.

        `measure` gives the steps between two measurements of each quantity. Raises UserError for a name that
        does not apply to this run, and then changes nothing.
        """
        for name in names:
            self.recorded.check_field(name)
        for name, every in measure.items():
            if name not in self.preset.measure:
                self.measure(name, every)
        self.timeline.watch(names, measure)

    def look_for(self, condition: Condition | None) -> None:
        """Measure from here on what a condition reads, at every step; with None, no longer.

        Raises UserError if a part can't be measured here, or never has a value.
        """
        if condition is not None:
            self.recorded.check(condition)
        self._sought = condition
        self.measurer.look_for(condition)
        problems = self._measure()
        for name in () if condition is None else condition.quantities:
            if name in problems:
                self._sought = None
                self.measurer.look_for(None)
                raise problems[name]

    def add_breakpoint(self, condition: str, name: str = "") -> Breakpoint:
        """Add a breakpoint and measure what it reads at every step.

        Raises UserError for a bad condition. A part that can't be measured here, or never has a value, is
        an error too.
        """
        self.recorded.check(parse_condition(condition))
        point = self.breakpoints.add(condition, name)
        problems = self._measure()
        for quantity in parse_condition(condition).quantities:
            if quantity in problems:
                self.breakpoints.remove(point.number)
                raise problems[quantity]
        return point

    def _look(self) -> Subject:
        """Return a copy of the current state."""
        self.timeline.use_threads()
        return Subject.of(self.trainer, self.dataset)

    def _measure(self, *, again: bool = False) -> Mapping[str, UserError]:
        """Measure what is wanted and missing here, or all of it again. Return why some can't be measured."""
        history = self.timeline.owner(self.position).history
        return self.measurer.measure(self.position, history, self._look, again=again)


def checked(name: str, steps: int) -> int:
    """Return a number of steps. Raises UserError if it is negative."""
    if steps < 0:
        raise UserError(f"{name}: given {steps}; allowed: 0 or more steps")
    return steps
