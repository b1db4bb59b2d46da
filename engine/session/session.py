"""The face of the engine: what a front end or a script drives."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from gradstep.engine.conditions.breakpoints import Breakpoint, Breakpoints, Hit
from gradstep.engine.conditions.claims import Judge, Verdict
from gradstep.engine.conditions.expression import Condition, Finals, no_runs
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.changes import changed
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.recorded import Recorded
from gradstep.engine.data import load as data
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.probes import registry as probes
from gradstep.engine.probes.schedule import Measurer, measured
from gradstep.engine.probes.subject import Subject
from gradstep.engine.probes.unit_death import find_unit_death
from gradstep.engine.probes.way_here import with_way_here
from gradstep.engine.records.history import History
from gradstep.engine.records.quantities import find_quantity
from gradstep.engine.records.record import Record
from gradstep.engine.session.file import SessionFile, StoreError, refuse_existing
from gradstep.engine.session.folder import checked_name
from gradstep.engine.session.lock import lock, unlock
from gradstep.engine.session.save import Saver, differences, load_breakpoints, load_timeline
from gradstep.engine.session.saved_preset import saved_preset
from gradstep.engine.timeline.branches import Branch
from gradstep.engine.timeline.keyframes import DENSE_STEPS
from gradstep.engine.timeline.step_back import Rewinder
from gradstep.engine.timeline.timeline import SeekCancelledError, Tick, Timeline
from gradstep.engine.training.build import build
from gradstep.engine.training.devices import resolve_device
from gradstep.engine.training.threads import resolve_threads
from gradstep.engine.training.trainer import Trainer


class Session:
    """A run, at a position of its time line, with the records of every position so far.

    `data_dir` is where MNIST is looked for first, unless the preset's `dataset` is loaded already;
    `progress` is told in words what takes long. Raises UserError where the data or the device is not to be
    had.
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
        self._begin(preset)

    def _prepare(self) -> None:
        self._saver: Saver | None = None
        self._judges: dict[int, list[Judge]] = {}
        self.notices: list[str] = []
        self.breakpoints = Breakpoints()
        self.hit: Hit | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        data_dir: Path | None = None,
        progress: Callable[[str], None] | None = None,
        *,
        save: bool = True,
    ) -> Session:
        """Go on with a saved run where it was left, and save to the same file unless `save` is False.

        A file that another process has open, or that can't be written, is opened without saving; and on
        a machine that may compute other bits, a branch is begun, to be compared. `notices` says so.
        Raises StoreError for a file that is damaged, foreign, newer, or recorded on other data.
        """
        path = Path(path)
        session = cls.__new__(cls)
        session._prepare()
        held: int | None = None
        if save:
            try:
                held = lock(path)
            except StoreError as error:
                session.notices.append(f"{error}; what is done now is not saved")
        try:
            differing = session._load(path, data_dir, progress or (lambda _text: None))
        except BaseException:
            if held is not None:
                unlock(path, held)
            raise
        session.notices += differing
        if held is not None:
            try:
                session._saver = Saver(path, session.timeline, session.breakpoints, session.dataset, held)
            except StoreError as error:
                session.notices.append(f"{error}; what is done now is not saved")
            else:
                if differing:
                    session.fork(name=session.timeline.branches.free_name(f"replay from {session.position}"))
        return session

    def _load(self, path: Path, data_dir: Path | None, say: Callable[[str], None]) -> list[str]:
        """Read the file and go to where the run was left; returns how this machine differs, in words."""
        file = SessionFile(path, read_only=True)
        try:
            preset = saved_preset(file)
            self.dataset = data.load(preset.data, preset.train.dtype, data_dir, say)
            differing = [f"{path}: {text}" for text in differences(file, self.dataset)]
            say("Going back to where the run was left")
            self.timeline = load_timeline(file, self._make_trainer(preset), preset)
            self._rewinder = Rewinder(self.timeline)
            self.breakpoints = load_breakpoints(file)
            self.measurer = Measurer(preset.measure, self.breakpoints, self.notices)
            self._measure()
        finally:
            file.close()
        return differing

    def _begin(self, preset: Preset) -> None:
        resolved = changed(
            preset,
            {
                "train.threads": resolve_threads(preset, len(self.dataset.train_inputs)),
                "train.device": resolve_device(preset.train.device).type,
            },
            "resolved config",
        )
        self.timeline = Timeline(self._make_trainer(resolved), resolved)
        self.timeline.start()
        self._rewinder = Rewinder(self.timeline)
        self._judges = {}
        self.measurer = Measurer(resolved.measure, self.breakpoints, self.notices)
        self._measure()

    def _make_trainer(self, preset: Preset) -> Trainer:
        """A trainer for a preset in which nothing is "auto" any more."""
        self._threads = int(preset.train.threads)
        self._use_threads()
        self.trainer = Trainer(build(preset, self.dataset))
        return self.trainer

    def save(self, path: str | Path) -> None:
        """Save the run to a new file, and from now on whenever `flush` is called. Raises StoreError."""
        path = Path(path)
        refuse_existing(path)
        saver = Saver(path, self.timeline, self.breakpoints, self.dataset)
        self.close()
        self._saver = saver
        self.flush()

    def flush(self) -> None:
        """Write to the session file what is not yet there. Raises StoreError; a later try may succeed."""
        if self._saver is not None:
            self._saver.flush()

    def rename(self, name: str) -> None:
        """Name the session in its file. Raises UserError where there is none, and for a bad name."""
        if self._saver is None:
            raise UserError("this run is not saved: there is no session to name")
        self._saver.rename(checked_name(name))

    def close(self) -> None:
        """Write what is left to the session file and give it up. Raises StoreError."""
        saver, self._saver = self._saver, None
        if saver is not None:
            saver.close()

    @property
    def path(self) -> Path | None:
        """The session file that the run is saved to."""
        return self._saver.path if self._saver is not None else None

    @property
    def preset(self) -> Preset:
        """The config in force at the present position, with what was "auto" resolved."""
        return self.timeline.preset

    @property
    def position(self) -> int:
        """The number of updates done."""
        return self.trainer.position

    @property
    def history(self) -> History:
        """The records of the present branch, with the recorded future."""
        return self.timeline.branch.history

    @property
    def record(self) -> Record:
        """The record of the present position."""
        return self.history.record(self.position)

    @property
    def planned_steps(self) -> int | None:
        """The position at which the preset says the run is over."""
        run = self.preset.run
        return run.epochs * self.history.batches if run.epochs is not None else run.steps

    @property
    def recorded(self) -> Recorded:
        """Which fields of this run's records have a value."""
        every = self.timeline.recorder.next_validation(0)
        return Recorded.of(self.preset).known(self.history.batches, every)

    @property
    def diverged(self) -> str | None:
        """Why this run cannot go on to anything, in words; None while its loss is finite."""
        loss = self.trainer.evaluate().metrics.loss
        return None if math.isfinite(loss) else f"diverged: the loss is {loss} at step {self.position}"

    def step(self) -> Record:
        """Apply the update that the present evaluation proposes; the record of the position arrived at."""
        self.advance()
        return self.record

    def burst(self, count: int) -> Record:
        """Do up to `count` steps; a breakpoint, or a loss that is not finite, ends the burst where it is."""
        end = self.position + _checked("count", count)
        while self.position < end:
            self.approach(end)
            if self.diverged or self.hit is not None:
                break
        return self.record

    def back(self, count: int = 1, tick: Tick | None = None) -> Record:
        """Go back so many positions, at most to 0, to the very state that was there; `tick` as in `seek`.

        With a single one, part of what further ones need is re-executed, so that none of them takes long.
        """
        target = max(0, self.position - _checked("count", count))
        if count != 1:
            return self.seek(target, tick)
        self._use_threads()
        self._rewinder.share(target)
        return self.seek(target)

    def seek(self, position: int, tick: Tick | None = None) -> Record:
        """Go to any position of the branch; beyond the recorded future this steps on, as `burst` does.

        `tick` is told (done, to do) of the positions to re-execute; where it returns False,
        SeekCancelledError is raised and the run is where it was. Raises UserError for a negative position.
        """
        self._use_threads()
        self.timeline.seek(min(position, self.timeline.branch.tip), tick)
        return self.burst(position - self.position) if position > self.position else self.record

    def recover(self) -> None:
        """Go to the last recorded position up to here, from a saved state: after a fault in a step."""
        self._use_threads()
        self.timeline.recover()

    def run_until(self, condition: str, limit: int | None = None) -> Record | None:
        """Go on until a condition holds, tested from the next position on; the record there.

        None after `limit` steps without it, or where the loss is not finite. The recorded future is looked
        through first; breakpoints are not looked at. Raises UserError for a bad condition or limit.
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
        self.look_for(parsed)
        try:
            while (end is None or self.position < end) and not self.diverged:
                self.advance()
                if parsed.holds(self.history, self.position):
                    return self.record
        finally:
            self.look_for(None)
        return None

    def reverse_until(self, condition: str, tick: Tick | None = None) -> Record | None:
        """Go back to the last position before this one where a condition held; None, and no move, if none.

        Where it reads quantities, the way here is re-executed to measure what was not; `tick` as in `seek`.
        """
        parsed = parse_condition(condition)
        self.recorded.check(parsed)
        if parsed.quantities:
            self._measure_way_here(parsed, tick)
        for position in range(self.position - 1, -1, -1):
            if parsed.holds(self.history, position):
                return self.seek(position)
        return None

    def seek_unit_death(self, layer: int, unit: int, tick: Tick | None = None) -> Record:
        """Go back to the update that silenced a unit which is dead now; `layer` and `unit` count from 0.

        At the position arrived at it fires on some training sample, at the next one on none. Raises UserError
        if the unit is not dead, or always was, or if `tick` returns False; the run then stays here.
        """
        here = self.position
        self._use_threads()
        try:
            return self.seek(find_unit_death(self.timeline, self.dataset, layer, unit, tick), tick)
        except UserError:
            self.timeline.seek(here)
            raise

    def measure(self, name: str, every: int = 1) -> None:
        """Measure a quantity, such as `dead[2]`, here and at every so many steps; `history[name]` has it.

        Raises UserError for an unknown one, or one that says nothing of this run.
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
        """Have the charts show these fields and quantities from now on, also when the run is resumed; what
        of `measure` is not measured yet is, each every so many steps.

        Raises UserError for what says nothing of this run: the charts then stay as they are.
        """
        for name in names:
            self.recorded.check_field(name)
        for name, every in measure.items():
            if name not in self.preset.measure:
                self.measure(name, every)
        self.timeline.watch(names, measure)

    def look_for(self, condition: Condition | None) -> None:
        """Measure from here on what a condition reads, at every step; with None, no more.

        Raises UserError where that can't be measured here, or never has a value.
        """
        if condition is not None:
            self.recorded.check(condition)
        self.measurer.look_for(condition)
        problems = self._measure()
        for name in () if condition is None else condition.quantities:
            if name in problems:
                self.measurer.look_for(None)
                raise problems[name]

    def add_breakpoint(self, condition: str, name: str = "") -> Breakpoint:
        """Add a breakpoint; what it reads is measured at every step. Raises UserError for a bad condition, or
        one that reads what can't be measured here, or never has a value."""
        self.recorded.check(parse_condition(condition))
        point = self.breakpoints.add(condition, name)
        problems = self._measure()
        for quantity in parse_condition(condition).quantities:
            if quantity in problems:
                self.breakpoints.remove(point.number)
                raise problems[quantity]
        return point

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

    def _measure(self, *, again: bool = False) -> Mapping[str, UserError]:
        """Measure what is wanted here and not yet known, or all of it again; why some can't be."""
        history = self.timeline.owner(self.position).history
        return self.measurer.measure(self.position, history, self._look, again=again)

    def _look(self) -> Subject:
        """A copy of the present state."""
        return Subject.of(self.trainer, self.dataset)

    def claims(self, finals: Finals = no_runs) -> list[Verdict]:
        """The preset's claims, judged on all records of the present branch.

        `finals` gives the records of the other presets' runs that a claim speaks of.
        """
        branch = self.timeline.branch.number
        if branch not in self._judges:
            for gone in set(self._judges) - set(self.timeline.branches):
                del self._judges[gone]
            self._judges[branch] = [Judge(claim, finals) for claim in self.preset.claim]
        return [judge.judge(self.history, self.planned_steps) for judge in self._judges[branch]]

    def approach(self, end: int | None) -> None:
        """A step, or some, towards a position, from which going back is then instant; or on and on."""
        left = sys.maxsize if end is None else end - self.position
        dense = left <= DENSE_STEPS
        self.advance(left if dense else left - DENSE_STEPS, dense=dense)

    def advance(self, at_most: int = 1, *, dense: bool = True) -> None:
        """One step, without making a record object of the row; `hit` is then the breakpoint met, if any.

        Up to `at_most` steps, where numbers are fetched from a device together and nothing has to see each.

        Stepping back from here is instant where the steps before were `dense`, which costs some 5 % of each.
        """
        self._use_threads()
        if self.measurer.left:
            self._measure()
        self.timeline.advance(1 if self.measurer or self.breakpoints else at_most, dense=dense)
        if self.measurer:
            self._measure()
        self.hit = self.breakpoints.hit(self.history, self.position) if self.breakpoints else None

    def prepare_back(self, go_on: Callable[[], bool], step_seconds: float) -> None:
        """Re-execute what steps back from here need, one step at a time, while `go_on` says so; not where a
        step takes longer than so many seconds."""
        spent = self.history.column("seconds", max(0, self.position - DENSE_STEPS), self.position + 1)
        if float(spent[-1] - spent[0]) > step_seconds * len(spent):
            return
        self._use_threads()
        self._rewinder.prepare(go_on)
        if go_on():
            self.trainer.evaluate()  # what the next step begins with

    def reset(self, seed: int | None = None) -> Record:
        """Back to position 0; with a seed, a new run, not yet saved, with that seed's weights and batches."""
        if seed is None:
            return self.seek(0)
        preset = changed(self.preset, {"train.seed": seed}, "seed")
        self.close()
        self.notices.clear()
        self._begin(preset)
        return self.record

    def change(self, changes: Mapping[str, Any]) -> Preset:
        """Change live settings, {dotted key: value}, from the next update on; the new config.

        In the past this starts a branch. Raises UserError, with nothing changed, for a bad value or a
        setting that needs a new run.
        """
        preset = self.timeline.change(changes)
        self._measure(again=True)
        return preset

    def fork(self, changes: Mapping[str, Any] | None = None, name: str | None = None) -> Branch:
        """Begin a branch here, with live settings changed, and go on there; the old future stays.

        Raises UserError, with nothing changed, as `change` does.
        """
        branch = self.timeline.fork(changes or {}, name)
        self._measure(again=True)
        return branch

    def switch(self, branch: int, tick: Tick | None = None) -> Record:
        """Go to another branch by its number, at the same position where it has one."""
        self._use_threads()
        self.timeline.switch(branch, tick)
        return self.record

    def state_hash(self) -> str:
        """A digest of parameters, the rule's memory and position: equal where the states are, bit for bit."""
        return self.trainer.state_hash()

    def probe(self, name: str, progress: Callable[[float], bool] | None = None, **options: Any) -> Any:
        """Compute a probe of the present state: a dataclass of `gradstep.engine.probes.results`.

        `progress` is told the share done, and cancels by returning False. Raises UserError for an unknown
        probe or option, or a run that the probe says nothing of.
        """
        subject, options = self.prepare_probe(name, options)
        return probes.run(name, subject, progress, **options)

    def prepare_probe(
        self, name: str, options: Mapping[str, Any], tick: Tick | None = None
    ) -> tuple[Subject, dict[str, Any]]:
        """Return a copy of the present state for a probe, and its options with what it wants of the way here.

        Part of the way may be re-executed; `tick` can cancel that, with SeekCancelledError.
        """
        self._use_threads()
        found = with_way_here(name, options, self.timeline, tick)
        return self._look(), found

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Copies of the parameters, layer by layer, weight (units, inputs) before bias (units,)."""
        named = self.trainer.model.parameters
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in named.items()}

    def _use_threads(self) -> None:
        """torch's number of threads is the process's, and another session may have set its own."""
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)


def _checked(name: str, steps: int) -> int:
    """So many steps. Raises UserError for less than none."""
    if steps < 0:
        raise UserError(f"{name}: given {steps}; allowed: 0 or more steps")
    return steps
