"""A sweep beside the run, on a thread that hands runs to processes, so that no step waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path

from gradstep.engine.errors import UserError, explain
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import Plan
from gradstep.engine.runs.sweep import Sweeping
from gradstep.engine.training.rules.stability import stable_product
from gradstep.engine.training.threads import available_processors
from gradstep.engine.worker.events import (
    Event,
    SweepEnded,
    SweepSharpness,
    Swept,
)

LEARNING_RATE = "train.rule.learning_rate"
PATIENCE_SECONDS = 5.0
"""The longest wait for a cancelled sweep's runs to end."""


class Sweeper:
    """The thread of a sweep. Does one at a time, and leaves a processor to the run."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._thread: threading.Thread | None = None
        self._over = threading.Event()

    def start(self, plan: Plan, data_dir: Path | None) -> None:
        """Cancel the current sweep, and begin or resume this one."""
        before, over = self._thread, threading.Event()
        self.cancel()
        self._over = over
        self._thread = threading.Thread(
            target=self._work, args=(plan, data_dir, before, over), name="sweep", daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Cancel the sweep. Finished runs are kept."""
        self._over.set()

    def close(self) -> None:
        """Cancel the sweep and end its processes."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)

    def _work(
        self, plan: Plan, data_dir: Path | None, before: threading.Thread | None, over: threading.Event
    ) -> None:
        if before is not None:
            before.join()
        try:
            with closing(Sweeping(plan, None, data_dir)) as sweeping:
                said = self._sweep(sweeping, data_dir, over)
        except UserError as error:
            said = str(error)
        except Exception as error:
            said = explain(error)
        self._tell(SweepEnded(plan, said))

    def _tell(self, event: Event) -> None:
        try:
            self._send(event)
        except OSError:
            self._over.set()  # the front end is gone; the host will end

    def _sweep(self, sweeping: Sweeping, data_dir: Path | None, over: threading.Event) -> str:
        plan = sweeping.plan
        self._tell(Swept(plan, tuple(sweeping.results.values()), {}))
        workers = LocalWorkers(max(1, min(available_processors() - 1, len(plan))), len(plan))
        wanted = _sharpness(plan, workers, data_dir)
        with closing(sweeping.run(workers)) as updates:
            for update in updates:
                if over.is_set():
                    return "cancelled; finished runs are kept"
                self._tell(Swept(plan, update.results, update.running))
                if wanted is not None and wanted.done():
                    with suppress(Exception):  # optional: the map then shows no limit
                        self._tell(SweepSharpness(plan, wanted.result()))
                    wanted = None
        return ""


def _sharpness(plan: Plan, workers: LocalWorkers, data_dir: Path | None) -> Future[float] | None:
    """Submit λmax at the start of the first run; None if the sweep has no limit of the learning rate."""
    if stable_product(plan.preset) is None or all(axis.key != LEARNING_RATE for axis in plan.axes):
        return None
    return workers.sharpness(plan.config(0), data_dir)
