"""A sweep by a real Dask scheduler and worker processes, on the loopback interface."""

import re
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sweep_runs import done, numbers, small_plan
from traps import NAMES, set_traps, sprung

from gradstep.engine.errors import UserError
from gradstep.engine.runs.dask_workers import ClusterWorkers
from gradstep.engine.runs.sweep import Sweeping


def dask(program, *arguments, folder=None):
    """One of Dask's own programs; what it logs is on its stderr. `-m` puts its folder first on its path."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments, "--no-dashboard"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder)


def logged(process, pattern):
    """Read what a program logs until it matches."""
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found
    pytest.fail(f"the program has ended without {pattern!r}")


@contextmanager
def cluster(workers, folder=None):
    """A scheduler's address, and its worker processes; all are started in a folder."""
    scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", "0", folder=folder)
    started = [scheduler]
    try:
        address = logged(scheduler, r"tcp://127\.0\.0\.1:\d+")[0]
        options = ("--nthreads", "1", "--no-nanny")
        processes = [dask("worker", address, *options, folder=folder) for _ in range(workers)]
        started += processes
        for process in processes:
            logged(process, "Registered to")
        yield address, processes
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.communicate()


@pytest.fixture(scope="module")
def two_workers():
    with cluster(2) as made:
        yield made


def on_the_cluster(plan, address):
    return ClusterWorkers(address, plan)


def test_the_results_are_those_of_this_machine(two_workers):
    plan = small_plan("train.seed=0:4", "train.rule.learning_rate=0.05,1e30", measures=["median(loss)"])
    address, _ = two_workers
    with closing(Sweeping(plan)) as sweeping:
        for _ in sweeping.run(on_the_cluster(plan, address)):
            pass
        results = sweeping.results
    here = done(plan)
    assert sorted(results) == list(range(8))
    for point, result in results.items():
        assert repr(numbers(result.record)) == repr(numbers(here[point].record))
        assert (result.state, result.ending, result.reason) == (
            here[point].state,
            here[point].ending,
            here[point].reason,
        )


def test_progress_and_giving_up(two_workers, wait_for):
    address, _ = two_workers
    plan = small_plan("train.seed=0:2", steps=100_000_000)
    workers = on_the_cluster(plan, address)
    with closing(Sweeping(plan)) as sweeping:
        updates = sweeping.run(workers)
        running = {}
        while len(running) < 2:
            running |= next(updates).running
        assert all(end == 100_000_000 for _, end in running.values())
        updates.close()
    # the workers are free again: another sweep is done at once
    quick = small_plan("train.seed=0:2")
    with closing(Sweeping(quick)) as sweeping:
        for _ in sweeping.run(on_the_cluster(quick, address)):
            pass
        assert len(sweeping.results) == 2


def test_a_worker_that_is_killed_does_not_end_the_sweep():
    plan = small_plan("train.seed=0:6", steps=4000)
    with cluster(2) as (address, processes), closing(Sweeping(plan)) as sweeping:
        killed = False
        for update in sweeping.run(on_the_cluster(plan, address)):
            if not killed and update.running:
                processes[0].send_signal(signal.SIGKILL)
                killed = True
        results = sweeping.results
    assert killed
    here = done(plan)
    assert sorted(results) == list(range(6))
    for point, result in results.items():
        assert (result.ending, result.state) == ("done", here[point].state)
        assert numbers(result.record) == numbers(here[point].record)


def test_missing_scheduler_or_workers_are_refused():
    plan = small_plan("train.seed=0:2")
    for address in ("tcp://127.0.0.1:9", "nowhere", "tcp://", "xyz://127.0.0.1:9"):
        with pytest.raises(UserError, match="no Dask scheduler answers there"):
            ClusterWorkers(address, plan)
    with cluster(0) as (address, _), pytest.raises(UserError, match="the scheduler has no workers"):
        ClusterWorkers(address, plan)


def test_a_worker_with_another_torch_is_refused(two_workers, monkeypatch):
    address, _ = two_workers
    there = ClusterWorkers.__init__.__globals__["version"]
    monkeypatch.setattr(
        "gradstep.engine.runs.dask_workers.version", lambda name: "9.9.9" if name == "torch" else there(name)
    )
    with pytest.raises(UserError, match=rf"has torch {re.escape(there('torch'))}, this machine 9.9.9"):
        ClusterWorkers(address, small_plan("train.seed=0:2"))


def test_runs_import_nothing_from_dask_workers_folder(tmp_path, monkeypatch):
    """Without the modules that Dask itself imports, as it would any program's."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    trapped = set_traps(
        tmp_path / "started here", [name for name in NAMES if name not in ("numpy", "random")]
    )
    with cluster(1, trapped) as (address, _):
        command = ["sweep", "exam-saddle", "--steps", "5", "--over", "train.seed=0:2", "--cluster", address]
        gradstep = Path(sys.executable).with_name("gradstep")
        swept = subprocess.run([gradstep, *command], cwd=trapped, capture_output=True, text=True, timeout=100)
    assert sprung(trapped) == set()
    assert "2 runs: 2 finished" in swept.stdout, swept.stderr


def test_dask_worker_still_imports_from_its_folder(tmp_path):
    """Other clients' tasks may need them."""

    def other_client_s_task():
        import neighbour

        return neighbour.__name__

    folder = set_traps(tmp_path / "started here", ["gradstep", "neighbour"])
    with (
        cluster(1, folder) as (address, _),
        closing(ClusterWorkers(address, small_plan("train.seed=0"))) as ours,
    ):
        found = ours._client.run(other_client_s_task)
    assert set(found.values()) == {"neighbour"}
    assert sprung(folder) == {"neighbour"}
