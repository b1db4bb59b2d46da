"""Branches: what they share, when they begin, and what is refused."""

import numpy as np
import pytest
from runs import bits, line, minibatch, spied
from timeline_runs import exam

from gradstep.engine import Session, UserError
from gradstep.engine.timeline.timeline import SeekCancelledError

RATE = "train.rule.learning_rate"


@pytest.fixture
def session():
    run = Session(minibatch())
    run.burst(30)
    return run


def facts(session):
    """All that a refusal or a cancelled way leaves as it was."""
    timeline = session.timeline
    return (
        session.position,
        session.state_hash(),
        timeline.branch.number,
        timeline.preset,
        [
            (b.number, b.name, b.parent, b.fork, b.tip, b.changes, b.configs)
            for b in timeline.branches.values()
        ],
        [bits(branch.history).tobytes() for branch in timeline.branches.values()],
    )


# --- what a fork is ---------------------------------------------------------------------------------


def test_a_fork_shares_the_past(session):
    main = bits(session.history)
    session.seek(12)
    digest = session.state_hash()
    branch = session.fork({RATE: 0.01})
    assert (branch.number, branch.parent, branch.fork, branch.tip) == (1, 0, 12, 12)
    assert branch.changes == [(12, {RATE: 0.01})]
    assert session.timeline.branch is branch
    assert session.state_hash() == digest
    assert len(session.history) == 13
    session.burst(5)
    assert np.array_equal(bits(session.history, 0, 12), main[:12])
    rates = session.history["learning_rate"].tolist()
    assert rates == [1e-3] * 12 + [0.01] * 6
    # the rest of the record at the fork is the parent's: only the next update differs
    for name in ("loss", "grad_norm", "update_norm", "param_norm"):
        assert session.history[name][12] == session.timeline.branches[0].history[name][12]
    assert session.history["loss"][13] != session.timeline.branches[0].history["loss"][13]


def test_the_old_future_stays(session):
    main = bits(session.history)
    session.seek(12)
    session.fork({RATE: 0.01})
    session.burst(40)
    assert np.array_equal(bits(session.timeline.branches[0].history), main)


def test_a_fork_without_changes_is_the_same_run(session):
    session.seek(7)
    branch = session.fork(name="again")
    assert (branch.name, branch.changes) == ("again", [])
    session.burst(23)
    assert np.array_equal(bits(session.history), bits(session.timeline.branches[0].history))


@pytest.mark.parametrize("position", [0, 1, 29, 30])
def test_fork_equals_straight_run_with_the_change(session, position):
    session.seek(position)
    session.fork({"train.rule.name": "momentum", RATE: 0.1})
    session.burst(10)
    straight = Session(minibatch())
    straight.burst(position)
    straight.change({"train.rule.name": "momentum", RATE: 0.1})
    straight.burst(10)
    assert np.array_equal(bits(session.history), bits(straight.history))
    assert session.state_hash() == straight.state_hash()


def test_branches_of_branches(session):
    session.seek(20)
    session.fork({RATE: 0.01})
    session.burst(10)
    session.seek(25)
    inner = session.fork({"train.clip_norm": 0.1})
    assert (inner.parent, inner.fork) == (1, 25)
    session.burst(3)
    # further back than its parent's fork: begins on the root
    session.seek(5)
    outer = session.fork({RATE: 0.02})
    assert (outer.parent, outer.fork) == (0, 5)
    assert session.preset.train.clip_norm is None
    session.switch(2)
    session.seek(22)
    assert session.preset.train.rule.learning_rate == 0.01
    assert session.preset.train.clip_norm is None
    session.seek(26)
    assert session.preset.train.clip_norm == 0.1
    assert session.timeline.mismatch is None


def test_a_fork_of_a_fork_at_the_same_position(session):
    session.seek(9)
    session.fork({RATE: 0.01})
    inner = session.fork({"train.clip_norm": 0.1})
    assert (inner.parent, inner.fork) == (1, 9)
    session.burst(4)
    assert session.preset.train.rule.learning_rate == 0.01
    session.switch(1)
    session.burst(4)
    session.switch(2)
    session.back(10)
    session.seek(13)
    assert session.timeline.mismatch is None


# --- changes ----------------------------------------------------------------------------------------


def test_a_change_in_the_past_begins_a_branch(session):
    main = bits(session.history)
    session.back(10)
    session.change({RATE: 0.01})
    assert session.timeline.branch.number == 1
    assert session.timeline.branch.fork == 20
    assert np.array_equal(bits(session.timeline.branches[0].history), main)


def test_change_at_the_tip_begins_no_branch(session):
    before = bits(session.history)
    session.change({RATE: 0.01})
    session.change({"train.clip_norm": 2.0})
    assert list(session.timeline.branches) == [0]
    assert session.timeline.branch.changes == [(30, {RATE: 0.01}), (30, {"train.clip_norm": 2.0})]
    assert np.array_equal(bits(session.history, 0, 30), before[:30])
    assert session.record.learning_rate == 0.01
    session.burst(5)
    session.seek(29)
    assert session.preset.train.rule.learning_rate == 1e-3
    session.seek(33)
    assert session.preset.train.rule.learning_rate == 0.01
    assert session.timeline.mismatch is None


def test_a_change_at_the_tip_does_not_reach_a_branch_that_began_there(session):
    session.fork({"train.clip_norm": 0.5})
    session.burst(3)
    branch = bits(session.history)
    session.switch(0)
    session.seek(30)
    session.change({RATE: 0.5})
    session.burst(3)
    session.switch(1)
    session.seek(0)
    session.seek(33)
    assert np.array_equal(bits(session.history), branch)
    assert session.timeline.mismatch is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network.layers.0.units", 7),
        ("data.samples", 10),
        ("train.batch", 4),
        ("train.seed", 3),
        ("train.dtype", "float64"),
        ("train.loss", "mse"),
        ("run.steps", 3),
    ],
)
def test_what_determines_a_run_from_its_start_is_refused(session, key, value):
    session.back(3)
    before = facts(session)
    for ask in (session.change, session.fork):
        with pytest.raises(UserError, match=rf"{key}.*needs a new run"):
            ask({RATE: 0.5, key: value})
    assert facts(session) == before


@pytest.mark.parametrize(
    "changes", [{RATE: -1.0}, {RATE: "fast"}, {"train.rule.momentum": 0.9}, {"train.rule.name": "newton"}]
)
def test_a_bad_value_changes_nothing(session, changes):
    session.back(3)
    before = facts(session)
    for ask in (session.change, session.fork):
        with pytest.raises(UserError, match=next(iter(changes)).rpartition(".")[0]):
            ask(changes)
    assert facts(session) == before
    session.seek(30)
    with pytest.raises(UserError):
        session.change(changes)
    session.burst(2)
    assert session.timeline.mismatch is None


# --- switch, rename, delete -------------------------------------------------------------------------


def test_a_switch_goes_to_the_same_position_or_the_tip(session):
    session.seek(10)
    session.fork({RATE: 0.01})
    session.burst(5)
    session.switch(0)
    assert session.position == 15
    session.seek(30)
    session.switch(1)
    assert session.position == 15
    session.seek(4)
    steps = spied(session)
    session.switch(0)
    assert (session.position, steps) == (4, [])


def test_names(session):
    timeline = session.timeline
    session.seek(10)
    session.fork(name="slow")
    with pytest.raises(UserError, match="there is a branch 'slow' already"):
        session.fork(name="slow")
    with pytest.raises(UserError, match="there is a branch 'slow' already"):
        timeline.branches.rename(0, "slow")
    with pytest.raises(UserError, match="needs a name"):
        timeline.branches.rename(1, "  ")
    with pytest.raises(UserError, match="no branch 7; there are: 0, 1"):
        timeline.branches.rename(7, "x")
    timeline.branches.rename(1, " slower ")
    assert timeline.branches[1].name == "slower"
    with pytest.raises(UserError, match="'slower' already"):
        timeline.branches.rename(0, " slower ")
    timeline.branches.rename(1, "slower")
    assert len(timeline.branches) == 2


def test_fork_avoids_names_in_use(session):
    session.seek(10)
    session.timeline.branches.rename(0, "branch 1")
    session.fork()
    names = [branch.name for branch in session.timeline.branches.values()]
    assert len(set(names)) == 2


def test_what_can_be_deleted(session):
    timeline = session.timeline
    session.seek(10)
    session.fork(name="one")
    session.burst(2)
    session.fork(name="two")
    with pytest.raises(UserError, match="'main' is where every branch begins"):
        timeline.delete(0)
    with pytest.raises(UserError, match="'two' is where the run stands"):
        timeline.delete(2)
    with pytest.raises(UserError, match="'one' can't be deleted while two begins on it"):
        timeline.delete(1)
    session.switch(0)
    with pytest.raises(UserError, match="no branch 9"):
        timeline.delete(9)
    timeline.delete(2)
    timeline.delete(1)
    assert list(timeline.branches) == [0]
    assert session.fork().number == 3  # a number means one branch for good


def test_a_seek_out_of_the_records_is_refused(session):
    for position in (-1, 31):
        with pytest.raises(UserError, match=f"no position {position} on 'main': it has 0 to 30"):
            session.timeline.seek(position)


# --- cancelling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 5])
@pytest.mark.parametrize("make", [minibatch, exam, line])
def test_a_cancelled_seek_leaves_everything_as_it_was(make, after):
    session = Session(make())
    session.burst(2000)
    session.seek(700)
    before, told = facts(session), []

    def tick(done, total):
        told.append((done, total))
        return done < after

    far = next(p for p in range(100, 600) if far_from_states(session, p, after + 1))
    with pytest.raises(SeekCancelledError, match=f"the way to position {far} was cancelled"):
        session.seek(far, tick)
    assert [done for done, _ in told] == list(range(after + 1))
    assert len({total for _, total in told}) == 1
    assert facts(session) == before
    session.burst(20)
    assert session.timeline.mismatch is None


def far_from_states(session, position, steps):
    return not any(position - steps <= at <= position for at in session.timeline.keyframe_positions())


def test_a_cancelled_switch_leaves_everything_as_it_was(session):
    session.seek(10)
    session.fork({RATE: 0.01})
    session.burst(2000)
    session.switch(0)
    session.seek(30)
    session.burst(1500)
    far = next(p for p in range(200, 1500) if on_branch_far(session, 1, p))
    session.seek(far)
    before, budgets = facts(session), keyframe_budgets(session)
    with pytest.raises(SeekCancelledError):
        session.switch(1, lambda done, total: False)
    assert facts(session) == before
    assert keyframe_budgets(session) == budgets
    session.burst(3)
    assert session.timeline.mismatch is None


def keyframe_budgets(session):
    return [branch.keyframes.budget for branch in session.timeline.branches.values()]


def on_branch_far(session, number, position):
    return position not in session.timeline.branches[number].keyframes.positions()


def test_a_tick_that_goes_on_is_told_of_every_step(session):
    session.burst(3000)
    told = []
    session.seek(1, lambda done, total: told.append((done, total)) or True)
    assert told == [(0, 1)]
    assert session.position == 1
