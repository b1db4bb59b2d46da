"""Small runs to walk on, what is compared of them, and a walker that knows what must be where."""

from dataclasses import dataclass, field

import numpy as np
from runs import bits, digits, preset

from gradstep.engine import Session

DESCENT = {"name": "gradient_descent", "learning_rate": 0.5}


def exam(**settings):
    layers = [(4, "sigmoid"), (10, "linear")]
    given = {"rule": DESCENT, "loss": "cross_entropy", "dtype": "float32", **settings}
    return preset(digits(40, 10), layers, **given)


def dying():
    """Hidden units that fall silent on batches, and, on the way, for good."""
    layers = [(8, "relu"), (10, "linear")]
    given = {"loss": "cross_entropy", "dtype": "float32", "batch": 6, "learning_rate": 0.3}
    return preset(digits(60, 12), layers, **given)


def known(session):
    """All that a state is: what its hash covers, and since when units are silent."""
    session.trainer.evaluate()
    watched = session.trainer.watched
    fired = tuple((index, last.numpy().tobytes()) for index, last in watched.last_fired.items())
    return session.state_hash(), watched.since, fired


CHANGES = (
    {"train.rule.learning_rate": 0.25},
    {"train.rule.learning_rate": 1e-4},
    {"train.clip_norm": 0.5},
    {"train.clip_norm": None},
    {"train.rule.name": "momentum"},
    {"train.rule.name": "adam", "train.rule.learning_rate": 0.01},
    {"train.rule.name": "gradient_descent"},
    {"train.rule.name": "rmsprop_keras3"},
    {"train.rule.name": "nesterov", "train.rule.momentum": 0.5},
)
MOST_BRANCHES = 8


@dataclass
class Path:
    """What a branch must be: everything changed from position 0 on, and its last position."""

    changes: list
    tip: int
    parent: int | None = None
    states: dict = field(default_factory=dict)


class Walker:
    """Moves a session about, and notes what a straight run must have given."""

    def __init__(self, config, start=Session):
        self.config = config
        self.session = start(config)
        self.paths = {0: Path([], 0)}
        self.check()

    @property
    def path(self):
        return self.paths[self.session.timeline.branch.number]

    @property
    def position(self):
        return self.session.position

    def move(self, random):
        """One move, drawn at random."""
        draw = random.random()
        if draw < 0.3:
            self.step()
        elif draw < 0.45:
            self.burst(random.randrange(30))
        elif draw < 0.65:
            self.back(random.choice((1, 1, 1, 2, 5, 40)))
        elif draw < 0.8:
            self.seek(random.randint(0, self.path.tip))
        elif draw < 0.87:
            self.switch(random.choice(sorted(self.paths)))
        elif draw < 0.93:
            self.change(random.choice(CHANGES))
        elif draw < 0.98:
            self.fork(random.choice(({}, *CHANGES)))
        else:
            self.change_at_the_tip(random.choice(CHANGES))

    def step(self):
        before = self.recorded()
        self.session.step()
        self.path.tip = max(self.path.tip, self.position)
        self.check(before)

    def burst(self, count):
        before = self.recorded()
        self.session.burst(count)
        if self.session.diverged:  # which has ended the burst
            for _ in range(2 * count):
                self.session.step()
        self.path.tip = max(self.path.tip, self.position)
        self.check(before)

    def back(self, count):
        before, target = self.recorded(), max(0, self.position - count)
        self.session.back(count)
        assert self.position == target
        self.check(before)

    def seek(self, position):
        before = self.recorded()
        self.session.seek(position)
        assert self.position == position
        self.check(before)

    def switch(self, number):
        before, target = self.recorded(number), min(self.position, self.paths[number].tip)
        self.session.switch(number)
        assert self.position == target
        self.check(before)

    def change_at_the_tip(self, changes):
        self.session.seek(self.path.tip)
        self.change(changes)

    def change(self, changes):
        self._make_room()
        if self.position < self.path.tip:
            self._branch(changes, lambda: self.session.change(changes))
            return
        number, before = self.session.timeline.branch.number, self.recorded(last=self.position)
        self.session.change(changes)
        assert self.session.timeline.branch.number == number
        self.path.changes.append((self.position, changes))
        self.check(before)

    def fork(self, changes):
        self._make_room()
        self._branch(changes, lambda: self.session.fork(changes))

    def _branch(self, changes, make):
        parent = self.session.timeline.owner(self.position).number
        inherited = [entry for entry in self.path.changes if entry[0] <= self.position]
        before, position = self.recorded(last=self.position), self.position
        make()
        made = self.session.timeline.branch.number
        assert made not in self.paths
        assert self.position == position
        self.paths[made] = Path([*inherited, (position, changes)], position, parent)
        self.check(before)

    def _make_room(self):
        """Delete leaves until there is room for one more branch; the last is left for its parent first."""
        while len(self.paths) >= MOST_BRANCHES:
            parents = {path.parent for path in self.paths.values()}
            leaf = min(n for n in self.paths if n not in parents)
            if self.paths[leaf] is self.path:
                self.switch(self.path.parent)
            self.session.timeline.delete(leaf)
            del self.paths[leaf]

    def recorded(self, number=None, last=None):
        timeline = self.session.timeline
        branch = timeline.branch if number is None else timeline.branches[number]
        return bits(branch.history, 0, last)

    def check(self, before=None):
        """What is recorded stays; nothing is recorded twice; a state seen at a position is that state."""
        history = self.session.history
        assert len(history) == self.path.tip + 1
        assert self.session.timeline.mismatch is None
        if before is not None:
            np.testing.assert_array_equal(bits(history, 0, len(before)), before)
        state = known(self.session)
        assert self.path.states.setdefault(self.position, state) == state

    def check_against_straight_runs(self):
        """Every branch, state by state and record by record, is what a run without any detour gives."""
        assert sorted(self.session.timeline.branches) == sorted(self.paths)
        for number, path in self.paths.items():
            straight = Session(self.config)
            for position in range(path.tip + 1):
                if position:
                    straight.step()
                for at, changes in path.changes:
                    if at == position:
                        straight.change(changes)
                if position in path.states:
                    assert known(straight) == path.states[position], (number, position)
            history = self.session.timeline.branches[number].history
            np.testing.assert_array_equal(bits(history), bits(straight.history), err_msg=f"branch {number}")
