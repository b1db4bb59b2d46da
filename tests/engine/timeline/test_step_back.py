"""Going back on and on: what each step back re-executes, and what is made ready meanwhile."""

import random
import threading
from itertools import repeat
from multiprocessing import Pipe

import numpy as np
import pytest
from runs import bits, line, minibatch, spied
from timeline_runs import CHANGES, dying, known

from gradstep.engine import Session
from gradstep.engine.timeline.keyframes import DENSE_STEPS
from gradstep.engine.timeline.step_back import Rewinder
from gradstep.engine.worker.commands import (
    Pause,
)
from gradstep.engine.worker.driver import Driver
from gradstep.engine.worker.inbox import Inbox
from gradstep.engine.worker.prober import Prober


def straight(make, length):
    """A run without a backward move: what is known at each of its positions, and its records."""
    session = Session(make())
    states = [known(session)]
    for _ in range(length):
        session.step()
        states.append(known(session))
    return states, bits(session.history)


def go_on_for(steps):
    told = repeat(True, steps)
    return lambda: next(told, False)


@pytest.mark.parametrize("make", [minibatch, dying])
def test_walking_back_goes_to_the_very_states(make):
    states, records = straight(make, 150)
    session = Session(make())
    session.burst(150)
    for position in range(149, -1, -1):
        session.back()
        assert (session.position, known(session)) == (position, states[position])
    assert session.timeline.mismatch is None
    session.burst(150)
    np.testing.assert_array_equal(bits(session.history), records)
    assert known(session) == states[150]


def test_no_step_back_re_executes_a_whole_gap():
    """Before 100 every gap is of 20 positions."""
    session = Session(minibatch())
    for _ in range(100):
        session.advance(dense=False)
    session.burst(20)
    steps, costs = spied(session), []
    while session.position:
        steps.clear()
        session.back()
        costs.append(len(steps))
    assert max(costs) <= 2  # one to the position, and one of those needed soon
    assert sum(costs) <= 1.6 * 120


def test_a_long_way_back_is_spread_evenly():
    """Where memory is short, gaps are long: each is shared by the 15 steps back before it is needed."""
    session = Session(minibatch(run={"keyframe_megabytes": 1}))
    session.burst(1_500)
    gap = int(np.diff(session.timeline.keyframe_positions()).max())
    assert gap > 4 * DENSE_STEPS
    steps, costs = spied(session), []
    while session.position:
        steps.clear()
        session.back()
        costs.append(len(steps))
    assert max(costs) <= gap / 8
    assert session.timeline.mismatch is None


@pytest.mark.parametrize("make", [line, minibatch])
def test_prepared_states_are_restored_in_one_step(make):
    session = Session(make())
    for _ in range(1_000):
        session.advance(dense=False)
    before, records = known(session), bits(session.history)
    session.prepare_back(lambda: True, 1.0)
    assert (session.position, known(session)) == (1_000, before)
    steps = spied(session)
    session.prepare_back(lambda: True, 1.0)
    assert steps == []
    for position in range(999, 999 - DENSE_STEPS, -1):
        steps.clear()
        session.seek(position)
        assert len(steps) <= 1
    session.seek(1_000)
    assert known(session) == before
    np.testing.assert_array_equal(bits(session.history), records)


def test_preparing_goes_on_where_it_was_interrupted():
    whole, parts = Session(line()), Session(line())
    for session in (whole, parts):
        for _ in range(500):
            session.advance(dense=False)
    once, often = spied(whole), spied(parts)
    whole.prepare_back(lambda: True, 1.0)
    for _ in range(len(once)):
        parts.prepare_back(go_on_for(1), 1.0)
        assert parts.position == 500
    assert often == once
    parts.prepare_back(lambda: True, 1.0)
    assert often == once


def test_slow_steps_prepare_nothing():
    session = Session(line())
    for _ in range(50):
        session.advance(dense=False)
    steps = spied(session)
    session.prepare_back(lambda: True, 1e-9)
    assert steps == []


def test_nothing_is_before_the_start():
    session = Session(line())
    steps = spied(session)
    session.prepare_back(lambda: True, 1.0)
    session.back()
    assert (session.position, steps) == (0, [])


@pytest.mark.parametrize("megabytes", [1, 2, 512])
@pytest.mark.parametrize("seed", range(3))
def test_preparing_ends_at_any_position(megabytes, seed):
    """Also where memory is short, on branches of branches, and after changes: it must not give up what it
    has just made."""
    draw = random.Random(seed)
    session = Session(minibatch(run={"keyframe_megabytes": megabytes}))
    steps = spied(session)
    for _ in range(25):
        match draw.randrange(4):
            case 0:
                session.burst(draw.randrange(60))
            case 1:
                session.seek(draw.randrange(session.timeline.branch.tip + 1))
            case 2:
                session.back(draw.randrange(40))
            case 3 if len(session.timeline.branches) < 8:
                session.change(draw.choice(CHANGES))
                session.burst(3)
        before = known(session)
        steps.clear()
        Rewinder(session.timeline).prepare(go_on_for(1_000))
        assert len(steps) < 500
        assert known(session) == before
    assert session.timeline.mismatch is None


def test_the_engine_prepares_while_no_command_comes(wait_for):
    session = Session(line())
    for _ in range(500):
        session.advance(dense=False)
    ours, theirs = Pipe()
    driver = Driver(session, Inbox(theirs), print, Prober(print))
    waiting = threading.Thread(target=driver.next_command, daemon=True)
    waiting.start()
    wait_for(lambda: 486 in session.timeline.keyframe_positions())
    ours.send(Pause())
    waiting.join(20)
    assert not waiting.is_alive()
    assert session.position == 500
    ours.close()
