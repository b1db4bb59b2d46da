"""A sweep beside the run, in the engine's process: its results, and that no step waits for it."""

import psutil
import pytest
from runs import preset
from sweep_runs import done, numbers, small_plan

from gradstep.engine.config.changes import changed
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    CancelSweep,
    Open,
    StartSweep,
    Step,
)
from gradstep.engine.worker.events import (
    Advanced,
    Opened,
    Stopped,
    SweepEnded,
    SweepSharpness,
    Swept,
)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def engine(wait_for):
    """A client whose events are kept, and `wait(kind)` for one of them."""
    events = []
    client = EngineClient(events.append)
    client.events = events
    client.heard = lambda *kinds: [event for event in events if isinstance(event, kinds)]
    client.wait = lambda *kinds: wait_for(lambda: client.heard(*kinds), 80.0)[-1]
    client.start()
    yield client
    client.close()


def results(engine):
    return {result.point: result for event in engine.heard(Swept) for result in event.results}


def test_a_sweep_s_results_and_the_curvature(engine):
    plan = small_plan("train.rule.learning_rate=0.05,0.1,0.2", "train.seed=0:2")
    engine.send(Open(changed(preset(), {"run.steps": 20}), save=False))
    engine.send(StartSweep(plan))
    ended = engine.wait(SweepEnded)
    assert ended.text == ""
    here = done(plan)
    found = results(engine)
    assert sorted(found) == list(range(6))
    for point, result in found.items():
        assert (numbers(result.record), result.state) == (numbers(here[point].record), here[point].state)
    (told,) = engine.heard(SweepSharpness)[:1] or [None]
    if told is not None:  # it may come after the last run
        assert told.sharpness > 0


def test_steps_go_on_beside_a_sweep_that_is_cancelled(engine, wait_for):
    plan = small_plan("train.seed=0:3", steps=100_000_000)
    engine.send(Open(changed(preset(), {"run.steps": 20}), save=False))
    engine.wait(Opened)
    engine.send(StartSweep(plan))
    wait_for(lambda: any(event.running for event in engine.heard(Swept)), 80.0)
    engine.send(Step(500))
    engine.wait(Stopped)
    assert engine.heard(Advanced)[-1].position == 500
    assert not engine.heard(SweepEnded)
    assert not results(engine)
    engine.send(CancelSweep())
    assert "cancelled" in engine.wait(SweepEnded).text


def test_the_sweep_ends_with_the_engine(engine, wait_for):
    plan = small_plan("train.seed=0:3", steps=100_000_000)
    engine.send(Open(changed(preset(), {"run.steps": 20}), save=False))
    engine.send(StartSweep(plan))
    wait_for(lambda: any(event.running for event in engine.heard(Swept)), 80.0)
    processes = psutil.Process(engine.pid).children(recursive=True)
    assert processes
    engine.close()
    wait_for(lambda: not any(p.is_running() and p.status() != "zombie" for p in processes), 60.0)


def test_a_sweep_needs_no_run(engine):
    engine.send(StartSweep(small_plan("train.seed=0:2")))
    assert engine.wait(SweepEnded).text == ""
    assert sorted(results(engine)) == [0, 1]
