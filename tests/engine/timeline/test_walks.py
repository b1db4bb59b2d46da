"""However a run was walked, the state at a position of a branch is the one a straight run has there."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from runs import diverging, minibatch
from timeline_runs import CHANGES, Walker, dying, exam

PRESETS = pytest.mark.parametrize("make", [minibatch, exam, diverging, dying])


def walk(make, seed, moves):
    walker, draw = Walker(make()), random.Random(seed)
    for _ in range(moves):
        walker.move(draw)
    return walker


@PRESETS
def test_a_random_walk_ends_with_the_states_of_straight_runs(make):
    walker = walk(make, seed=1, moves=300)
    assert len(walker.paths) > 2
    walker.check_against_straight_runs()


@pytest.mark.long
@pytest.mark.timeout(3600)
@PRESETS
def test_a_long_random_walk_ends_with_the_states_of_straight_runs(make):
    walk(make, seed=2, moves=10_000).check_against_straight_runs()


def test_walk_passes_missing_numbers():
    walker = walk(diverging, seed=1, moves=300)
    losses = np.concatenate([branch.history["loss"] for branch in walker.session.timeline.branches.values()])
    assert np.isnan(losses).any()
    assert np.isinf(losses).any()


class Walks(RuleBasedStateMachine):
    """Moves in an order that hypothesis chooses, and shortens where one goes wrong."""

    @initialize(make=st.sampled_from([minibatch, diverging, dying]))
    def begin(self, make):
        self.walker = Walker(make())

    @rule(count=st.integers(0, 20))
    def burst(self, count):
        self.walker.burst(count)

    @rule(count=st.integers(1, 20))
    def back(self, count):
        self.walker.back(count)

    @rule(part=st.floats(0, 1))
    def seek(self, part):
        self.walker.seek(round(part * self.walker.path.tip))

    @rule(changes=st.sampled_from(CHANGES))
    def change(self, changes):
        self.walker.change(changes)

    @rule(changes=st.sampled_from(CHANGES))
    def change_at_the_tip(self, changes):
        self.walker.change_at_the_tip(changes)

    @rule(changes=st.sampled_from(({}, *CHANGES)))
    def fork(self, changes):
        self.walker.fork(changes)

    @precondition(lambda self: len(self.walker.paths) > 1)
    @rule(draw=st.randoms(use_true_random=False))
    def switch(self, draw):
        self.walker.switch(draw.choice(sorted(self.walker.paths)))

    def teardown(self):
        if hasattr(self, "walker"):
            self.walker.check_against_straight_runs()


Walks.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestWalks = Walks.TestCase
