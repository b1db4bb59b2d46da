"""A sweep from its plan to its results, which skips the runs that its file has already."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

from gradstep.engine.runs.plan import Plan
from gradstep.engine.runs.result import Job, Result
from gradstep.engine.runs.results_file import ResultsFile, identity, own_path
from gradstep.engine.runs.runner import Update, run_all
from gradstep.engine.runs.workers import Workers


class Sweeping:
    """A sweep with its file. Without a `path`, a default file is kept until the sweep is complete.

    Raises UserError for a file of another sweep, or missing data.
    """

    def __init__(self, plan: Plan, path: Path | None = None, data_dir: Path | None = None) -> None:
        self.plan = plan
        self._data_dir = data_dir
        self._own = path is None
        meant = identity(plan, data_dir)
        self._file = ResultsFile(path or own_path(plan, meant), plan, meant)
        self.results: dict[int, Result] = self._file.results()

    @property
    def path(self) -> Path:
        """The file of the results."""
        return self._file.path

    def left(self) -> Iterator[Job]:
        """Yield the runs that are not finished."""
        plan, data_dir = self.plan, self._data_dir
        same_seed = any(axis.key == "train.seed" for axis in plan.axes)
        for point in sorted(set(range(len(plan))).difference(self.results)):
            config = plan.config(point)
            yield Job(point, config, plan.until, plan.measures, data_dir=data_dir, same_seed=same_seed)

    def run(self, workers: Workers) -> Generator[Update, None, None]:
        """Do the unfinished runs. In the end `results` is complete."""
        for update in run_all(self.left(), workers):
            for result in update.results:
                self._file.add(result)
                self.results[result.point] = result
            yield update

    def reread(self) -> None:
        """Read `results` from the file again. An interrupt may have come after a run's write to it."""
        self.results = self._file.results()

    def keep(self) -> None:
        """Keep the file, even if the sweep is complete."""
        self._own = False

    def close(self) -> None:
        """Release the file. A default file is deleted if the sweep is complete or has no result."""
        kept = sum(result.ending != "failed" for result in self.results.values())
        self._file.close(delete=self._own and kept in (0, len(self.plan)))
