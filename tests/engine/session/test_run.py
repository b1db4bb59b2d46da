"""`Session.run`, the loop that all runs step by."""

import math

import pytest
from runs import bits, diverging, line, minibatch

from gradstep.engine import Session, UserError
from gradstep.engine.conditions.language import parse_condition


def test_run_yields_start_then_every_position():
    session = Session(line())
    session.burst(3)
    progress = list(session.run(7))
    assert [(one.first, one.position) for one in progress] == [(3, 3), (4, 4), (5, 5), (6, 6), (7, 7)]
    assert [one.stop and one.stop.kind for one in progress] == [None] * 4 + ["end"]
    assert progress[-1].stop.reason == "reached step 7"


def test_run_yields_after_exactly_every_steps():
    progress = list(Session(line()).run(25, every=10))
    assert [(one.first, one.position) for one in progress] == [(0, 0), (1, 10), (11, 20), (21, 25)]
    assert [one.stop is None for one in progress] == [True, True, True, False]


@pytest.mark.parametrize("end", [0, 4, 5])
def test_run_to_position_already_reached_does_no_step(end):
    session = Session(line())
    session.burst(5)
    (only,) = session.run(end)
    assert (only.first, only.position, only.stop.kind) == (5, 5, "end")


def test_run_may_be_left_and_taken_up():
    session, straight = Session(line()), Session(line())
    straight.burst(40)
    for progress in session.run(40):
        if progress.position == 13:
            break
    assert session.position == 13
    for _ in session.run(40):
        pass
    assert session.state_hash() == straight.state_hash()
    assert (bits(session.history) == bits(straight.history)).all()


def test_condition_stops_run_at_next_position_at_earliest():
    session = Session(line())
    (*_, last) = session.run(9, parse_condition("step >= 0"))
    assert (last.position, last.stop.kind, last.stop.reason) == (1, "condition", "step >= 0")


def test_run_tells_whether_condition_had_value():
    session = Session(minibatch())  # validated every 4 steps
    (*_, last) = session.run(3, parse_condition("val_loss < 0"))
    assert (last.stop.kind, last.stop.could_tell) == ("end", False)
    (*_, last) = Session(line()).run(3, parse_condition("loss < 0"))
    assert (last.stop.kind, last.stop.could_tell) == ("end", True)


def test_run_measures_what_its_condition_reads():
    session = Session(line())
    (*_, last) = session.run(5, parse_condition("rank[1] < 0"))
    assert last.stop.could_tell
    assert len(session.history["rank[1]"]) == 6
    assert not any(math.isnan(value) for value in session.history["rank[1]"])


def test_run_refuses_condition_that_never_has_a_value():
    with pytest.raises(UserError, match="val_loss has no value here"):
        list(Session(line()).run(5, parse_condition("val_loss < 1")))


def test_loss_that_is_not_finite_stops_run():
    session = Session(diverging())
    (*_, last) = session.run(5000)
    assert last.stop.kind == "not finite"
    assert last.stop.reason == session.diverged
    (only,) = session.run(9000)
    assert (only.position, only.stop.kind) == (last.position, "not finite")
    (*_, beyond) = session.run(9000, debug=True)  # as by a key: a step is done, and stops again
    assert (beyond.position, beyond.stop.kind) == (last.position + 1, "not finite")


def test_breakpoints_stop_debugged_run_only():
    session = Session(line())
    session.add_breakpoint("step == 4")
    (*_, last) = session.run(9, debug=True)
    assert (last.position, last.stop.kind, last.stop.reason) == (4, "breakpoint", "step == 4")
    other = Session(line())
    other.add_breakpoint("step == 4")
    (*_, last) = other.run(9)
    assert (last.position, last.stop.kind) == (9, "end")
