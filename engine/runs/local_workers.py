"""The workers of this machine: a pool of processes, each with one run at a time."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, forkserver, get_context, parent_process, resource_tracker
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.config.preset import Preset
from gradstep.engine.runs.result import Job, Result
from gradstep.engine.runs.workers import Progress

POSITION, END = 0, 1
SAFE_PATH = "PYTHONSAFEPATH"


class Board:
    """The progress of all runs, and a flag that cancels them, shared by the processes.

    A memory-mapped file and not a queue: a process killed while it writes would leave a queue locked.
    """

    def __init__(self, path: Path, points: int) -> None:
        self._cells: NDArray[np.float64] = np.memmap(path, np.float64, "r+", shape=(points + 1, 2))

    @staticmethod
    def make(folder: Path, points: int) -> Path:
        """Write the file of a board: (position, end) of each point, and a last row for the flag."""
        path = folder / "board"
        np.zeros((points + 1, 2)).tofile(path)
        return path

    def write(self, point: int, position: int, end: int) -> None:
        self._cells[point] = position, end

    def read(self, points: int) -> Progress:
        begun = np.flatnonzero(self._cells[:-1, END])
        return {int(point): tuple(self._cells[point].astype(int).tolist()) for point in begun}

    @property
    def over(self) -> bool:
        return bool(self._cells[-1, END])

    def end(self) -> None:
        self._cells[-1, END] = 1


class LocalWorkers:
    """A pool of `count` processes. They start with the first submitted run, and end with this process."""

    def __init__(self, count: int, points: int) -> None:
        self.count = count
        self._points = points
        self._folder = tempfile.TemporaryDirectory(prefix="gradstep-sweep-")
        self._path = Board.make(Path(self._folder.name), points)
        self._board = Board(self._path, points)
        self._pool = self._make_pool()

    def _make_pool(self) -> ProcessPoolExecutor:
        # a server with torch imported forks the processes: they start fast, also after a crash
        context = get_context("forkserver")
        context.set_forkserver_preload(["gradstep.engine.runs.one_run"])
        _start_fork_server()
        return ProcessPoolExecutor(
            self.count, context, initializer=_begin, initargs=(self._path, self._points, dict(os.environ))
        )

    def submit(self, job: Job) -> Future[Result]:
        return self._pool.submit(_work, job)

    def sharpness(self, preset: Preset, data_dir: Path | None) -> Future[float]:
        """Submit the computation of the Hessian's largest eigenvalue at the start of a preset's run."""
        return self._pool.submit(_sharpness, preset, data_dir)

    def progress(self) -> Progress:
        return self._board.read(self._points)

    def restart(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._pool = self._make_pool()

    def close(self) -> None:
        self._board.end()
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()


def _start_fork_server() -> None:
    """Start the server with SIGINT blocked, in it and in its forks.

    The terminal sends Ctrl+C to all processes. Only the process that owns the terminal handles it.
    """
    with _safe_path():
        resource_tracker.ensure_running()  # first: it starts with the server, and then unblocks signals
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _safe_path() -> Iterator[None]:
    """Keep the current folder out of the import path of Python processes started meanwhile.

    `multiprocessing` starts both with `-c`, which looks for modules in the current folder first. It passes
    on this process's own `-P`, and has no option to add one.
    """
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


# --- in the processes -------------------------------------------------------------------------------

_board: Board | None = None


def _begin(path: Path, points: int, environment: dict[str, str]) -> None:
    """Set up a process of the pool."""
    global _board
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    os.environ.pop(SAFE_PATH, None)  # set for the fork server; `environment` has the user's own value
    os.environ.update(environment)
    _board = Board(path, points)


def _end_with_parent() -> None:
    """End this process when its parent dies: a process of a pool never stops waiting for work."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(job: Job) -> Result:
    from gradstep.engine.runs.one_run import CancelledError, do

    board = _board
    assert board is not None, "the process was made ready"

    def tell(position: int, end: int) -> None:
        if board.over:
            raise CancelledError
        board.write(job.point, position, end)

    return do(job, tell)


def _sharpness(preset: Preset, data_dir: Path | None) -> float:
    from gradstep.engine.session.session import Session

    return float(Session(preset, data_dir).probe("curvature", smallest=False).sharpness)
