"""The engine's process through its client, with real processes. No test sleeps: each waits for an event.

Nothing here is saved; the session file has tests of its own.
"""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest
import torch
from runs import SECONDS, preset

from gradstep.engine import Session, load_preset
from gradstep.engine.config.changes import changed
from gradstep.engine.config.run import RunLength
from gradstep.engine.records.record import COLUMNS
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    Back,
    ChangeSettings,
    Fork,
    Open,
    Pause,
    Probe,
    Reset,
    Run,
    SeekUnitDeath,
    Step,
)
from gradstep.engine.worker.events import (
    Advanced,
    Died,
    Logged,
    Opened,
    Probed,
    ProbeFailed,
    Ready,
    Refused,
    SettingsChanged,
    Stopped,
    Working,
)

LOSS = COLUMNS.index("loss")
RATE = COLUMNS.index("learning_rate")
pytestmark = pytest.mark.timeout(60)


class Engine:
    """A client and what it has heard, as a screen would keep it."""

    def __init__(self, wait_for):
        self.events = []
        self.client = EngineClient(self.events.append)
        self._wait_for = wait_for
        self._read = 0

    def send(self, *commands):
        """Send, and hear only what comes from now on."""
        self._read = len(self.events)
        for command in commands:
            self.client.send(command)

    def heard(self, *kinds):
        return [event for event in self.events[self._read :] if isinstance(event, kinds)]

    def wait(self, *kinds, count=1):
        """The `count`-th event of these kinds since the last `send`."""
        return self._wait_for(lambda: len(self.heard(*kinds)) >= count and self.heard(*kinds)[count - 1])

    def wait_position(self, position):
        """Records have come up to a position."""
        return self._wait_for(lambda: any(event.position >= position for event in self.heard(Advanced)))

    def rows(self):
        """The records since the run was opened, put together from the messages as events.py says."""
        rows = np.empty((0, len(COLUMNS)))
        for event in self.events:
            if isinstance(event, Opened):
                rows = rows[:0]
            elif isinstance(event, Advanced):
                assert event.first <= len(rows), "records are missing"
                rows = np.concatenate((rows[: event.first], event.rows))
        return rows

    def open(self, settings):
        self.send(Open(settings, save=False))
        self.wait(Opened)
        self._wait_for(lambda: len(self.heard(Advanced)) >= 1)


@pytest.fixture(scope="module")
def running(wait_for):
    engine = Engine(wait_for)
    engine.client.start()
    engine.wait(Ready)
    yield engine
    engine.client.close()


@pytest.fixture
def engine(running):
    """The shared engine, standing at position 0 of a small run."""
    running.open(preset(layers=(3, 1), rule="momentum", learning_rate=0.01))
    yield running
    assert running.client.pid is not None


def bits(rows):
    return np.delete(rows, SECONDS, axis=1).tobytes()


def in_this_process(steps, settings=None):
    session = Session(settings or preset(layers=(3, 1), rule="momentum", learning_rate=0.01))
    session.burst(steps)
    return session


def gone(pid):
    """The process has ended; one that its new parent has not buried yet counts."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# --- before a run -----------------------------------------------------------------------------------


def test_ready_says_which_torch(running):
    (ready,) = [event for event in running.events if isinstance(event, Ready)]
    assert ready.torch == torch.__version__
    assert running.events[0] is ready


# runs before any test with the fixture `engine`: nothing is open yet
@pytest.mark.parametrize(
    "command", [Step(1), Run(), Pause(), Reset(), ChangeSettings({"train.rule.learning_rate": 0.1})], ids=repr
)
def test_refused_before_a_run_is_open(wait_for, running, command):
    if any(isinstance(event, Opened) for event in running.events):
        pytest.skip("another test has opened a run")
    running.send(command)
    assert "open" in running.wait(Refused).text
    assert not running.heard(Advanced, Stopped, Opened)


# --- opening ----------------------------------------------------------------------------------------


def test_opening_tells_the_run_and_its_first_record(running):
    settings = preset(
        {"name": "digits", "samples": 30, "validation": 5},
        (6, 10),
        "tanh",
        loss="cross_entropy",
        batch=7,
        threads="auto",
    )
    running.send(Open(settings, save=False))
    opened = running.wait(Opened)
    running.wait(Advanced)
    assert running.heard(Working)
    assert opened.preset.train.threads == opened.info.threads == 1
    assert (opened.info.samples, opened.info.batches, opened.info.device) == (30, 5, "cpu")
    assert opened.info.validate_every == 5  # an epoch, where nothing is said
    assert "digits" in opened.info.data
    assert not opened.info.substitute
    layers = [(layer.shape, layer.parameters, layer.activation) for layer in opened.info.layers]
    # weights and biases: 784·6 + 6, 6·10 + 10
    assert layers == [((6, 784), 4710, "tanh"), ((10, 6), 70, "tanh")]
    (first,) = running.heard(Advanced)
    assert (first.first, first.position, len(first.rows)) == (0, 0, 1)
    assert not first.running
    assert bits(running.rows()) == bits(in_this_process(0, settings).history.rows())


def test_opening_without_mnist_warns(running, tmp_path, monkeypatch):
    """The digits stand in: the engine's environment has no MNIST only where this machine has none."""
    from gradstep.engine.data import mnist

    if mnist.locate() is not None:
        pytest.skip("this machine has MNIST")
    running.open(preset({"name": "mnist", "samples": 20}, (10,), loss="cross_entropy"))
    opened = running.wait(Opened)
    assert opened.info.substitute
    assert "digits" in running.wait(Logged).text


def test_unavailable_data_is_refused(engine, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"no archive")
    engine.send(Step(3))
    engine.wait(Stopped)
    engine.send(Open(preset({"name": "mnist"}, (10,), loss="cross_entropy"), tmp_path, save=False))
    assert "mnist.npz" in engine.wait(Refused).text
    # "nothing has changed": the run that was open goes on
    engine.send(Step(2))
    assert engine.wait(Stopped).position == 5
    assert bits(engine.rows()) == bits(in_this_process(5).history.rows())


def test_too_many_samples_are_refused(engine):
    engine.send(Open(preset({"name": "digits", "samples": 5000}, (10,), loss="cross_entropy"), save=False))
    text = engine.wait(Refused).text
    assert "data.samples" in text
    assert "5000" in text
    assert "1,500" in text
    assert "Traceback" not in text


# --- stepping ---------------------------------------------------------------------------------------


def test_one_step(engine):
    engine.send(Step(1))
    stopped = engine.wait(Stopped)
    assert (stopped.position, stopped.kind) == (1, "done")
    assert engine.heard(Advanced)[-1].position == 1
    assert not engine.heard(Advanced)[-1].running
    assert bits(engine.rows()) == bits(in_this_process(1).history.rows())


def test_fifty_hammered_steps_are_fifty_records_in_order(engine, wait_for):
    engine.send(*[Step(1)] * 50)
    wait_for(lambda: any(event.position == 50 for event in engine.heard(Stopped)))
    assert bits(engine.rows()) == bits(in_this_process(50).history.rows())
    positions = [event.position for event in engine.heard(Stopped)]
    assert positions == sorted(positions)
    assert positions[-1] == 50


@pytest.mark.parametrize(
    ("behind", "told", "position"),
    [
        (Fork(), SettingsChanged, 2),
        (ChangeSettings({"train.rule.learning_rate": 0.002}), SettingsChanged, 2),
        (SeekUnitDeath(0, 7), Refused, 2),  # there is no such unit
        (Probe("step"), Probed, 2),
        (Back(), Stopped, 1),
    ],
)
def test_steps_run_before_later_requests(engine, wait_for, behind, told, position):
    engine.send(Step(1), Step(1), behind)
    engine.wait(told)
    wait_for(lambda: len(engine.rows()) == 3 and engine.heard(Advanced)[-1].position == position)
    for event in engine.heard(SettingsChanged, Probed):
        assert getattr(event, "result", event).position == position


def test_interrupted_burst_is_reported(engine):
    """By the command that comes with it: it is carried out before the first step, or soon after."""
    engine.send(Step(10**8), Back())
    left = engine.wait(Logged).text
    assert re.fullmatch(r"left at step \d+, on the way to step 100000000", left)
    engine.wait(Stopped)


def test_a_burst_sends_batches_not_a_message_a_step(engine):
    """DESIGN.md: records travel in batches, at most once a frame; a frame is a tenth of a second."""
    engine.send(Step(5000))
    stopped = engine.wait(Stopped)
    assert stopped.position == 5000
    seconds = engine.rows()[-1, SECONDS]
    assert len(engine.heard(Advanced)) <= 3 + 2 * seconds / 0.1
    assert bits(engine.rows()) == bits(in_this_process(5000).history.rows())


def test_run_and_pause(engine, wait_for):
    engine.send(Run())
    engine.wait_position(20)
    assert engine.heard(Advanced)[-1].running
    assert not engine.heard(Stopped)
    engine.client.send(Pause())
    stopped = engine.wait(Stopped)
    assert stopped.kind == "paused"
    assert len(engine.rows()) == stopped.position + 1
    # and it stands still: the next step is the one after
    engine.send(Step(1))
    assert engine.wait(Stopped).position == stopped.position + 1
    assert bits(engine.rows()) == bits(in_this_process(stopped.position + 1).history.rows())


def test_pause_takes_at_most_one_step_after_it_is_read(engine):
    """`Run` and `Pause` come together: by the time the host looks it has both, or has done one step."""
    for _ in range(20):
        before = len(engine.rows()) - 1
        engine.send(Run(), Pause())
        stopped = engine.wait(Stopped)
        assert stopped.kind == "paused"
        # where something else has the processors, the second command is sent some while after the first;
        # steps here take about 0.1 ms
        assert stopped.position - before < 10_000
    slow = preset(
        {"name": "digits", "samples": 1500}, (300, 784, 10), "tanh", loss="cross_entropy", learning_rate=1e-3
    )
    engine.open(slow)
    engine.send(Run(), Pause())
    assert engine.wait(Stopped).position <= 1


def test_run_until_a_position(engine):
    engine.send(Run(until=33))
    stopped = engine.wait(Stopped)
    assert (stopped.position, stopped.kind) == (33, "limit")
    engine.send(Run(until=33))
    assert engine.wait(Stopped).position == 33
    engine.send(Run(until=10))
    assert engine.wait(Stopped).position == 33


def test_run_to_planned_end_continues_beyond_it(engine):
    """The engine knows where the run stands when the command comes to it, such as after one that resumes."""
    engine.open(preset().model_copy(update={"run": RunLength(steps=20)}))
    assert engine.heard(Opened)[-1].info.validate_every is None  # a ramp has no validation set
    engine.send(Run("planned"))
    stopped = engine.wait(Stopped)
    assert (stopped.position, stopped.kind) == (20, "limit")
    engine.send(Run("planned"))
    engine.wait_position(30)
    engine.send(Pause())
    assert engine.wait(Stopped).kind == "paused"


def test_a_fork_says_which_branch_begins(engine):
    engine.send(Step(3))
    engine.wait(Stopped)
    engine.send(Fork())
    stopped = engine.wait(Stopped)
    assert (stopped.position, stopped.reason) == (3, "branch 1 begins here")


def test_a_branch_without_a_step_is_not_forked_again(engine):
    engine.send(Step(1), Fork(), Fork())
    assert engine.wait(Refused).text == "branch 1 begins here, and has no step yet"
    engine.send(Fork({"train.rule.learning_rate": 0.002}))
    engine.wait(SettingsChanged)
    assert not engine.heard(Refused)


def test_divergence_stops_with_the_reason(engine):
    settings = preset({"name": "ramp", "samples": 24, "length": 6}, (1,), learning_rate=1.0)
    engine.open(settings)
    engine.send(Run())
    stopped = engine.wait(Stopped)
    assert stopped.kind == "diverged"
    assert str(stopped.position) in stopped.reason
    rows = engine.rows()
    assert len(rows) == stopped.position + 1
    assert not np.isfinite(rows[-1, LOSS])
    assert np.isfinite(rows[:-1, LOSS]).all()


# --- changes and reset ------------------------------------------------------------------------------


def test_change_applies_to_the_next_update(engine):
    engine.send(Step(5))
    engine.wait(Stopped)
    engine.send(ChangeSettings({"train.rule.learning_rate": 0.002}))
    event = engine.wait(SettingsChanged)
    assert event.position == 5
    assert event.preset.train.rule.learning_rate == 0.002
    assert event.changes == {"train.rule.learning_rate": 0.002}
    engine.wait(Advanced)
    assert engine.rows()[:, RATE].tolist() == [0.01] * 5 + [0.002]
    engine.send(Step(5))
    engine.wait(Stopped)
    session = in_this_process(5)
    session.change({"train.rule.learning_rate": 0.002})
    session.burst(5)
    assert bits(engine.rows()) == bits(session.history.rows())


def test_change_while_running(engine, wait_for):
    engine.send(Run())
    engine.wait_position(5)
    engine.client.send(ChangeSettings({"train.rule.learning_rate": 0.002}))
    event = engine.wait(SettingsChanged)
    # it goes on running
    wait_for(lambda: engine.heard(Advanced)[-1].position > event.position + 5)
    assert engine.heard(Advanced)[-1].running
    engine.client.send(Pause())
    stopped = engine.wait(Stopped)
    session = in_this_process(event.position)
    session.change({"train.rule.learning_rate": 0.002})
    session.burst(stopped.position - event.position)
    assert bits(engine.rows()) == bits(session.history.rows())


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"train.rule.learning_rate": -1.0}, "train.rule.learning_rate"),
        ({"train.seed": 3}, "new run"),
        ({"train.rule.momentun": 0.5}, "momentum"),
    ],
)
def test_a_bad_change_is_refused_and_the_run_goes_on(engine, wait_for, changes, word):
    engine.send(Run())
    engine.wait_position(5)
    engine.client.send(ChangeSettings(changes))
    text = engine.wait(Refused).text
    assert word in text
    assert "Traceback" not in text
    position = engine.heard(Advanced)[-1].position
    wait_for(lambda: engine.heard(Advanced)[-1].position > position)
    assert not engine.heard(SettingsChanged)
    engine.client.send(Pause())
    stopped = engine.wait(Stopped)
    assert bits(engine.rows()) == bits(in_this_process(stopped.position).history.rows())


DYING = preset(
    {"name": "ramp", "samples": 20, "length": 3, "scale": "unit", "target": "input"},
    (3,),
    "relu",
    {"name": "normal", "mean": 0.3, "std": 0.3},
    learning_rate=3.0,
    seed=1,  # three units die within the first twelve steps
)


def test_seek_to_update_that_killed_a_unit(engine):
    session = Session(DYING)
    session.burst(12)
    assert session.probe("layers", whole=True).layers[0].dead.tolist() == [0, 1, 2]
    session.seek_unit_death(0, 1)
    engine.send(Open(DYING, save=False), Step(12))
    engine.wait_position(12)
    engine.wait(Stopped)
    engine.send(SeekUnitDeath(0, 1))
    stopped = engine.wait(Stopped)
    assert stopped == Stopped(session.position, "the next update kills unit 1 of layer1", "moved")
    engine.send(SeekUnitDeath(0, 1))
    assert "unit 1 of layer1 is not dead" in engine.wait(Refused).text
    assert engine.wait(Advanced).position == session.position


def test_probe_result_carries_request_number(engine):
    engine.send(Open(DYING, save=False), Step(3))
    engine.wait(Stopped)
    engine.send(Probe("step", {}, 7))
    probed = engine.wait(Probed)
    session = Session(DYING)
    session.burst(3)
    assert (probed.name, probed.position, probed.branch, probed.request) == ("step", 3, 0, 7)
    assert probed.result == session.probe("step")
    assert probed.result.previous_cosine is not None
    engine.send(Probe("flips", {}, 8), Probe("nonsense", {}, 9))
    failed = [engine.wait(ProbeFailed, count=count) for count in (1, 2)]
    assert {event.request: event.name for event in failed} == {8: "flips", 9: "nonsense"}


def test_reset_while_running(engine):
    engine.send(Run())
    engine.wait_position(5)
    first = engine.rows()[:1]
    engine.send(Reset())
    assert engine.wait(Stopped).position == 0
    engine.send(Step(7))
    assert engine.wait(Stopped).position == 7
    rows = engine.rows()
    assert bits(rows[:1]) == bits(first)
    assert bits(rows[:8]) == bits(in_this_process(7).history.rows())


def test_reset_to_another_seed(engine):
    engine.send(Step(3))
    engine.wait(Stopped)
    engine.send(Reset(seed=5))
    assert engine.wait(Opened).preset.train.seed == 5
    engine.send(Step(4))
    engine.wait(Stopped)
    settings = changed(preset(layers=(3, 1), rule="momentum", learning_rate=0.01), {"train.seed": 5})
    assert bits(engine.rows()) == bits(in_this_process(4, settings).history.rows())


def test_opening_another_run_ends_the_one_before(engine):
    engine.send(Run())
    engine.wait_position(5)
    settings = load_preset("linear-1-layer", ["data.samples=50"])
    engine.send(Open(settings, save=False), Step(2))
    opened = engine.wait(Opened)
    assert opened.preset.name == "linear-1-layer"
    assert engine.wait(Stopped).position == 2
    assert bits(engine.rows()) == bits(in_this_process(2, settings).history.rows())


def test_refused_open_while_running_is_answered(engine, wait_for):
    """Refused means that nothing has changed (events.py): the run goes on, or it says that it stopped."""
    engine.send(Run())
    engine.wait_position(5)
    engine.client.send(
        Open(preset({"name": "digits", "samples": 5000}, (10,), loss="cross_entropy"), save=False)
    )
    refused = engine.wait(Refused)

    def heard_afterwards():
        """after Refused the run goes on, or Stopped says that it does not"""
        events = engine.events
        after = next(i for i in range(len(events) - 1, -1, -1) if events[i] is refused)
        return any(isinstance(event, Stopped | Advanced) for event in events[after + 1 :])

    wait_for(heard_afterwards, timeout=3)


def test_engine_ignores_ctrl_c_of_the_terminal(engine):
    os.kill(engine.client.pid, signal.SIGINT)
    engine.send(Step(1))
    assert engine.wait(Stopped).position == 1


# --- ends -------------------------------------------------------------------------------------------


def test_killed_engine_is_reported_and_can_restart(wait_for):
    engine = Engine(wait_for)
    engine.client.start()
    try:
        engine.wait(Ready)
        first = engine.client.pid
        engine.open(preset(layers=(3, 1), rule="momentum", learning_rate=0.01))
        engine.send(Run())
        engine.wait_position(5)
        os.kill(first, signal.SIGKILL)
        died = engine.wait(Died)
        assert died.exit_status == -signal.SIGKILL
        assert engine.client.pid is None
        engine.send(Step(1))  # goes nowhere, and raises nothing
        engine.client.start()
        engine.wait(Ready)
        assert engine.client.pid != first
        engine.open(preset(layers=(3, 1), rule="momentum", learning_rate=0.01))
        engine.send(Step(4))
        assert engine.wait(Stopped).position == 4
        assert bits(engine.rows()) == bits(in_this_process(4).history.rows())
        assert not engine.heard(Died)
    finally:
        second = engine.client.pid
        engine.client.close()
    # a close that was asked for is no death
    assert gone(second)
    assert len([event for event in engine.events if isinstance(event, Died)]) == 1


CLIENT = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from runs import preset
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (Open, Run,)
from gradstep.engine.worker.events import (Advanced, Opened, Ready,)

def hear(event):
    if isinstance(event, Ready):
        client.send(Open(preset(layers=(3, 1), rule="momentum", learning_rate=0.01), save=False))
        if sys.argv[2] == "running":
            client.send(Run())
    elif isinstance(event, Opened if sys.argv[2] == "idle" else Advanced):
        print(client.pid, flush=True)

client = EngineClient(hear)
client.start()
threading.Event().wait()
"""


def test_the_explorer_dying_ends_the_engine(wait_for):
    """Killed outright, both while the engine runs and while it stands still: no orphan stays."""
    folder = os.path.dirname(os.path.dirname(__file__))
    clients = [
        subprocess.Popen([sys.executable, "-c", CLIENT, folder, how], stdout=subprocess.PIPE, text=True)
        for how in ("running", "idle")
    ]
    try:
        engines = [int(client.stdout.readline()) for client in clients]
        assert not any(gone(pid) for pid in engines)
    finally:
        for client in clients:
            client.kill()
            client.wait()
            client.stdout.close()
    for pid in engines:
        wait_for(lambda pid=pid: gone(pid), timeout=10)


def test_closing_a_client_that_never_started():
    EngineClient(lambda _event: None).close()
