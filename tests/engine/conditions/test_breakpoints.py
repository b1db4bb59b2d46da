"""Breakpoints: their numbers and counts, where they stop a run, and what going back does to them."""

import math

import pytest
from condition_runs import history, losses
from runs import preset

from gradstep.engine import Session
from gradstep.engine.conditions.breakpoints import READY, Breakpoint, Breakpoints
from gradstep.engine.conditions.language import ConditionError
from gradstep.engine.errors import UserError

EVERY_10 = "step % 10 == 0"


@pytest.fixture
def session():
    return Session(preset(learning_rate=0.05))


# --- the set ----------------------------------------------------------------------------------------


def test_breakpoints_are_numbered_in_order():
    points = Breakpoints()
    assert not points
    assert points.add(" loss > 1 ") == Breakpoint(1, "loss > 1")
    assert points.add("loss > 2", "high") == Breakpoint(2, "loss > 2", "high")
    assert [point.title for point in points] == ["loss > 1", "high"]
    assert len(points) == 2


def test_edit_and_remove():
    points = Breakpoints()
    points.add("loss > 1")
    points.add("loss > 2")
    assert points.edit(2, enabled=False, ignore=3) == Breakpoint(2, "loss > 2", enabled=False, ignore=3)
    assert points.edit(2) == Breakpoint(2, "loss > 2", enabled=False, ignore=3)
    assert points.edit(2, enabled=True).ignore == 3
    points.remove(1)
    assert [point.number for point in points] == [2]
    assert points.add("loss > 3").number == 3


def test_errors_name_the_breakpoints_and_change_nothing():
    points = Breakpoints()
    with pytest.raises(UserError, match="no breakpoint 1; there are: none"):
        points.remove(1)
    points.add("loss > 1")
    with pytest.raises(UserError, match="no breakpoint 7; there are: 1"):
        points.edit(7, enabled=False)
    with pytest.raises(UserError, match="ignore: given -1; allowed: 0 or more times"):
        points.edit(1, enabled=False, ignore=-1)
    with pytest.raises(ConditionError, match="did you mean 'loss'"):
        points.add("los > 1")
    assert list(points) == [Breakpoint(1, "loss > 1")]


def test_hits_are_counted_and_the_first_to_stop_is_returned():
    points, made = Breakpoints(), losses(3.0, 2.0)
    points.add("loss > 5")
    points.add("loss < prev.loss")
    points.add("loss == 2")
    points.add("loss < 9")
    points.edit(2, ignore=1)
    points.edit(4, enabled=False)
    hit = points.hit(made, 1)
    assert (hit.breakpoint.number, hit.position, hit.values) == (3, 1, (("loss", 2.0),))
    assert [(point.hits, point.ignore) for point in points] == [(0, 0), (1, 0), (1, 0), (0, 0)]
    assert points.hit(made, 1).breakpoint.number == 2
    assert [point.hits for point in points] == [0, 2, 2, 0]


def test_a_missing_operand_does_not_stop():
    points = Breakpoints()
    points.add("loss < prev.loss")
    points.add("val_loss > 0")
    assert points.hit(history(loss=[1.0], val_loss=[None]), 0) is None
    assert [point.hits for point in points] == [0, 0]


@pytest.mark.parametrize(
    ("name", "columns", "stops"),
    [
        ("the loss rose", {"loss": [1.0, 2.0]}, True),
        ("the loss rose", {"loss": [2.0, 2.0]}, False),
        ("mistakes rose while the loss fell", {"loss": [2.0, 1.0], "mistakes": [3.0, 4.0]}, True),
        ("mistakes rose while the loss fell", {"loss": [1.0, 2.0], "mistakes": [3.0, 4.0]}, False),
        ("not finite", {"loss": [1.0, math.nan]}, True),
        ("not finite", {"grad_norm": [1.0, math.inf]}, True),
        ("not finite", {"loss": [1.0, 2.0]}, False),
        ("no gradient is left", {"grad_norm": [1.0, 1e-8]}, True),
        ("the update is zero", {"update_norm": [None, 0.0]}, True),
        ("the update is zero", {"update_norm": [None, 1e-9]}, False),
        ("the loss has not fallen for 10 steps", {"loss": [2.0, *[3.0] * 9, 2.0]}, True),
        ("the loss has not fallen for 10 steps", {"loss": [2.0, *[3.0] * 9, 1.9]}, False),
        ("the loss has not fallen for 10 steps", {"loss": [2.0, 1.0, *[3.0] * 9]}, False),
        ("the loss has not fallen for 10 steps", {"loss": [2.0] * 10}, False),
        ("update out of proportion", {"update_norm": [None, 11.0], "param_norm": [1.0, 1.0]}, True),
        ("update out of proportion", {"update_norm": [None, 1e-9], "param_norm": [1.0, 1.0]}, True),
        ("update out of proportion", {"update_norm": [None, 0.1], "param_norm": [1.0, 1.0]}, False),
    ],
)
def test_ready_made_breakpoints(name, columns, stops):
    points, made = Breakpoints(), history(**columns)
    points.add(READY[name], name)
    assert (points.hit(made, len(made) - 1) is not None) is stops


# --- in a session -----------------------------------------------------------------------------------


def test_a_burst_stops_at_the_position_and_goes_on_from_there(session):
    session.breakpoints.add(EVERY_10)
    assert session.burst(100).step == 10
    assert (session.hit.position, session.hit.breakpoint.number) == (10, 1)
    assert session.burst(100).step == 20
    assert session.burst(5).step == 25
    assert session.hit is None
    assert next(iter(session.breakpoints)).hits == 2


def test_a_stop_leaves_the_state_unchanged(session):
    session.breakpoints.add("step == 7")
    session.burst(50)
    undisturbed = Session(preset(learning_rate=0.05))
    undisturbed.burst(7)
    assert session.state_hash() == undisturbed.state_hash()


def test_several_breakpoints_stop_at_their_positions(session):
    session.breakpoints.add("step == 12")
    session.breakpoints.add("step == 5", "five")
    session.breakpoints.add("step == 8")
    session.breakpoints.edit(3, enabled=False)
    stops = []
    while session.position < 20:
        session.burst(20 - session.position)
        stops.append((session.position, session.hit and session.hit.breakpoint.title))
    assert stops == [(5, "five"), (12, "step == 12"), (20, None)]


def test_ignored_hits_do_not_stop(session):
    session.breakpoints.add(EVERY_10)
    session.breakpoints.edit(1, ignore=2)
    assert session.burst(100).step == 30
    assert session.burst(100).step == 40
    (point,) = session.breakpoints
    assert (point.hits, point.ignore) == (4, 0)


def test_breakpoints_hit_again_in_the_recorded_future(session):
    session.burst(30)
    session.seek(0)
    session.breakpoints.add(EVERY_10)
    assert session.burst(100).step == 10
    assert session.burst(100).step == 20
    assert len(session.history) == 31


def test_a_single_step_onto_one_is_a_hit(session):
    session.breakpoints.add("step == 2")
    session.step()
    assert session.hit is None
    session.step()
    assert session.hit.position == 2
    session.step()
    assert session.hit is None


def test_moves_within_recorded_positions_do_not_stop(session):
    session.burst(30)
    session.breakpoints.add(EVERY_10)
    session.back(15)
    session.seek(3)
    session.seek(28)
    assert session.position == 28
    assert next(iter(session.breakpoints)).hits == 0


def test_seeking_beyond_the_tip_stops(session):
    session.burst(5)
    session.breakpoints.add(EVERY_10)
    assert session.seek(50).step == 10


def test_going_back_keeps_the_breakpoints(session):
    session.breakpoints.add("step == 3")
    session.burst(40)  # stops at 3
    session.burst(40)
    session.breakpoints.remove(1)
    session.breakpoints.add("step == 30", "later")
    before = list(session.breakpoints)
    for position in (0, 3, 20, 43):
        session.seek(position)
        assert list(session.breakpoints) == before
    session.seek(20)
    session.fork({"train.rule.learning_rate": 0.01})
    assert session.burst(100).step == 30
    assert session.hit.breakpoint.title == "later"
    session.switch(0)
    assert [point.hits for point in session.breakpoints] == [1]


def test_a_loss_that_is_not_finite_ends_a_burst_too():
    session = Session(preset(learning_rate=1e200))
    session.breakpoints.add("step == 50")
    session.burst(100)
    assert session.diverged
    assert session.hit is None


def test_breakpoints_are_saved(session, tmp_path):
    path = tmp_path / "run.gradstep"
    session.breakpoints.add(EVERY_10, "ten")
    session.breakpoints.add("loss > prev.loss")
    session.breakpoints.add("step == 4")
    session.breakpoints.edit(2, enabled=False, ignore=5)
    session.breakpoints.remove(3)
    session.burst(100)
    session.save(path)
    session.burst(100)
    session.close()
    again = Session.open(path)
    assert list(again.breakpoints) == [
        Breakpoint(1, EVERY_10, "ten", hits=2),
        Breakpoint(2, "loss > prev.loss", enabled=False, ignore=5),
    ]
    assert again.position == 20
    assert again.burst(100).step == 30
    again.breakpoints.remove(2)
    again.close()
    assert [point.hits for point in Session.open(path).breakpoints] == [3]
