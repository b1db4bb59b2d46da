"""What a run of a sweep comes to: the very run that one does by itself, or the reason why not."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest
from runs import DIGITS
from sweep_runs import done, numbers, small_plan

from gradstep.engine import Session, load_preset
from gradstep.engine.config.sweep import make_axis
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.runs.result import Job
from gradstep.engine.runs.runner import run_all
from gradstep.engine.runs.sweep import Sweeping

LR = "train.rule.learning_rate"


def test_run_equals_straight_session_bit_for_bit():
    plan = small_plan("train.seed=0:3", f"{LR}=0.05,0.1", measures=["share(loss < prev.loss)"])
    results = done(plan)
    assert sorted(results) == list(range(6))
    for point, result in results.items():
        session = Session(plan.config(point))
        session.burst(20)
        assert numbers(result.record) == numbers(session.record)
        assert result.state == session.state_hash()
        assert result.ending == "done"
        assert result.measures == (float((np.diff(session.history["loss"]) < 0).mean()),)


def test_images_in_batches_too():
    plan = small_plan(
        "train.seed=0:2", data=DIGITS, layers=(8, 10), activation="sigmoid", loss="cross_entropy", batch=10,
        dtype="float32",
    )  # fmt: skip
    for point, result in done(plan).items():
        session = Session(plan.config(point))
        session.burst(20)
        assert (numbers(result.record), result.state) == (numbers(session.record), session.state_hash())


def test_runs_on_the_same_data_load_it_once(monkeypatch):
    from gradstep.engine.data import load as data
    from gradstep.engine.runs.one_run import do

    load, loaded = data.load, []
    monkeypatch.setattr(data, "load", lambda *given: loaded.append(given) or load(*given))
    plan = small_plan("train.seed=0:2", "data.samples=21,41", data=DIGITS, layers=(8, 10), dtype="float32")
    states = {do(Job(point, plan.config(point)), lambda *_: None).state for point in (0, 2, 1, 3)}
    assert len(states) == 4
    assert [config.samples for config, *_ in loaded] == [21, 41]


def test_data_that_the_preset_spells_out():
    plan = make_plan(load_preset("exam-saddle", ["run.steps=5"]), [make_axis("train.seed", range(2))])
    assert {result.ending for result in done(plan).values()} == {"done"}


def test_results_say_where_and_why_runs_end():
    plan = small_plan(f"{LR}=0.05,0.3,1e30", steps=60, until="loss < 20")
    results = done(plan)
    assert [results[point].ending for point in range(3)] == ["condition", "condition", "diverged"]
    for point in (0, 1):
        session = Session(plan.config(point))
        assert session.run_until("loss < 20", limit=60) is not None
        assert results[point].record.step == session.position
        assert results[point].reason == f"stopped at step {session.position}: loss < 20"
        assert results[point].state == session.state_hash()
    assert "the loss is" in results[2].reason
    assert not np.isfinite(results[2].record.loss)


def test_a_condition_that_never_held():
    (result,) = done(small_plan("train.seed=3", until="loss < 0")).values()
    assert (result.ending, result.record.step) == ("done", 20)
    assert result.reason == "finished at step 20; never reached loss < 0"


def test_run_that_cannot_begin_is_a_result(tmp_path):
    """There are 1,797 digits."""
    plan = small_plan("data.samples=30,5000", data=DIGITS, layers=(10,), loss="cross_entropy")
    results = done(plan, tmp_path / "results.sweep")
    assert results[0].ending == "done"
    assert results[1].ending == "failed"
    assert "data.samples = 5000" in results[1].reason
    # what failed is tried again
    with closing(Sweeping(plan, tmp_path / "results.sweep")) as sweeping:
        assert list(sweeping.results) == [0]
        assert [job.point for job in sweeping.left()] == [1]


def test_measures_over_the_steps_of_a_run():
    texts = [
        "count(loss < 100)",
        "first(loss < 100)",
        "first(loss < 0)",
        "median(loss)",
        "quantile(loss, 1) - loss",
    ]
    plan = small_plan("train.seed=0", measures=texts)
    (result,) = done(plan).values()
    session = Session(plan.config(0))
    session.burst(20)
    loss = session.history["loss"]
    low = np.flatnonzero(loss < 100)
    assert result.measures == (len(low), low[0], None, float(np.median(loss)), loss.max() - loss[-1])


# --- processes that die -----------------------------------------------------------------------------


def processes():
    """The processes that do runs: those under the one that forks them."""
    server = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return [child for parent in server for child in parent.children()]


def jobs(plan):
    return [Job(point, plan.config(point)) for point in range(len(plan))]


def test_runs_start_processes_without_safe_path(monkeypatch):
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    with closing(LocalWorkers(1, 1)) as workers:
        assert workers._pool.submit(os.getenv, "PYTHONSAFEPATH").result() is None


def test_a_process_that_is_killed_does_not_end_the_sweep():
    plan = small_plan("train.seed=0:4", steps=4000)
    results, killed = {}, False
    for update in run_all(jobs(plan), LocalWorkers(2, len(plan))):
        if not killed and update.running:
            processes()[0].kill()
            killed = True
        results |= {result.point: result for result in update.results}
    assert killed
    for point, result in results.items():
        session = Session(plan.config(point))
        session.burst(4000)
        assert (result.ending, result.state) == ("done", session.state_hash())
    assert sorted(results) == [0, 1, 2, 3]


def test_a_run_whose_process_dies_twice_is_a_result_with_its_reason():
    plan = small_plan("train.seed=0:4", steps=4000)
    results = {}
    for update in run_all(jobs(plan), LocalWorkers(2, len(plan))):
        if 1 in update.running:
            for process in processes():
                process.kill()
        results |= {result.point: result for result in update.results}
    assert sorted(results) == [0, 1, 2, 3]
    assert [results[point].ending for point in range(4)] == ["done", "failed", "done", "done"]
    assert "killed 2 times" in results[1].reason


def test_giving_up_ends_the_runs_soon(wait_for):
    plan = small_plan("train.seed=0:2", steps=10_000_000)
    updates = run_all(jobs(plan), LocalWorkers(2, len(plan)))
    while not next(updates).running:
        pass
    assert processes()
    updates.close()
    wait_for(lambda: not processes(), 60.0)


OWNER = """
import sys
sys.path[:0] = {path!r}
from sweep_runs import small_plan
from gradstep.engine.config.sweep import make_axis
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.runs.result import Job
from gradstep.engine.runs.runner import run_all
if __name__ == "__main__":
    plan = small_plan("train.seed=0:2", steps=10_000_000)
    for update in run_all([Job(i, plan.config(i)) for i in range(2)], LocalWorkers(2, 2)):
        if update.running:
            print("running", flush=True)
"""


def test_no_process_outlives_its_owner(tmp_path, wait_for):
    script = tmp_path / "owner.py"
    here = Path(__file__).parent
    script.write_text(OWNER.format(path=[str(here), str(here.parent)]))
    owner = psutil.Popen([sys.executable, script], stdout=subprocess.PIPE)
    try:
        assert owner.stdout.readline()
        others = owner.children(recursive=True)
        assert len(others) >= 3
    finally:
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
    wait_for(lambda: not any(other.is_running() and other.status() != "zombie" for other in others), 60.0)


# --- the file ---------------------------------------------------------------------------------------


def test_finished_runs_are_not_repeated(tmp_path):
    plan, path = small_plan("train.seed=0:5"), tmp_path / "results.sweep"
    with closing(Sweeping(plan, path)) as sweeping:
        for update in sweeping.run(LocalWorkers(1, len(plan))):
            if update.results:
                break
        first = dict(sweeping.results)
    assert 1 <= len(first) < 5
    with closing(Sweeping(plan, path)) as sweeping:
        assert sweeping.results == first
        for _ in sweeping.run(LocalWorkers(2, len(plan))):
            pass
        assert all(sweeping.results[point] == result for point, result in first.items())
        complete = sweeping.results
    fresh = done(plan)
    assert {p: (numbers(r.record), r.state) for p, r in complete.items()} == {
        p: (numbers(r.record), r.state) for p, r in fresh.items()
    }


def test_a_file_holds_what_a_result_is(tmp_path):
    plan = small_plan(f"{LR}=0.05,1e30", measures=["first(loss < 0)", "share(loss < prev.loss)"])
    path = tmp_path / "results.sweep"
    results = done(plan, path)
    with closing(Sweeping(plan, path)) as sweeping:
        kept = sweeping.results
    assert [repr(kept[point]) for point in (0, 1)] == [repr(results[point]) for point in (0, 1)]


def test_a_sweep_without_a_file_keeps_one_until_it_is_complete():
    plan = small_plan("train.seed=0:3")
    with closing(Sweeping(plan)) as sweeping:
        path = sweeping.path
        for update in sweeping.run(LocalWorkers(1, len(plan))):
            if update.results:
                break
    assert path.exists()
    with closing(Sweeping(plan)) as sweeping:
        assert sweeping.path == path
        assert sweeping.results
        for _ in sweeping.run(LocalWorkers(1, len(plan))):
            pass
    assert not path.exists()


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"axes": ["train.seed=0:4"]}, "its axes differ"),
        ({"steps": 21}, "its preset differs"),
        ({"until": "loss < 1"}, "its until differs"),
        ({"measures": ["median(loss)"], "steps": 21}, "its preset and measures differ"),
    ],
)
def test_a_file_of_another_sweep_is_refused(tmp_path, other, says):
    path = tmp_path / "results.sweep"
    Sweeping(small_plan("train.seed=0:3"), path).close()
    before = path.read_bytes()
    plan = small_plan(*other.pop("axes", ["train.seed=0:3"]), **other)
    with pytest.raises(Exception, match=says):
        Sweeping(plan, path)
    assert path.read_bytes() == before


def test_a_file_that_is_none_is_refused_and_left(tmp_path):
    path = tmp_path / "results.sweep"
    path.write_text("something else" * 100)
    with pytest.raises(Exception, match="this is no file of a sweep's results"):
        Sweeping(small_plan("train.seed=0:3"), path)
    assert path.read_text() == "something else" * 100


def test_one_sweep_at_a_time_writes_to_a_file(tmp_path):
    path = tmp_path / "results.sweep"
    with (
        closing(Sweeping(small_plan("train.seed=0:3"), path)),
        pytest.raises(Exception, match="another gradstep has this sweep open"),
    ):
        Sweeping(small_plan("train.seed=0:3"), path)
