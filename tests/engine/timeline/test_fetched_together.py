"""Runs whose numbers are fetched many positions at a time, as on a GPU, beside runs that look at each: the
same records, states and stops, to the bit. The processor plays the device that is seldom looked at."""

import math
import random

import pytest
import torch
from runs import bits, digits, diverging, line, minibatch, preset, spied
from timeline_runs import Walker, dying, exam, known
from torch.utils._python_dispatch import TorchDispatchMode

from gradstep.engine import Session
from gradstep.engine.timeline.keyframes import SPARSE_STRIDE
from gradstep.engine.training import trainer


@pytest.fixture
def together(monkeypatch):
    """`together(config)`: a session that fetches 32 positions at once, however long they take."""

    def start(config):
        with monkeypatch.context() as patch:
            patch.setattr(trainer, "rows_at_once", lambda _device: 32)
            session = Session(config)
        session.timeline.at_once_seconds = math.inf
        return session

    return start


def counted(session):
    """How many steps were done together, each time, as it goes."""
    counts, steps = [], session.trainer.steps

    def noted(count):
        counts.append(count)
        return steps(count)

    session.trainer.steps = noted
    return counts


def clipped():
    return minibatch(clip_norm=0.05)


def adam():
    layers = [(5, "leaky_relu"), (10, "linear")]
    rule = {"name": "adam", "learning_rate": 0.01}
    given = {"rule": rule, "loss": "exam_cross_entropy", "dtype": "float32", "batch": 16, "shuffle": False}
    return preset(digits(50, 0), layers, **given)


RUNS = [exam, minibatch, dying, line, clipped, adam]


@pytest.mark.parametrize("config", RUNS)
def test_burst_fetched_together_equals_plain_burst(config, together):
    plain = Session(config())
    plain.burst(130)
    session = together(config())
    counts = counted(session)
    session.burst(130)
    assert sum(counts) == 130
    # the stops on the way: the states kept, and what is validated
    every = session.timeline.recorder.next_validation(0) or SPARSE_STRIDE
    assert max(counts) == min(SPARSE_STRIDE, every)
    assert known(session) == known(plain)
    assert bits(session.history).tobytes() == bits(plain.history).tobytes()
    assert session.timeline.keyframe_positions() == plain.timeline.keyframe_positions()
    seconds = session.history["seconds"]
    assert (seconds[1:] > seconds[:-1]).all()


def test_diverging_run_ends_at_its_first_non_finite_loss(together):
    plain = Session(diverging())
    plain.burst(1000)
    assert plain.diverged
    session = together(diverging())
    steps = spied(session)
    session.burst(1000)
    assert len(steps) > session.position  # it had gone further, and back
    assert session.diverged == plain.diverged
    assert session.timeline.mismatch is None
    for _ in range(3):  # from there one can go on, a step at a time
        assert known(session) == known(plain)
        assert bits(session.history).tobytes() == bits(plain.history).tobytes()
        session.burst(1000)
        plain.burst(1000)
    session.seek(0)  # through the recorded future it ends at the first such loss too
    plain.seek(0)
    session.burst(1000)
    plain.burst(1000)
    assert known(session) == known(plain)
    session.seek(session.timeline.branch.tip)  # but a seek goes to where it is told
    assert session.position == session.timeline.branch.tip


@pytest.mark.parametrize("config", [exam, minibatch, dying, diverging])
def test_walk_fetched_together_equals_straight_runs(config, together):
    walker, draw = Walker(config(), together), random.Random(3)
    for _ in range(60):
        walker.move(draw)
    walker.check_against_straight_runs()


def test_breakpoints_conditions_and_measured_quantities_see_every_step(together):
    stops = []
    for start in (Session, together):
        session = start(minibatch())
        session.add_breakpoint("step % 37 == 0 and step > 0")
        session.burst(100)
        assert session.hit is not None
        at = [session.position]
        session.breakpoints.remove(session.hit.breakpoint.number)
        at.append(session.run_until("loss < 1.5", limit=300).step)
        session.measure("rank[1]", 5)
        session.burst(21)
        stops.append((at, known(session), session.history["rank[1]"].tobytes()))
    assert stops[0] == stops[1]
    assert stops[0][0][0] == 37


def test_slow_steps_are_fetched_in_small_groups(together):
    session = together(line())
    counts = counted(session)
    session.burst(200)
    assert max(counts) == SPARSE_STRIDE
    session.timeline.at_once_seconds = 0.0
    counts.clear()
    session.burst(200)
    assert counts[-100:] == [1] * 100


class Reads(TorchDispatchMode):
    """Counts the numbers that the host asks for, for each of which it would wait for a GPU."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default:
            self.count += 1
        return func(*args, **(kwargs or {}))


RULES = ["gradient_descent", "momentum", "nesterov", "rmsprop_keras2", "rmsprop_keras3", "rmsprop_torch"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("loss", ["mse", "cross_entropy", "exam_cross_entropy"])
def test_steps_ask_the_device_for_nothing(rule, loss, together):
    settings = {"name": rule, "learning_rate": 1e-3}
    layers = [(5, "relu"), (10, "linear")]
    given = {"rule": settings, "loss": loss, "dtype": "float32", "batch": 16, "clip_norm": 0.1}
    session = together(preset(digits(60, 12), layers, **given))
    session.step()
    with Reads() as reads:
        session.trainer.steps(20)
    assert reads.count == 0
    with Reads() as reads:
        session.trainer.model.vector.sum().item()
    assert reads.count == 1
