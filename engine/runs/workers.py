"""What the runner needs of those who do the runs: processes of this machine, or a cluster's."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Protocol

from gradstep.engine.runs.result import Job, Result

Progress = Mapping[int, tuple[int, int]]
"""Of runs by their points: (position, planned end)."""


class Workers(Protocol):
    """Does runs through a `concurrent.futures.Executor`."""

    @property
    def count(self) -> int:
        """How many runs are worth submitting at once."""

    def submit(self, job: Job) -> Future[Result]:
        """Have a run done. Raises BrokenExecutor where a process has died meanwhile."""

    def progress(self) -> Progress:
        """How far the runs are that have begun."""

    def restart(self) -> None:
        """Go on with new processes after a broken executor."""

    def close(self) -> None:
        """Give up what still runs, and end the processes."""
