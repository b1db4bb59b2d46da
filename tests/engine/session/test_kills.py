"""Real processes, killed at random moments: what was done is in the file, and goes on to the last bit."""

import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from runs import bits, line, minibatch

from gradstep.engine import Session
from gradstep.engine.config.files import to_toml

DEADLINE = 60
LOST_SECONDS = 1.0
"""What was recorded longer ago is never lost."""
KILLS = {
    "kill the host": {"host": signal.SIGKILL},
    "kill the client": {"client": signal.SIGKILL},
    "kill both": {"host": signal.SIGKILL, "client": signal.SIGKILL},
    "end the host": {"host": signal.SIGTERM},
    "hang up on the client": {"client": signal.SIGHUP},
}


class Explorer:
    """The stand-in for an explorer, and what it has said so far."""

    def __init__(self, given, seed, home):
        self.path = None
        self.host = None
        self.had = []  # (time, branch, last position)
        script = Path(__file__).parent / "explorer_stand_in.py"
        self.client = psutil.Popen(
            [sys.executable, script, str(seed), str(given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": str(home), "PYTHONPATH": str(Path.cwd())},
        )
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def follow_until(self, condition):
        """Take in what it says until the condition is true."""
        end = time.monotonic() + DEADLINE
        while not condition():
            line = self._lines.get(timeout=max(0, end - time.monotonic()))
            assert line, self.client.stderr.read()
            self._take(line)

    def strike(self, signals):
        """Send the signals, wait for both processes to be gone, and take in what it had said by then."""
        struck = time.monotonic()
        for who, number in signals.items():
            (self.host if who == "host" else self.client).send_signal(number)
        psutil.wait_procs([self.host], DEADLINE)
        assert not self.host.is_running() or self.host.status() == psutil.STATUS_ZOMBIE
        self.client.wait(DEADLINE)  # it ends when its engine has died
        while line := self._lines.get(timeout=DEADLINE):
            self._take(line)
        return struck

    def end(self):
        for process in (self.client, self.host):
            if process is not None and process.is_running():
                process.kill()
        self.client.stdout.close()
        self.client.stderr.close()

    def _read(self):
        for text in self.client.stdout:
            self._lines.put(text)
        self._lines.put("")

    def _take(self, line):
        kind, _, rest = line.strip().partition(" ")
        if kind == "host":
            self.host = psutil.Process(int(rest))
        elif kind == "file" and rest != "None":
            self.path = Path(rest)
        elif kind == "have":
            branch, last, when = rest.split()
            self.had.append((float(when), int(branch), int(last)))


def straight_run(config, branch, branches):
    """The branch as a run without detours, up to its tip."""
    changes, at = list(branch.changes), branch
    while at.parent is not None:
        fork, at = at.fork, branches[at.parent]
        changes = [entry for entry in at.changes if entry[0] <= fork] + changes
    run = Session(config)
    for position, made in changes:
        run.burst(position - run.position)
        if made:
            run.change(made)
    run.burst(branch.tip - run.position)
    return run


def survives(path, config, explorer, struck, *, all_of_it, every_branch):
    """The file opens, holds all but the last second, and every bit of it is an undisturbed run's."""
    session = Session.open(path)
    try:
        assert session.notices == []
        assert session.timeline.mismatch is None
        branches = session.timeline.branches
        for when, branch, last in explorer.had:
            if all_of_it or when < struck - LOST_SECONDS:
                assert branch in branches, f"branch {branch}, {struck - when:.2f} s before"
                assert last <= branches[branch].tip, f"position {last}, {struck - when:.2f} s before"
        for branch in branches.values() if every_branch else [session.timeline.branch]:
            straight = straight_run(config, branch, branches)
            assert np.array_equal(bits(branch.history), bits(straight.history))
            if branch is session.timeline.branch:
                straight.seek(session.position)
                assert straight.state_hash() == session.state_hash()
        session.seek(session.timeline.branch.tip)
        session.burst(5)
        assert session.timeline.mismatch is None
    finally:
        session.close()


def strike_and_open(tmp_path, seed, kill, times=1, every_branch=False):
    draw = random.Random(seed)
    config = minibatch() if draw.random() < 0.5 else line()
    given = tmp_path / "small.toml"
    given.write_text(to_toml(config))
    for _ in range(times):
        explorer = Explorer(given, seed, tmp_path / "home")
        try:
            wait = draw.uniform(0, 2)
            explorer.follow_until(lambda: explorer.path is not None and explorer.had)  # noqa: B023
            first = explorer.had[0][0]
            explorer.follow_until(lambda: explorer.had[-1][0] - first > wait)  # noqa: B023
            struck = explorer.strike(KILLS[kill])
            saves = KILLS[kill].get("host") != signal.SIGKILL
            survives(explorer.path, config, explorer, struck, all_of_it=saves, every_branch=every_branch)
            given = explorer.path
        finally:
            explorer.end()


@pytest.mark.parametrize(("seed", "kill"), list(enumerate(KILLS)))
def test_nothing_is_lost(tmp_path, seed, kill):
    strike_and_open(tmp_path, seed, kill)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(100, 130))
def test_nothing_is_lost_however_often(tmp_path, seed):
    """Twice each: the session that was killed is resumed and killed again."""
    strike_and_open(tmp_path, seed, list(KILLS)[seed % len(KILLS)], times=2, every_branch=True)
