"""What it costs to go anywhere: re-executed steps, and the memory of the saved states."""

import random
import sys
from math import isqrt

import numpy as np
import pytest
import torch
from runs import bits, line, minibatch, spied
from timeline_runs import exam

from gradstep.engine import Session
from gradstep.engine.timeline.keyframes import RECENT, Keyframes, least_missed
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.state import State


def states_bytes(timeline: Timeline) -> int:
    """The memory of all saved states of all branches."""
    states = {
        id(state): state.nbytes
        for branch in timeline.branches.values()
        for state in held(branch.keyframes).values()
    }
    return sum(states.values())


def held(keyframes):
    """The saved states by position."""
    return {position: keyframes.before(position) for position in keyframes.positions()}


def state(position, size=10):
    return State(position, {"weight": torch.zeros(size)}, {}, 0.0)


# --- what a seek costs ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_run():
    session = Session(line())
    session.burst(20_000)
    return session, bits(session.history)


def test_a_seek_re_executes_at_most_the_root_of_the_positions(long_run):
    session, records = long_run
    steps, draw = spied(session), random.Random(3)
    costs = []
    for target in (0, 1, 2, 10_000, 19_999, 20_000, *(draw.randrange(20_001) for _ in range(120))):
        steps.clear()
        session.seek(target)
        costs.append(len(steps))
        assert session.position == target
    assert max(costs) <= isqrt(20_000), max(costs)
    assert session.timeline.mismatch is None
    np.testing.assert_array_equal(bits(session.history), records)


def test_no_position_is_far_from_a_saved_state(long_run):
    session, _ = long_run
    gaps = np.diff([*session.timeline.keyframe_positions(), 20_001])
    assert gaps.max() <= isqrt(20_000) + 1


def test_there_are_about_two_roots_of_states(long_run):
    session, _ = long_run
    assert len(session.timeline.keyframe_positions()) <= 2 * isqrt(20_000) + 8 + RECENT


def test_saved_states_are_denser_near_the_present():
    session = Session(line())
    session.burst(5_000)
    at = np.array(session.timeline.keyframe_positions())
    near, far = np.sum(at >= 4_900), np.sum((at >= 1_000) & (at < 1_100))
    assert near > 2 * far


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 17, 100, 101, 1000])
def test_position_0_always_has_a_state(length):
    session = Session(line(run={"keyframe_megabytes": 1}))
    session.burst(length)
    assert session.timeline.keyframe_positions()[0] == 0
    steps = spied(session)
    session.seek(0)
    assert steps == []


def test_short_branch_does_not_evict_long_ones_states():
    session = Session(line())
    session.burst(5_000)
    session.seek(100)
    session.fork()
    session.burst(5)
    for position in (0, 60, 20):  # re-executes on the root, which the branch shares up to 100
        session.seek(position)
        session.seek(position + 40)
    session.switch(0)
    steps, costs = spied(session), []
    for target in range(200, 5_001, 150):
        session.seek(5_000)
        steps.clear()
        session.seek(target)
        costs.append(len(steps))
    assert max(costs) <= isqrt(5_000)


# --- what a step back costs -------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 3, 50, 51, 1000, 1001])
@pytest.mark.parametrize("make", [line, minibatch])
def test_step_back_after_burst_re_executes_at_most_one_step(make, length):
    session = Session(make())
    session.burst(length)
    steps = spied(session)
    session.seek(length - 1)
    assert session.position == length - 1
    assert len(steps) <= 1


def test_the_next_steps_back_cost_no_more():
    session = Session(line())
    session.burst(1000)
    steps = spied(session)
    for position in range(999, 985, -1):
        steps.clear()
        session.seek(position)
        assert len(steps) <= 1


def test_after_a_backward_move_the_states_there_are_denser():
    session = Session(line())
    session.burst(10_000)
    session.seek(4_990)
    steps = spied(session)
    session.seek(4_989)
    assert len(steps) <= 1
    assert sum(p in session.timeline.keyframe_positions() for p in range(4_976, 4_990)) >= 3


# --- memory -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("megabytes", [1, 2, 5])
def test_states_stay_within_their_megabytes(megabytes):
    config = minibatch(run={"keyframe_megabytes": megabytes})
    session = Session(config)  # 3,985 parameters and as many slots: 32 kB a state
    session.burst(2_000)
    size = session.trainer.snapshot().nbytes
    assert states_bytes(session.timeline) <= megabytes * 1_000_000
    assert len(session.timeline.keyframe_positions()) > min(60, megabytes * 1_000_000 // size // 2)
    draw = random.Random(1)
    for _ in range(30):
        session.seek(draw.randrange(2_001))
        assert states_bytes(session.timeline) <= megabytes * 1_000_000


def test_branches_share_the_megabytes():
    session = Session(minibatch(run={"keyframe_megabytes": 1}))
    session.burst(300)
    for i in range(8):
        session.seek(20 * (i + 1))
        session.fork({"train.rule.learning_rate": 1e-3 / (i + 1)})
        session.burst(60)
        assert states_bytes(session.timeline) <= 1_000_000


def test_many_branches_do_not_take_more_than_the_megabytes():
    session = Session(minibatch(run={"keyframe_megabytes": 1}))
    session.burst(100)
    for i in range(60):
        session.seek(i + 1)
        session.fork()
        session.burst(6)
    size = session.trainer.snapshot().nbytes
    assert states_bytes(session.timeline) <= 1_000_000 + 2 * size
    for number in (1, 30, 60, 0):
        session.switch(number)
        session.seek(session.timeline.branch.tip)
    assert session.timeline.mismatch is None


def test_states_give_up_memory_of_their_own_kind():
    """A rule with other memory than the one before: what is written over must fit."""
    session = Session(minibatch())
    for name in ("momentum", "gradient_descent", "adam", "rmsprop_torch", "nesterov"):
        session.burst(30)
        session.change({"train.rule.name": name})
    session.burst(30)
    records = bits(session.history)
    for position in (100, 10, 60, 31, 149, 0, 90):
        session.seek(position)
    assert session.timeline.mismatch is None
    session.burst(200)
    np.testing.assert_array_equal(bits(session.history)[: len(records)], records)


def test_a_kept_state_is_not_written_over():
    session = Session(exam())
    session.burst(400)
    digests = {}
    for position in session.timeline.keyframe_positions():
        session.seek(position)
        digests[position] = session.state_hash()
    session.seek(400)
    session.burst(400)
    for position, digest in digests.items():
        session.seek(position)
        assert session.state_hash() == digest


# --- the container itself ---------------------------------------------------------------------------


def test_profiler_that_holds_frames_does_not_keep_states():
    """A profiler's thread holds what is local to a function for longer than the function runs."""
    kept, seen = Keyframes(10**9), []
    sys.setprofile(lambda frame, *_: seen.append(frame.f_locals))
    try:
        for position in range(0, 5000, 16):
            kept.spare(position + 1, position)
            kept.add(state(position))
    finally:
        sys.setprofile(None)
    assert len(kept) <= 2 * isqrt(5000) + 8 + RECENT


def test_before_finds_the_nearest():
    keyframes = Keyframes(10**9)
    for position in (0, 10, 20):
        keyframes.pin(state(position))
    keyframes.add(state(14))
    found = {p: keyframes.before(p).position for p in (0, 9, 10, 13, 14, 19, 20, 99)}
    assert found == {0: 0, 9: 0, 10: 10, 13: 10, 14: 14, 19: 14, 20: 20, 99: 20}
    assert keyframes.positions() == [0, 10, 14, 20]


def test_no_keyframe_before_the_first():
    keyframes = Keyframes(10**9)
    assert keyframes.before(5) is None
    keyframes.pin(state(6))
    assert keyframes.before(5) is None


def test_bytes_are_what_the_tensors_take():
    assert State(0, {"w": torch.zeros(10, dtype=torch.float64)}, {"a": torch.zeros(3)}, 0.0).nbytes == 92
    session = Session(minibatch())
    parameters = 784 * 5 + 5 + 5 * 10 + 10
    assert session.trainer.snapshot().nbytes == 2 * 4 * parameters


def test_first_keyframe_is_never_evicted():
    draw = random.Random(0)
    for _ in range(200):
        length = draw.randrange(3, 500)
        positions = sorted(draw.sample(range(length), draw.randrange(2, min(length, 40))))
        assert 1 <= least_missed(positions, length, length) < len(positions)


def test_no_two_states_share_memory():
    """A state given up is written over once: each that is there still holds what it held."""
    draw = random.Random(0)
    keyframes = Keyframes(1 << 20)
    keyframes.pin(state(0))
    here = length = 1
    for _ in range(20_000):
        if draw.random() < 0.02:
            here = draw.randrange(length)
        near = draw.choice((here, draw.randrange(length)))
        if keyframes.wants(here, length, dense=draw.random() < 0.5):
            spare = keyframes.spare(length, near)
            memory = torch.empty(1) if spare is None else spare.parameters["weight"]
            keyframes.add(State(here, {"weight": memory.fill_(here)}, {}, 0.0))
        here += 1
        length = max(length, here)
    states = held(keyframes)
    assert len(states) > 50
    found = {position: int(saved.parameters["weight"][0]) for position, saved in states.items()}
    assert found == {p: p for p in states}
