"""Conditions, breakpoints and verdicts through the engine's process."""

import pytest
from runs import preset

from gradstep.engine.conditions.breakpoints import Breakpoint
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    AddBreakpoint,
    DeleteBranch,
    EditBreakpoint,
    Fork,
    Open,
    Pause,
    RemoveBreakpoint,
    ReverseUntil,
    Run,
    RunUntil,
    Seek,
    Step,
    Switch,
)
from gradstep.engine.worker.events import (
    Advanced,
    BranchList,
    BreakpointList,
    Opened,
    Refused,
    Stopped,
    Verdicts,
)
from gradstep.engine.worker.teller import VERDICT_SECONDS

pytestmark = pytest.mark.timeout(60)
CLAIMS = [{"always": "loss < prev.loss"}, {"eventually": "step == 8"}, {"never": "loss > 1e9", "within": 5}]


class Heard:
    """The events since the last command, in their order."""

    def __init__(self, wait_for):
        self.events, self._first, self._wait_for = [], 0, wait_for
        self.client = EngineClient(self.events.append)
        self.client.start()

    def send(self, *commands):
        self._first = len(self.events)
        for command in commands:
            self.client.send(command)

    def wait(self, kind, count=1):
        """The `count`-th event of a kind since `send`."""
        found = []

        def there():
            found[:] = [event for event in self.events[self._first :] if isinstance(event, kind)]
            return len(found) >= count and found[count - 1]

        return self._wait_for(there)

    def since(self, kind):
        return [event for event in self.events[self._first :] if isinstance(event, kind)]


@pytest.fixture(scope="module")
def engine(wait_for):
    heard = Heard(wait_for)
    yield heard
    heard.client.close()


@pytest.fixture
def opened(engine):
    """A small run at position 0, with nothing left to be heard of its opening."""
    engine.send(Open(preset(learning_rate=0.05, claims=CLAIMS), save=False))
    engine.wait(Opened)
    engine.wait(Verdicts)
    return engine


def test_opening_tells_breakpoints_and_verdicts(opened):
    assert opened.since(BreakpointList) == [BreakpointList(())]
    (told,) = opened.since(Verdicts)
    assert [verdict.outcome for verdict in told.verdicts] == ["holds", "open", "holds"]
    assert [verdict.claim.always for verdict in told.verdicts] == ["loss < prev.loss", None, None]


def test_run_until_stops_at_the_position_with_the_values(opened):
    opened.send(RunUntil("step >= 7 and loss > 0"))
    stopped = opened.wait(Stopped)
    assert (stopped.position, stopped.kind) == (7, "condition")
    assert stopped.reason.startswith("step >= 7 and loss > 0  (step = 7, loss = ")
    assert opened.wait(Verdicts).verdicts[1].text == "not met so far (7 steps)"
    assert max(event.position for event in opened.since(Advanced)) == 7
    opened.send(RunUntil("step >= 0"))
    assert opened.wait(Stopped).position == 8
    assert opened.wait(Verdicts).verdicts[1].text == "shown at step 8"


def test_run_until_over_the_recorded_future(opened):
    opened.send(Step(20))
    opened.wait(Stopped)
    opened.send(Seek(3))
    opened.wait(Stopped)
    opened.send(RunUntil("step % 5 == 0"))
    assert opened.wait(Stopped).position == 5


def test_a_run_until_that_never_holds_can_be_paused(opened):
    opened.send(RunUntil("loss < 0"))
    opened.wait(Advanced)
    opened.send(Pause())
    assert opened.wait(Stopped).kind == "paused"


def test_reverse_until(opened):
    opened.send(Step(20))
    opened.wait(Stopped)
    opened.send(ReverseUntil("step % 6 == 0"))
    stopped = opened.wait(Stopped)
    assert (stopped.position, stopped.kind) == (18, "condition")
    opened.send(ReverseUntil("loss < 0"))
    assert opened.wait(Refused).text == "`loss < 0` was never true before step 18"
    assert not opened.since(Stopped)
    opened.send(Step(1))
    assert opened.wait(Stopped).position == 19


@pytest.mark.parametrize("command", [RunUntil("los > 1"), ReverseUntil("los > 1"), AddBreakpoint("los > 1")])
def test_a_bad_condition_is_refused(opened, command):
    opened.send(command)
    refused = opened.wait(Refused).text
    assert "column 1" in refused
    assert "did you mean 'loss'" in refused
    assert not opened.since(Stopped) + opened.since(BreakpointList)


def test_changed_breakpoints_are_sent(opened):
    opened.send(AddBreakpoint("step % 10 == 0"), AddBreakpoint("loss > 1e9", "high"))
    assert opened.wait(BreakpointList, 2).breakpoints == (
        Breakpoint(1, "step % 10 == 0"),
        Breakpoint(2, "loss > 1e9", "high"),
    )
    opened.send(Run())
    stopped = opened.wait(Stopped)
    assert (stopped.position, stopped.kind) == (10, "breakpoint")
    assert stopped.reason == "step % 10 == 0  (step = 10)"
    assert opened.wait(BreakpointList).breakpoints[0].hits == 1
    opened.send(EditBreakpoint(1, ignore=1), RemoveBreakpoint(2))
    assert opened.wait(BreakpointList, 2).breakpoints == (Breakpoint(1, "step % 10 == 0", ignore=1, hits=1),)
    opened.send(Run(until=100))
    assert opened.wait(Stopped).position == 30
    opened.send(EditBreakpoint(1, enabled=False))
    opened.wait(BreakpointList)
    opened.send(Run(until=45))
    stopped = opened.wait(Stopped)
    assert (stopped.position, stopped.kind) == (45, "limit")


def test_a_breakpoint_ends_steps_and_a_run_until_too(opened):
    opened.send(AddBreakpoint("step == 3"), AddBreakpoint("step == 6"), Step(10))
    assert opened.wait(Stopped).position == 3
    opened.send(RunUntil("step == 50"))
    stopped = opened.wait(Stopped)
    assert (stopped.position, stopped.kind) == (6, "breakpoint")


def test_bad_numbers_are_refused(opened):
    opened.send(RemoveBreakpoint(5))
    assert "no breakpoint 5" in opened.wait(Refused).text
    opened.send(EditBreakpoint(5, enabled=False))
    assert "no breakpoint 5" in opened.wait(Refused).text
    opened.send(AddBreakpoint("loss > 1"), EditBreakpoint(1, ignore=-1))
    assert "0 or more" in opened.wait(Refused).text


def test_verdicts_are_of_the_branch(opened):
    opened.send(Step(10))
    opened.wait(Stopped)
    assert opened.since(Verdicts)[-1].verdicts[0].text == "holds so far (10 steps)"
    opened.send(Seek(2))
    opened.wait(Stopped)
    assert opened.since(Verdicts) == []
    opened.send(Fork({"train.rule.learning_rate": 10.0}))
    opened.wait(Stopped)
    kinds = [type(event) for event in opened.since((Verdicts, BranchList))]
    assert kinds == [Verdicts, BranchList]
    opened.send(Step(1))
    opened.wait(Stopped)
    told = opened.wait(Verdicts)
    assert told.branch == 1
    assert [verdict.text for verdict in told.verdicts] == [
        "refuted at step 3",
        "not met so far (3 steps)",
        "holds so far (3 steps)",
    ]
    assert [name for name, _ in told.verdicts[0].values] == ["loss", "prev.loss"]
    opened.send(Switch(0))
    opened.wait(Stopped)
    kinds = [type(event) for event in opened.since((Verdicts, BranchList))]
    assert kinds == [Verdicts, BranchList]
    told = opened.wait(Verdicts)
    assert (told.branch, told.verdicts[1].text) == (0, "shown at step 8")
    opened.send(DeleteBranch(1))
    opened.wait(BranchList)
    assert opened.since(Verdicts) == []


def test_verdicts_follow_a_run(opened):
    """Most of these tell only that there are more steps."""
    opened.send(Open(preset(learning_rate=0.05, claims=[{"never": "loss > 1e9"}]), save=False), Run(None))
    opened.wait(Verdicts, 6)
    assert opened.since(Stopped) == []
    counts = [told.verdicts[0].looked for told in opened.since(Verdicts)]
    assert counts == sorted(set(counts))
    opened.send(Pause())
    stopped = opened.wait(Stopped)
    told = [event for event in opened.events if isinstance(event, Verdicts)][-1]
    assert stopped.position == told.verdicts[0].steps
    assert VERDICT_SECONDS + 0.1 <= 0.5  # and a frame


def test_verdict_arrives_before_its_record(opened):
    """No frame has a record together with a verdict that the record contradicts."""
    opened.send(Run(None))
    opened.wait(Advanced, 3)
    shown = False
    for event in opened.since((Verdicts, Advanced)):
        if isinstance(event, Verdicts):
            shown = event.verdicts[1].outcome == "shown"
        else:
            assert shown == (event.position >= 8)
    assert shown
    opened.send(Pause())
    opened.wait(Stopped)


def test_unchanged_verdicts_are_not_sent(opened):
    opened.send(Step(2))
    opened.wait(Stopped)
    opened.send(AddBreakpoint("loss > 1e9"), EditBreakpoint(1, enabled=False))
    opened.wait(BreakpointList, 2)
    opened.send(Seek(1), Step(1))
    opened.wait(Stopped, 2)
    assert opened.since(Verdicts) == []
