"""A run of a sweep, from its config to its result."""

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
from gradstep.engine.session.stepping import Stop

TELL_SECONDS = 0.1

Tell = Callable[[int, int], None]
"""Called with (position, planned end) every `TELL_SECONDS`. It may raise, to end the run."""


class CancelledError(Exception):
    """The run is no longer wanted."""


def do(job: Job, tell: Tell) -> Result:
    """Run to the planned end, the condition, or a loss that is not finite. A failure is a result too."""
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
    # no run of a sweep steps back, so keyframes would waste memory
    preset = changed(job.preset, {"run.keyframe_megabytes": 1})
    session = Session(preset, dataset=load_kept(preset.data, preset.train.dtype, job.data_dir))
    end = session.planned_steps or 0
    until = parse_condition(job.until) if job.until is not None else None
    told = 0.0
    for progress in session.run(end, until):
        if time.monotonic() - told > TELL_SECONDS and progress.stop is None:
            tell(progress.position, end)
            told = time.monotonic()
    here = session.position
    finals = FinishedRuns(job.data_dir, _shared(job), lambda: tell(here, end))
    places = [Place(session.history, position, finals) for position in range(here + 1)]
    ending, reason = _ending(progress.stop, here, job.until)
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


def _ending(stop: Stop | None, position: int, until: str | None) -> tuple[Ending, str]:
    """Return how a run ended, and the reason in words."""
    assert stop is not None, "the last progress of a run says why it stopped"
    if stop.kind == "condition":
        return "condition", f"stopped at step {position:,}: {until}"
    if stop.kind == "not finite":
        return "diverged", stop.reason
    finished = f"finished at step {position:,}"
    if until is None:
        return "done", finished
    return "done", f"{finished}; {'never reached' if stop.could_tell else 'no value of'} {until}"


def _shared(job: Job) -> dict[str, Any]:
    """Return the settings that the runs compared with this one share with it."""
    changes: dict[str, Any] = {"train.threads": job.preset.train.threads}
    if job.same_seed:
        changes["train.seed"] = job.preset.train.seed
    return changes
