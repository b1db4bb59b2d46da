"""The news for the front end: records, branches, verdicts that it does not have yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gradstep.engine.probes.registry import available
from gradstep.engine.probes.subject import Problem
from gradstep.engine.session.session import Session
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    BreakpointList,
    Event,
    Landmarks,
    LayerInfo,
    Logged,
    MeasuredValues,
    RunInfo,
    SettingsChanged,
    Verdicts,
)
from gradstep.engine.worker.goal import Goal

VERDICT_SECONDS = 0.4
"""Seconds between two `Verdicts` in which only numbers of steps grow: at least twice a second is wanted."""


class Teller:
    """Sends the changes of one run, each once. The goal says whether the run is going on, and to where."""

    def __init__(self, session: Session, send: Callable[[Event], None]) -> None:
        self._session = session
        self._send = send
        self._sent: dict[int, int] = {}
        """By branch: the number of positions sent."""
        self._measured: dict[int, int] = {}
        """By branch: the number of measured values sent."""
        self._branches = (-1, -1)
        self._mismatch = False
        self._verdicts: Verdicts | None = None
        self._verdicts_due = 0.0

    def changed(self, changes: dict[str, Any], goal: Goal | None) -> None:
        """Tell of a changed config, and again of the record here, whose learning rate may be another."""
        session = self._session
        branch = session.timeline.branch.number
        self.verdicts(goal)
        self._sent[branch] = min(self._sent.get(branch, 0), session.position)
        self._tell_branches()
        self._send(SettingsChanged(session.preset, session.position, changes))
        self.advanced(goal)

    def advanced(self, goal: Goal | None) -> None:
        """Tell of new records and values of every branch, and of the position."""
        self.verdicts(goal)
        self._tell_branches()
        timeline = self._session.timeline
        for branch in timeline.branches.values():
            measured = branch.history.measured
            if len(measured) > (told := self._measured.get(branch.number, 0)):
                self._send(MeasuredValues(branch.number, tuple(measured.since(told))))
                self._measured[branch.number] = len(measured)
            first = max(branch.fork, self._sent.get(branch.number, 0))
            rows = branch.history.rows(first)
            if len(rows) or branch is timeline.branch:
                until = goal.text if goal is not None else ""
                running = goal is not None
                self._send(Advanced(first, rows, timeline.position, running, branch.number, until))
            self._sent[branch.number] = len(branch.history)
        if timeline.mismatch is not None and not self._mismatch:
            self._mismatch = True
            self._send(Logged("warning", f"step {timeline.mismatch} came out otherwise than it is recorded"))

    def verdicts(self, goal: Goal | None) -> None:
        """Tell of changed verdicts, before the records and the branch that they are of.

        While the run goes on, verdicts in which only numbers of steps grow wait for their time.
        """
        session, before = self._session, self._verdicts
        now = Verdicts(tuple(session.claims()), session.timeline.branch.number)
        if now == before:
            return
        clock = time.monotonic()
        if goal is not None and not _turned(before, now) and clock < self._verdicts_due:
            return
        self._verdicts, self._verdicts_due = now, clock + VERDICT_SECONDS
        self._send(now)

    def breakpoints(self) -> None:
        """Tell of all breakpoints."""
        self._send(BreakpointList(tuple(self._session.breakpoints)))

    def landmarks(self) -> None:
        """Tell where states are saved. It takes longer than a frame should."""
        self._send(Landmarks(tuple(self._session.timeline.keyframe_positions())))

    def _tell_branches(self) -> None:
        timeline = self._session.timeline
        now = (timeline.branches.revision, timeline.branch.number)
        if now == self._branches:
            return
        self._branches = now
        branches = tuple(
            BranchInfo(branch.number, branch.name, branch.parent, branch.fork, tuple(branch.changes))
            for branch in timeline.branches.values()
        )
        self._send(BranchList(branches, timeline.branch.number))


def _turned(before: Verdicts | None, now: Verdicts) -> bool:
    """Return whether more than numbers of steps differ."""
    if before is None or before.branch != now.branch:
        return True
    pairs = zip(before.verdicts, now.verdicts, strict=True)
    return any((old.standing, old.position) != (new.standing, new.position) for old, new in pairs)


def describe(session: Session) -> RunInfo:
    """Return what a front end shows of a run beside its config."""
    preset = session.preset
    bias = preset.network.bias
    layers = tuple(
        LayerInfo(f"layer{number}", shape, shape[0] * (shape[1] + bias), layer.activation)
        for number, (shape, layer) in enumerate(
            zip(preset.network.shapes(preset.data.width), preset.network.layers, strict=True), 1
        )
    )
    return RunInfo(
        data=session.dataset.description,
        substitute=session.dataset.substitute,
        samples=session.trainer.batches.samples,
        batches=session.trainer.batches.count,
        validate_every=session.timeline.recorder.next_validation(0),
        layers=layers,
        device=preset.train.device,
        threads=int(preset.train.threads),
        available=available(Problem.of_run(session.trainer)),
    )
