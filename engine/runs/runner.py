"""The runner: hands jobs to workers, and survives the death of their processes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass
from itertools import islice

from gradstep.engine.errors import UserError, explain
from gradstep.engine.runs.result import Job, Result
from gradstep.engine.runs.workers import Progress, Workers

FRAME_SECONDS = 0.2
TRIES = 2
"""Attempts at a run before it counts as failed."""
BARREN = 3
"""Deaths in a row, before any run began, after which the sweep ends with an error."""


@dataclass(frozen=True)
class Update:
    """New results since the last update, and the progress of the running runs."""

    results: tuple[Result, ...]
    running: Progress


def run_all(jobs: Iterable[Job], workers: Workers) -> Iterator[Update]:
    """Do all jobs, and yield an update a frame; together they have one result for each job.

    Closing the iterator cancels the running jobs. Raises UserError if no process can begin a run.
    """
    runner = _Runner(jobs, workers)
    try:
        while runner.unfinished:
            yield runner.frame()
    finally:
        workers.close()


class _Runner:
    """The runs of a sweep: waiting, running, or suspected of killing their process.

    The death of a process breaks the pool, and all running jobs are lost. Each of them is tried again alone.
    A job that kills its process twice has failed.
    """

    def __init__(self, jobs: Iterable[Job], workers: Workers) -> None:
        self._workers = workers
        self._fresh = iter(jobs)
        self._waiting: deque[Job] = deque()
        self._suspects: deque[Job] = deque()
        self._running: dict[Future[Result], Job] = {}
        self._deaths: Counter[int] = Counter()
        self._barren = 0

    @property
    def unfinished(self) -> bool:
        return bool(self._to_do() or self._suspects or self._running)

    def _to_do(self) -> deque[Job]:
        """Return the waiting jobs, after fetching the next one if none waits."""
        if not self._waiting:
            self._waiting.extend(islice(self._fresh, 1))
        return self._waiting

    def frame(self) -> Update:
        """Submit jobs until the workers are full, and wait up to FRAME_SECONDS for results."""
        results: list[Result] = []
        try:
            self._submit()
            done, _ = wait(self._running, FRAME_SECONDS, FIRST_COMPLETED)
            for future in done:
                results.append(_result(future, self._running[future]))
                del self._running[future]
        except BrokenExecutor:
            results += self._pick_up()
        begun = self._workers.progress()
        points = [job.point for job in self._running.values()]
        return Update(tuple(results), {point: begun[point] for point in points if point in begun})

    def _submit(self) -> None:
        room = 1 if self._suspects or self._a_suspect_runs else self._workers.count
        while len(self._running) < room and (queue := self._suspects or self._to_do()):
            self._running[self._workers.submit(queue[0])] = queue[0]
            queue.popleft()

    @property
    def _a_suspect_runs(self) -> bool:
        return any(job.point in self._deaths for job in self._running.values())

    def _pick_up(self) -> list[Result]:
        """Start new processes after a death, and queue the lost jobs. Return the failed ones' results."""
        results, lost = [], []
        for future, job in self._running.items():
            try:
                results.append(_result(future, job))
            except BrokenExecutor:
                lost.append(job)
        self._running.clear()
        begun = self._workers.progress()
        self._workers.restart()
        self._barren = 0 if results or any(job.point in begun for job in lost) else self._barren + 1
        if self._barren == BARREN:
            raise UserError("the sweep's processes end before they begin a run: is there memory for them?")
        for job in lost:
            if job.point not in begun:
                self._waiting.appendleft(job)
                continue
            self._deaths[job.point] += 1
            if self._deaths[job.point] < TRIES:
                self._suspects.append(job)
            else:
                reason = f"its process was killed {TRIES} times: did it need more memory than there is?"
                results.append(Result(job.point, "failed", reason))
        return results


def _result(future: Future[Result], job: Job) -> Result:
    """Return the result of a finished run. Raises BrokenExecutor if its process has died."""
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except CancelledError:
        raise UserError("the workers are gone; finished runs are kept") from None
    except Exception as error:
        return Result(job.point, "failed", explain(error))
