"""A session: a run as a front end or a script drives it, with its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gradstep.engine.conditions.claims import Judge, Verdict
from gradstep.engine.conditions.expression import Condition, Finals, no_runs
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.changes import changed
from gradstep.engine.config.preset import Preset
from gradstep.engine.data import load as data
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.errors import UserError
from gradstep.engine.probes import registry as probes
from gradstep.engine.probes.subject import Subject
from gradstep.engine.probes.unit_death import find_unit_death
from gradstep.engine.probes.way_here import with_way_here
from gradstep.engine.records.record import Record
from gradstep.engine.session.begin import begin
from gradstep.engine.session.file import StoreError, refuse_existing
from gradstep.engine.session.folder import checked_name
from gradstep.engine.session.lock import lock, unlock
from gradstep.engine.session.resume import load_run
from gradstep.engine.session.save import Saver
from gradstep.engine.session.stepping import Stepping, checked
from gradstep.engine.timeline.timeline import SeekCancelledError, Tick, Timeline


class Session(Stepping):
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
        self._saver: Saver | None = None
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
        session._saver = None
        session._prepare()
        held = None
        if save:
            try:
                held = lock(path)
            except StoreError as error:
                session.notices.append(f"{error}; changes will not be saved")
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
                session.notices.append(f"{error}; changes will not be saved")
            else:
                if run.differences:
                    session.fork(name=session.timeline.branches.free_name(f"replay from {session.position}"))
        return session

    def _enter(self, timeline: Timeline) -> None:
        self._judges: dict[int, list[Judge]] = {}
        super()._enter(timeline)

    def reset(self, seed: int | None = None) -> Record:
        """Go to position 0; with a seed, begin a new unsaved run with that seed's weights and batches."""
        if seed is None:
            return self.seek(0)
        preset = changed(self.preset, {"train.seed": seed}, "seed")
        self.close()
        self.notices.clear()
        self._enter(begin(preset, self.dataset))
        return self.record

    # --- questions -----------------------------------------------------------------------------------

    def run_until(self, condition: str, limit: int | None = None) -> Record | None:
        """Step until a condition holds, tested from the next position on. Return the record there.

        Returns None after `limit` steps without it, or at a loss that is not finite. The recorded future is
        searched first; breakpoints do not stop. Raises UserError for a bad condition or limit.
        """
        parsed = parse_condition(condition)
        self.recorded.check(parsed)
        end = None if limit is None else self.position + checked("limit", limit)
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

    def seek_unit_death(self, layer: int, unit: int, tick: Tick | None = None) -> Record:
        """Go back to the update that killed a unit, one that fires on no training sample now.

        At the position arrived at the unit fires on a sample, at the next one on none. Layers and units
        count from 0. If `tick` cancels, or UserError is raised (the unit is not dead, or always was), the
        run stays here.
        """
        here = self.position
        self.timeline.use_threads()
        try:
            return self.seek(find_unit_death(self.timeline, self.dataset, layer, unit, tick), tick)
        except UserError:
            self.timeline.seek(here)
            raise

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

    def probe(self, name: str, progress: Callable[[float], bool] | None = None, **options: Any) -> Any:
        """Compute a probe of the current state. Return a dataclass of `gradstep.engine.probes.results`.

        `progress` is called with the share done, and cancels by returning False. Raises UserError for an
        unknown probe or option, or a probe that does not apply to this run.
        """
        subject, options = self.prepare_probe(name, options)
        return probes.run(name, subject, progress, **options)

    def prepare_probe(
        self, name: str, options: Mapping[str, Any], tick: Tick | None = None
    ) -> tuple[Subject, dict[str, Any]]:
        """Return a copy of the current state for a probe, and its options with the path to here.

        Part of the path may be re-executed. `tick` can cancel that, with SeekCancelledError.
        """
        self.timeline.use_threads()
        found = with_way_here(name, options, self.timeline, tick)
        return self._look(), found

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

    @property
    def path(self) -> Path | None:
        """The session file that the run is saved to."""
        return self._saver.path if self._saver is not None else None

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
