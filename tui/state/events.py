"""The changes of the run's state by each of the engine's events."""

from __future__ import annotations

import numpy as np

from gradstep.engine.config.preset import Preset
from gradstep.engine.records.history import History
from gradstep.engine.worker.events import (
    Advanced,
    BranchList,
    BreakpointList,
    Died,
    Event,
    Landmarks,
    Logged,
    MeasuredValues,
    Opened,
    Probed,
    ProbeFailed,
    Probing,
    Ready,
    Refused,
    RunInfo,
    Saved,
    SettingsChanged,
    Stopped,
    Verdicts,
    Working,
)
from gradstep.tui import text
from gradstep.tui.charts.series import Mark
from gradstep.tui.state.log import changes_in_words, ending_in_words
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import EVERYTHING, NOTHING, Topic
from gradstep.tui.state.verdicts import in_full


def apply_event(state: RunState, event: Event) -> Topic:
    """Apply an event. Returns the parts of the state that changed."""
    match event:
        case Ready(torch):
            state.working = f"opening {text.plain((state.to_open or state.preset).name)}"
            return Topic.STATUS | state.note("info", f"engine ready, torch {torch}")
        case Working():
            share = f" {event.done / event.total:.0%}" if event.total else ""
            state.working = text.plain(event.text) + share
            return Topic.STATUS
        case Opened(preset, info):
            return _opened(state, preset, info)
        case BranchList():
            return _branched(state, event)
        case Saved(problem=problem):
            state.session = event
            return Topic.STATUS | (state.note("warning", problem) if problem else NOTHING)
        case Landmarks(keyframes):
            state.saved_at = keyframes
            return Topic.RECORDS
        case Verdicts():
            return _judged(state, event)
        case BreakpointList(breakpoints):
            state.breakpoints = breakpoints
            return Topic.BREAKPOINTS
        case Probed() | Probing() | ProbeFailed():
            state.probes.take(event)
            return Topic.PROBES
        case MeasuredValues():
            return _measured(state, event)
        case Advanced():
            return _advanced(state, event)
        case Stopped():
            return _stopped(state, event)
        case SettingsChanged():
            return _changed(state, event)
        case Refused(message):
            state.running = False
            state.working = ""
            state.refusal = text.plain(message)
            state.to_open = None
            state.edits.refused()
            return Topic.STATUS | Topic.EDITS | state.note("error", message)
        case Logged(level, message):
            return state.note(level, message)
        case Died():
            state.died = event
            state.running = False
            state.working = ""
            state.edits.refused()
            state.probes.cancel_all()
            ended = state.note("error", f"the engine has ended: {ending_in_words(event)}")
            return Topic.STATUS | Topic.EDITS | Topic.PROBES | ended
        case _:
            return NOTHING


def _opened(state: RunState, preset: Preset, info: RunInfo) -> Topic:
    state.begin(preset, info)
    data = info.data.partition(":")[0]
    return EVERYTHING | state.note(
        "info", f"{preset.name} on {data}, {info.samples:,} samples, {info.device}"
    )


def _branched(state: RunState, event: BranchList) -> Topic:
    state.branches = {branch.number: branch for branch in event.branches}
    for gone in set(state.histories) - set(state.branches):
        del state.histories[gone]
        state.judged.forget(gone)
    for branch in event.branches:
        if branch.number not in state.histories:
            parent = state.histories[branch.parent or 0]
            state.histories[branch.number] = History(parent.batches, parent, branch.fork)
    if event.current != state.branch:
        state.branch = event.current
        state.revision += 1
        state.judged.turned = ()
    return Topic.RECORDS | Topic.STATUS | Topic.CLAIMS


def _judged(state: RunState, event: Verdicts) -> Topic:
    """Take verdicts, which arrive before their records and their branch."""
    turned = state.judged.take(event.branch, event.verdicts, here=event.branch == state.branch)
    topics = Topic.CLAIMS | (Topic.STATUS if turned else NOTHING)
    for verdict in turned:
        topics |= state.note("info", in_full(verdict), verdict.steps)
    return topics


def _measured(state: RunState, event: MeasuredValues) -> Topic:
    history = state.histories[event.branch]
    for name, positions, values in event.values:
        for position, value in zip(positions.tolist(), values.tolist(), strict=True):
            history.measured.put(name, position, value)
        if positions[0] < len(history):  # drawn already, without the value
            state.revision += 1
    return Topic.RECORDS


def _advanced(state: RunState, event: Advanced) -> Topic:
    history = state.histories[event.branch]
    replaces = event.first < len(history)
    if replaces:
        known = history.rows(event.first)
        history.truncate(event.first)
        state.stamp += not np.array_equal(event.rows[: len(known)], known, equal_nan=True)
    state.revision += replaces or event.branch != state.branch
    history.extend(event.rows)
    if event.branch != state.branch:
        return Topic.RECORDS
    if event.running and not state.running:
        state.ran_from = max(event.first - 1, 0)
    state.position, state.running, state.until = event.position, event.running, event.until
    state.working = ""
    if event.running:
        state.stopped = None
    return Topic.RECORDS | Topic.STATUS


def _stopped(state: RunState, event: Stopped) -> Topic:
    state.position, state.running, state.stopped = event.position, False, event
    state.working = ""
    topics = Topic.STATUS | Topic.RECORDS
    if event.kind in ("diverged", "limit", "condition", "breakpoint"):
        state.judged.stopped(event.position)
        mark = Mark(event.position, "stop", text.plain(event.reason))
        stops = state.stops.setdefault(state.branch, [])
        if mark not in stops:
            stops.append(mark)
        topics |= state.note("error" if event.kind == "diverged" else "info", event.reason)
    return topics


def _changed(state: RunState, event: SettingsChanged) -> Topic:
    state.preset = event.preset
    state.watched = tuple(event.preset.watch)
    state.stamp += bool(event.changes)
    state.edits.applied(event.preset, event.changes)
    state.working = state.refusal = ""
    topics = Topic.RUN | Topic.EDITS | Topic.STATUS | Topic.RECORDS
    return topics | state.note("info", changes_in_words(event.changes)) if event.changes else topics
