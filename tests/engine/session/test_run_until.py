"""Forward and backward to where a condition holds."""

import pytest
from runs import preset, spied

from gradstep.engine import Session
from gradstep.engine.conditions.language import ConditionError


@pytest.fixture
def session():
    return Session(preset(learning_rate=0.05))


@pytest.fixture
def recorded(session):
    """Thirty steps are recorded and the run is back at position 10."""
    session.burst(30)
    session.seek(10)
    return session


def test_the_record_where_it_holds(session):
    record = session.run_until("loss < 0.9 * ago(loss, 3)")
    assert record == session.record
    losses = session.history["loss"]
    assert record.step == next(k for k in range(3, len(losses)) if losses[k] < 0.9 * losses[k - 3])
    assert len(session.history) == record.step + 1


def test_tested_from_the_next_position_on(session):
    assert session.run_until("step >= 0").step == 1
    assert session.run_until("step % 5 == 0").step == 5
    assert session.run_until("step % 5 == 0").step == 10


def test_none_at_the_limit(session):
    assert session.run_until("step == 8", limit=7) is None
    assert session.position == 7
    assert session.run_until("step == 8", limit=1).step == 8
    assert session.run_until("step > 0", limit=0) is None
    assert session.position == 8


def test_none_where_the_loss_is_not_finite():
    session = Session(preset(learning_rate=1e200))
    assert session.run_until("loss < 0") is None
    assert session.diverged
    assert session.run_until("loss < 0") is None
    session.seek(0)
    assert session.run_until("not finite(loss)").step == session.position


def test_a_hit_in_the_recorded_future_is_found_by_its_records(recorded):
    recorded.seek(29)
    recorded.seek(10)
    steps = spied(recorded)
    assert recorded.run_until("step == 12").step == 12
    assert len(steps) <= 2, "only the way there is gone, not the whole future"
    assert len(recorded.history) == 31


def test_far_hit_re_executes_from_one_keyframe(recorded):
    recorded.burst(970)
    recorded.seek(0)
    steps = spied(recorded)
    recorded.seek(990)
    cost = len(steps)
    recorded.seek(0)
    assert len(steps) == cost
    assert recorded.run_until("step == 990").step == 990
    assert len(steps) - cost <= cost


def test_run_until_continues_beyond_recorded_future(recorded):
    assert recorded.run_until("step == 33").step == 33
    assert len(recorded.history) == 34


def test_the_limit_counts_recorded_positions_too(recorded):
    assert recorded.run_until("step == 20", limit=9) is None
    assert recorded.position == 19
    assert recorded.run_until("step == 40", limit=15) is None
    assert recorded.position == 34


def test_the_state_there_is_the_state_of_a_straight_run(recorded):
    recorded.run_until("step == 23")
    straight = Session(preset(learning_rate=0.05))
    straight.burst(23)
    assert recorded.state_hash() == straight.state_hash()


def test_backward_to_the_last_position_before(recorded):
    assert recorded.reverse_until("step % 4 == 0").step == 8
    assert recorded.reverse_until("step % 4 == 0").step == 4
    assert recorded.reverse_until("step >= 0").step == 3
    assert recorded.position == 3
    assert len(recorded.history) == 31


def test_backward_without_a_hit_does_not_move(recorded):
    before = recorded.state_hash()
    assert recorded.reverse_until("loss < 0") is None
    assert recorded.reverse_until("step > 20") is None
    assert recorded.state_hash() == before
    recorded.seek(0)
    assert recorded.reverse_until("step >= 0") is None


def test_backward_past_a_fork(recorded):
    recorded.fork({"train.rule.learning_rate": 0.01})
    recorded.burst(5)
    assert recorded.reverse_until("step == 6").step == 6
    straight = Session(preset(learning_rate=0.05))
    straight.burst(6)
    assert recorded.state_hash() == straight.state_hash()


@pytest.mark.parametrize("text", ["", "los > 1", "loss", "loss >", "__import__('os')"])
def test_an_error_moves_nothing(recorded, text):
    before = recorded.state_hash()
    for way in (recorded.run_until, recorded.reverse_until):
        with pytest.raises(ConditionError):
            way(text)
    assert recorded.state_hash() == before
    assert len(recorded.history) == 31
