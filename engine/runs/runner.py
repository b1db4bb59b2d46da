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
"""How often a run is begun before it counts as failed."""
BARREN = 3
"""Deaths of processes in a row, with no run begun, after which none will ever begin one."""


@dataclass(frozen=True)
class Update:
    """New results since the last update, and the progress of the running runs."""

    results: tuple[Result, ...]
    running: Progress


def run_all(jobs: Iterable[Job], workers: Workers) -> Iterator[Update]:
    """Have all jobs done; an update a frame, with one result for each job in the end.

    Closing the iterator gives up what still runs. Raises UserError where no process ever begins a run.
    """
    runner = _Runner(jobs, workers)
    try:
        while runner.unfinished:
            yield runner.frame()
    finally:
        workers.close()


class _Runner:
    """Runs that are waiting, running or under suspicion.

    A process that dies takes the runs beside it along. Each of them is begun again, alone, to find the one
    that kills it; its second death is its result.
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
        """The runs that wait, of which the first is known if there is one."""
        if not self._waiting:
            self._waiting.extend(islice(self._fresh, 1))
        return self._waiting

    def frame(self) -> Update:
        """Submit as many runs as there is room for, and wait a little for results."""
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
        """After the death of a process, start new ones and queue the lost runs. Return those given up."""
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
        raise UserError("the workers are gone; what is finished is kept") from None
    except Exception as error:
        return Result(job.point, "failed", explain(error))
