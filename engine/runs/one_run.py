"""Does one run of a sweep, from its config to its result."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gradstep.engine.conditions.aggregates import Place, parse_number_of_run
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.changes import changed
from gradstep.engine.data.load import load_kept
from gradstep.engine.errors import UserError, explain
from gradstep.engine.runs.other_runs import FinishedRuns
from gradstep.engine.runs.result import Ending, Job, Result
from gradstep.engine.session.session import Session

TELL_SECONDS = 0.1

Tell = Callable[[int, int], None]
"""Told (position, planned end) now and then; it may raise, and ends the run so."""


class CancelledError(Exception):
    """The run is no longer wanted."""


def do(job: Job, tell: Tell) -> Result:
    """Run to the planned end, the condition, or a loss that is not finite. What fails is a result too."""
    started = time.perf_counter()
    try:
        return _done(job, tell, started)
    except CancelledError:
        raise
    except UserError as error:
        reason = str(error)
    except Exception as error:
        reason = explain(error)
    return Result(job.point, "failed", reason, seconds=time.perf_counter() - started)


def _done(job: Job, tell: Tell, started: float) -> Result:
    # nobody goes back in these runs, so no memory is spent on it
    preset = changed(job.preset, {"run.keyframe_megabytes": 1})
    session = Session(preset, dataset=load_kept(preset.data, preset.train.dtype, job.data_dir))
    end = session.planned_steps or 0
    until = parse_condition(job.until) if job.until is not None else None
    if until is not None:
        session.look_for(until)
    met, told, could_tell = False, 0.0, False
    while session.position < end and not met and not session.diverged:
        if time.monotonic() - told > TELL_SECONDS:
            tell(session.position, end)
            told = time.monotonic()
        session.advance(end - session.position if until is None else 1, dense=False)
        if until is not None:
            held = until.holds(session.history, session.position)
            met, could_tell = bool(held), could_tell or held is not None
    here = session.position
    finals = FinishedRuns(job.data_dir, _shared(job), lambda: tell(here, end))
    places = [Place(session.history, position, finals) for position in range(here + 1)]
    ending, reason = _ending(session, job.until, met, could_tell)
    return Result(
        job.point,
        ending,
        reason,
        session.record,
        tuple(parse_number_of_run(measure).value(places) for measure in job.measures),
        tuple(parse_condition(condition).holds(*places[-1]) for condition in job.conditions),
        tuple(verdict.outcome for verdict in session.claims(finals)),
        session.state_hash(),
        time.perf_counter() - started,
    )


def _ending(session: Session, until: str | None, met: bool, could_tell: bool) -> tuple[Ending, str]:
    """How a run ended, and why, in words; `could_tell` is whether the condition had a value anywhere."""
    if met:
        return "condition", f"stopped at step {session.position:,}: {until}"
    if session.diverged:
        return "diverged", session.diverged
    finished = f"finished at step {session.position:,}"
    if until is None:
        return "done", finished
    return "done", f"{finished}; {'never reached' if could_tell else 'no value of'} {until}"


def _shared(job: Job) -> dict[str, Any]:
    """What the runs of other presets that this one is compared with have in common with it."""
    changes: dict[str, Any] = {"train.threads": job.preset.train.threads}
    if job.same_seed:
        changes["train.seed"] = job.preset.train.seed
    return changes
