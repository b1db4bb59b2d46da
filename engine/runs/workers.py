"""The interface of workers, for the runner: processes of this machine, or a cluster's."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Protocol

from gradstep.engine.runs.result import Job, Result

Progress = Mapping[int, tuple[int, int]]
"""(position, planned end) of runs, by their points."""


class Workers(Protocol):
    """Does runs through a `concurrent.futures.Executor`."""

    @property
    def count(self) -> int:
        """The number of runs worth submitting at once."""

    def submit(self, job: Job) -> Future[Result]:
        """Submit a run. Raises BrokenExecutor if a process has died meanwhile."""

    def progress(self) -> Progress:
        """Return the progress of the runs that have begun."""

    def restart(self) -> None:
        """Start new processes after a broken executor."""

    def close(self) -> None:
        """Cancel the running runs, and end the processes."""
