"""The workers of a Dask cluster, for the runner, through Dask's own executor."""

from __future__ import annotations

import logging
import pickle
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gradstep.engine.data import load as data
from gradstep.engine.errors import UserError
from gradstep.engine.runs.plan import Plan
from gradstep.engine.runs.result import Job, Result
from gradstep.engine.runs.workers import Progress

TIMEOUT_SECONDS = 5
SUBMITTED = 2
"""Runs submitted per worker: the second one waits there, so that no worker is idle between runs."""
MUST_AGREE = ("gradstep", "torch")
"""Programs with the same version on all machines. Another version may compute other bits."""


class ClusterWorkers:
    """The scheduler's workers at the start, each with one run at a time.

    Dask gives the run of a lost worker to another one. Raises UserError if no scheduler answers, if it has no
    worker, or if a worker's programs or data differ from this machine's.
    """

    def __init__(self, address: str, plan: Plan, data_dir: Path | None = None) -> None:
        self._progress: dict[int, tuple[int, int]] = {}
        self._client = _connected(address)
        try:
            self.count = SUBMITTED * _check(self._client, address, plan, data_dir)
            self._topic = f"gradstep-{uuid.uuid4().hex}"
            self._client.subscribe_topic(self._topic, self._told)
            self._executor = self._client.get_executor(pure=False)
        except BaseException:
            self._client.close()
            raise

    def submit(self, job: Job) -> Future[Result]:
        future: Future[Result] = self._executor.submit(_caller(), _call(_work, job, self._topic))
        return future

    def progress(self) -> Progress:
        return dict(self._progress)

    def restart(self) -> None:
        """Do nothing: Dask replaces its workers by itself."""

    def close(self) -> None:
        self._executor.shutdown(wait=False)
        self._client.close()

    def _told(self, event: tuple[float, tuple[int, int, int]]) -> None:
        point, position, end = event[1]
        self._progress[point] = position, end


def _connected(address: str) -> Any:
    """Return a Dask client, untyped as all of Dask. Raises UserError if Dask or the scheduler is missing."""
    try:
        import distributed
    except ImportError:
        raise UserError("--cluster needs Dask: pip install 'gradstep[cluster]'") from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # the UserError below says it
    client: Any = distributed.Client
    try:
        return client(address, timeout=TIMEOUT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError):
        raise UserError(
            f"--cluster {address}: no Dask scheduler answers there; allowed: an address such as "
            "tcp://127.0.0.1:8786, as `dask scheduler` prints it"
        ) from None


def _check(client: Any, address: str, plan: Plan, data_dir: Path | None) -> int:
    """Return the number of workers. Raises UserError for none, or one that differs from this machine."""
    here = _environment(plan, data_dir)
    there = client.run(_caller(), _call(_environment, plan, data_dir), on_error="return")
    if not there:
        raise UserError(f"--cluster {address}: the scheduler has no workers; `dask worker {address}` is one")
    for worker, found in there.items():
        if isinstance(found, Exception):
            raise UserError(
                f"--cluster {address}: the worker {worker} can't do runs: {type(found).__name__}: {found}"
            )
        for program in MUST_AGREE:
            if found[program] != here[program]:
                raise UserError(
                    f"--cluster {address}: the worker {worker} has {program} {found[program]}, "
                    f"this machine {here[program]}"
                )
        if found["data"] != here["data"]:
            raise UserError(
                f"--cluster {address}: the worker {worker} has other data: {found['description']}; "
                f"this machine: {here['description']}"
            )
    return len(there)


def _environment(plan: Plan, data_dir: Path | None) -> dict[str, str]:
    """Return the versions and the data that must be the same on all machines, for equal bits."""
    found = data.load(plan.preset.data, plan.preset.train.dtype, data_dir)
    programs = {program: version(program) for program in MUST_AGREE}
    return {**programs, "data": found.fingerprint, "description": found.description}


def _call(function: Callable[..., object], *arguments: object) -> bytes:
    """Pickle a call for a worker. Bytes import nothing there until `_caller`'s function runs."""
    return pickle.dumps((function, arguments))


# --- on the workers ---------------------------------------------------------------------------------


def _caller() -> Callable[[bytes], Any]:
    """Return a function that makes a `_call` with the gradstep that is installed on the worker.

    Dask ships a nested function by value. It would import a function of this module by name, perhaps from a
    folder `gradstep` in the worker's current folder.
    """

    def call(given: bytes) -> Any:
        import os
        import pickle
        import sys

        # Move the current folder to the end. Other clients' tasks may import their modules from there.
        try:
            here = os.getcwd()
        except FileNotFoundError:  # a deleted folder has no modules
            here = ""
        sys.path[:] = sorted(sys.path, key=lambda path: path == here or not os.path.isabs(path))
        function, arguments = pickle.loads(given)
        return function(*arguments)

    return call


_one_at_a_time = threading.Lock()
"""Held during a run: a worker with several threads does one at a time, since they share torch's threads."""


def _work(job: Job, topic: str) -> Result:
    from distributed import get_worker

    from gradstep.engine.runs.one_run import CancelledError, do

    worker: Any = get_worker()
    key = worker.get_current_task()

    def tell(position: int, end: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state != "executing":
            raise CancelledError  # the client has cancelled it
        worker.log_event(topic, (job.point, position, end))

    with _one_at_a_time:
        return do(job, tell)
