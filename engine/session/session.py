"""A session: a run as a front end or a script drives it, forth and back in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gradstep.engine.conditions.breakpoints import Breakpoint, Breakpoints, Hit
from gradstep.engine.conditions.claims import Judge, Verdict
from gradstep.engine.conditions.expression import Condition, Finals, no_runs, parse_condition
from gradstep.engine.config.changes import changed
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.data import load as data
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.probes import registry as probes
from gradstep.engine.probes.schedule import Measurer, measured
from gradstep.engine.probes.subject import Subject
from gradstep.engine.probes.unit_death import find_killer
from gradstep.engine.records.history import History, Record
from gradstep.engine.records.quantities import find_quantity
from gradstep.engine.session.begin import begin
from gradstep.engine.session.file import StoreError, refuse_existing
from gradstep.engine.session.folder import checked_name
from gradstep.engine.session.lock import lock, unlock
from gradstep.engine.session.probing import add_needs
from gradstep.engine.session.resume import load_run
from gradstep.engine.session.save import Saver
from gradstep.engine.session.stepping import Progress, Stop
from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.step_back import Rewinder
from gradstep.engine.timeline.timeline import SeekCancelledError, Tick, Timeline


class Session:
    """A run, at a position of its time line, with the records of every position so far.

    `data_dir` is searched first for MNIST, unless the preset's `dataset` is given; `progress` is called with
    a text before each part that may take long. Raises UserError if the data or the device is not available.
    """

    def __init__(
        self,
        preset: Preset,
        data_dir: Path | None = None,
        progress: Callable[[str], None] | None = None,
        *,
        dataset: Dataset | None = None,
    ) -> None:
        say = progress or (lambda _text: None)
        self.dataset = dataset or data.load(preset.data, preset.train.dtype, data_dir, say)
        say("Building the network")
        self._prepare()
        self._enter(begin(preset, self.dataset))

    @classmethod
    def open(
        cls,
        path: str | Path,
        data_dir: Path | None = None,
        progress: Callable[[str], None] | None = None,
        *,
        save: bool = True,
    ) -> Session:
        """Resume a saved run where it was left, and save to the same file unless `save` is False.

        A file that is in use or read-only is opened without saving. On a machine that may compute other
        bits, a branch is begun, to compare. `notices` says so. Raises StoreError for a file that is damaged,
        foreign, newer, or recorded on other data.
        """
        path = Path(path)
        session = cls.__new__(cls)
        session._prepare()
        held = None
        if save:
            try:
                held = lock(path)
            except StoreError as error:
                session.notices.append(f"{error}; what is done now is not saved")
        try:
            run = load_run(path, data_dir, progress or (lambda _text: None))
            session.dataset, session.breakpoints = run.dataset, run.breakpoints
            session._enter(run.timeline)
        except BaseException:
            if held is not None:
                unlock(path, held)
            raise
        session.notices += run.differences
        if held is not None:
            try:
                session._saver = Saver(path, session.timeline, session.breakpoints, session.dataset, held)
            except StoreError as error:
                session.notices.append(f"{error}; what is done now is not saved")
            else:
                if run.differences:
                    session.fork(name=session.timeline.branches.free_name(f"replay from {session.position}"))
        return session

    def _prepare(self) -> None:
        self._saver: Saver | None = None
        self.notices: list[str] = []
        self.breakpoints = Breakpoints()
        self.hit: Hit | None = None

    def _enter(self, timeline: Timeline) -> None:
        """Take over a time line at its position."""
        self.timeline, self.trainer = timeline, timeline.trainer
        self._rewinder = Rewinder(timeline)
        self._judges: dict[int, list[Judge]] = {}
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
        named = self.trainer.network.named_parameters()
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in named.items()}

    def claims(self, finals: Finals = no_runs) -> list[Verdict]:
        """Return the verdicts on the preset's claims, from all records of the current branch.

        `finals` gives the records of other presets' runs that a claim reads.
        """
        branch = self.timeline.branch.number
        if branch not in self._judges:
            for gone in set(self._judges) - set(self.timeline.branches):
                del self._judges[gone]
            self._judges[branch] = [Judge(claim, finals) for claim in self.preset.claim]
        return [judge.judge(self.history, self.planned_steps) for judge in self._judges[branch]]

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
        for _ in self.run(self.position + _checked("count", count), debug=True):
            pass
        return self.record

    def run_until(self, condition: str, limit: int | None = None) -> Record | None:
        """Step until a condition holds, tested from the next position on. Return the record there.

        Returns None after `limit` steps without it, or at a loss that is not finite. The recorded future is
        searched first; breakpoints do not stop. Raises UserError for a bad condition or limit.
        """
        parsed = parse_condition(condition)
        self.recorded.check(parsed)
        end = None if limit is None else self.position + _checked("limit", limit)
        tip = self.timeline.branch.tip if end is None else min(end, self.timeline.branch.tip)
        if not parsed.quantities:
            for position in range(self.position + 1, tip + 1):
                if parsed.holds(self.history, position):
                    return self.seek(position)
            self.seek(tip)
        stop = None
        try:
            for progress in self.run(end, parsed, dense=True):
                stop = progress.stop
        finally:
            self.look_for(None)
        return self.record if stop is not None and stop.kind == "condition" else None

    def advance(self, at_most: int = 1, *, dense: bool = True) -> None:
        """Step once, without making a record object, and set `hit` to the breakpoint met, if any.

        Up to `at_most` steps are done if their numbers are fetched from a device together and nothing has to
        look at each. `dense` keeps states for instant steps back, which costs 5 % of each step.
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
        target = max(0, self.position - _checked("count", count))
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

    def reverse_until(self, condition: str, tick: Tick | None = None) -> Record | None:
        """Go back to the last position before this one where a condition held. Return its record.

        Returns None, without a move, if there is none. If the condition reads quantities, the way here is
        re-executed to measure missing ones; `tick` as in `seek`.
        """
        parsed = parse_condition(condition)
        self.recorded.check(parsed)
        if parsed.quantities:
            self._measure_way_here(parsed, tick)
        for position in range(self.position - 1, -1, -1):
            if parsed.holds(self.history, position):
                return self.seek(position)
        return None

    def seek_killer(self, layer: int, unit: int, tick: Tick | None = None) -> Record:
        """Go back to the update that killed a unit, one that fires on no training sample now.

        At the position arrived at the unit fires on a sample, at the next one on none. Layers and units
        count from 0. If `tick` cancels, or UserError is raised (the unit is not dead, or always was), the
        run stays here.
        """
        here = self.position
        self.timeline.use_threads()
        try:
            return self.seek(find_killer(self.timeline, self.dataset, layer, unit, tick), tick)
        except UserError:
            self.timeline.seek(here)
            raise

    def prepare_back(self, go_on: Callable[[], bool], step_seconds: float) -> None:
        """Re-execute what steps back from here need, one step at a time, while `go_on` returns True.

        Do nothing if a step takes longer than `step_seconds`.
        """
        if self.timeline.step_seconds > step_seconds:
            return
        self._rewinder.prepare(go_on)
        if go_on():
            _ = self.timeline.evaluation  # the next step begins with it

    def reset(self, seed: int | None = None) -> Record:
        """Go to position 0; with a seed, begin a new unsaved run with that seed's weights and batches."""
        if seed is None:
            return self.seek(0)
        preset = changed(self.preset, {"train.seed": seed}, "seed")
        self.close()
        self.notices.clear()
        self._enter(begin(preset, self.dataset))
        return self.record

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

    # --- quantities, breakpoints, probes --------------------------------------------------------------

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
                self.look_for(None)
                raise problems[name]

    def add_breakpoint(self, condition: str, name: str = "") -> Breakpoint:
        """Add a breakpoint and measure what it reads at every step.

        Raises UserError for a bad condition, or one with a part that can't be measured here or never has a
        value.
        """
        self.recorded.check(parse_condition(condition))
        point = self.breakpoints.add(condition, name)
        problems = self._measure()
        for quantity in parse_condition(condition).quantities:
            if quantity in problems:
                self.breakpoints.remove(point.number)
                raise problems[quantity]
        return point

    def probe(self, name: str, progress: Callable[[float], bool] | None = None, **options: Any) -> Any:
        """Compute a probe of the current state. Return a dataclass of `gradstep.engine.probes.results`.

        `progress` is called with the share done, and cancels by returning False. Raises UserError for an
        unknown probe or option, or a probe that does not apply to this run.
        """
        return probes.run(name, self.subject(name, options), progress, **options)

    def subject(self, name: str, options: dict[str, Any], tick: Tick | None = None) -> Subject:
        """Return a copy of the current state for a probe, and add to `options` its needs of the way here.

        Raises SeekCancelledError if `tick` cancels the re-execution that this takes.
        """
        add_needs(name, options, self.timeline, tick)
        return self._look()

    def _look(self) -> Subject:
        """Return a copy of the current state."""
        self.timeline.use_threads()
        return Subject.of(self.trainer, self.dataset)

    def _measure(self, *, again: bool = False) -> Mapping[str, UserError]:
        """Measure what is wanted and missing here, or all of it again. Return why some can't be measured."""
        history = self.timeline.owner(self.position).history
        return self.measurer.measure(self.position, history, self._look, again=again)

    def _measure_way_here(self, condition: Condition, tick: Tick | None) -> None:
        here = self.position
        self.timeline.seek(0)
        try:
            self.look_for(condition)
            while self.position < here:
                if tick is not None and not tick(self.position, here):
                    raise SeekCancelledError(f"the search before step {here} was cancelled")
                self.timeline.advance()
                self._measure()
        finally:
            self.look_for(None)
            self.timeline.seek(here)

    # --- the file ------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Save the run to a new file, and again at each `flush`. Raises StoreError."""
        path = Path(path)
        refuse_existing(path)
        saver = Saver(path, self.timeline, self.breakpoints, self.dataset)
        self.close()
        self._saver = saver
        self.flush()

    def flush(self) -> None:
        """Write everything new to the session file. Raises StoreError; a later call may succeed."""
        if self._saver is not None:
            self._saver.flush()

    def rename(self, name: str) -> None:
        """Name the session in its file. Raises UserError if there is no file, or for a bad name."""
        if self._saver is None:
            raise UserError("this run is not saved: there is no session to name")
        self._saver.rename(checked_name(name))

    def close(self) -> None:
        """Write everything new to the session file and release it. Raises StoreError."""
        saver, self._saver = self._saver, None
        if saver is not None:
            saver.close()

    @property
    def path(self) -> Path | None:
        """The session file that the run is saved to."""
        return self._saver.path if self._saver is not None else None


def _checked(name: str, steps: int) -> int:
    """Return a number of steps. Raises UserError if it is negative."""
    if steps < 0:
        raise UserError(f"{name}: given {steps}; allowed: 0 or more steps")
    return steps
