"""What a sweep costs: on all processors beside one run after another, and by Dask beside the process pool.

By hand: python tests/benchmarks/sweep.py [--runs N] [--steps N]

Each row is a ratio of two things timed in turn, processes warm: 40 small runs of a preset, with nothing kept.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from measure import duration, show, table, tell, timed

from gradstep.engine import Session, load_preset
from gradstep.engine.config.sweep import make_axis
from gradstep.engine.runs.dask_workers import ClusterWorkers
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import Plan, make_plan
from gradstep.engine.runs.result import Job
from gradstep.engine.runs.runner import run_all
from gradstep.engine.runs.workers import Workers
from gradstep.engine.training.threads import available_processors

ROUNDS = 5


def one_after_another(plan: Plan) -> None:
    for point in range(len(plan)):
        session = Session(plan.config(point))
        session.burst(session.planned_steps or 0)


def by(workers: Workers, plan: Plan) -> None:
    done = 0
    for update in run_all((Job(point, plan.config(point)) for point in range(len(plan))), workers):
        done += sum(result.ending == "done" for result in update.results)
    assert done == len(plan), f"{done} of {len(plan)} runs are done"


@contextmanager
def cluster(count: int) -> Iterator[str]:
    """The address of a scheduler on the loopback interface with so many worker processes."""
    started = [_dask("scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        address = _logged(started[0], r"tcp://127\.0\.0\.1:\d+")
        for _ in range(count):
            started.append(_dask("worker", address, "--nthreads", "1", "--no-nanny"))
            _logged(started[-1], "Registered to")
        yield address
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _dask(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments, "--no-dashboard"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _logged(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found[0]
    raise RuntimeError(f"Dask has ended without {pattern!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=4000)
    given = parser.parse_args()
    preset = load_preset("linear-1-layer", [f"run.steps={given.steps}"])
    plan = make_plan(preset, [make_axis("train.seed", range(given.runs))])
    count = available_processors()
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    title = f"{given.runs} runs of {given.steps:,} steps, {count} processors, load {load}"
    made = table(title, "what", "takes", "beside", "ratio", "at most")
    with cluster(count) as address:
        times: dict[str, list[float]] = {"alone": [], "pool": [], "dask": []}
        by(LocalWorkers(count, len(plan)), plan)
        by(ClusterWorkers(address, plan), plan)
        for _ in range(ROUNDS):
            times["pool"].append(timed(lambda: by(LocalWorkers(count, len(plan)), plan)))
            times["alone"].append(timed(lambda: one_after_another(plan)))
            times["dask"].append(timed(lambda: by(ClusterWorkers(address, plan), plan)))
    alone, pool, dask = (statistics.median(times[name]) for name in ("alone", "pool", "dask"))
    ratios = {
        name: statistics.median(a / b for a, b in zip(times[name[0]], times[name[1]], strict=True))
        for name in (("pool", "alone"), ("dask", "pool"))
    }
    rows = [
        ("process pool / one after another", duration(pool), duration(alone), ratios["pool", "alone"], "0.6"),
        ("Dask on loopback / process pool", duration(dask), duration(pool), ratios["dask", "pool"], "1.15"),
    ]
    for name, takes, beside, ratio, most in rows:
        tell(name, takes, beside, f"{ratio:.2f}", most)
        made.add_row(name, takes, beside, f"{ratio:.2f}", most)
    show(made)


if __name__ == "__main__":
    main()
