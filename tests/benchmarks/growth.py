"""What a long run costs beside a short one: a frame of the explorer, a step, a record, and its file.

By hand: python tests/benchmarks/growth.py [--long 1000000] [--short 1000]

The long run takes minutes to make. The explorer goes on from both files in a pseudo-terminal, in turn.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from measure import ROUNDS, duration, in_turn, open_preset, show, table, tell, timed

sys.path.insert(0, str(Path(__file__).parents[1] / "terminal"))

from terminal_emulator import Terminal

from gradstep.engine import Session
from gradstep.tui.wire.pace import ASK

PRESET = "linear-1-layer"
STEPS = 2000
WATCHED_SECONDS = 4.0
Row = tuple[str, str, str, str, str]


def frame_seconds(file: Path) -> float:
    """The screen's processor time for a frame while the run goes on from a file, at full speed."""
    with Terminal(["gradstep", str(file)], {"TERM": "xterm-256color"}, 80, 24) as terminal:
        terminal.wait_for(lambda text: re.search(r"step +[1-9]", text) is not None, 60)
        terminal.settle()
        terminal.press(" ")
        terminal.wait_for(lambda text: "▶" in text)
        process, frames = psutil.Process(terminal.pid), 0
        before = process.cpu_times()
        deadline = time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < deadline:
            asked = os.read(terminal.fd, 65536).count(ASK.encode())
            frames += asked
            terminal.press(*["\x1b[1;1R"] * asked)
        after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / frames


def frame(short: Path, long: Path) -> Row:
    at = {file: [frame_seconds(file) for _ in range(3)] for file in (long, short)}
    one, other = (statistics.median(at[file]) for file in (long, short))
    return (
        "a frame of the explorer, of a processor",
        duration(one),
        duration(other),
        f"{one / other:.2f}",
        "1.25",
    )


def step(short: Session, long: Session) -> Row:
    one, other = in_turn(lambda: long.burst(STEPS), lambda: short.burst(STEPS), 2 * ROUNDS)
    return "a step", duration(one / STEPS), duration(other / STEPS), f"{one / other:.2f}", "1"


def record(long: Session) -> Row:
    rows = long.history.column("loss").base
    ratio = rows.nbytes / len(long.history)
    own = rows.itemsize * rows.shape[1]
    return (
        "memory of a record (allocated; its own)",
        f"{ratio:.0f} B",
        f"{own} B",
        f"{ratio / own:.2f}",
        "150 B",
    )


def opening(file: Path) -> float:
    opened: list[Session] = []
    took = timed(lambda: opened.append(Session.open(file, save=False)))
    opened[0].close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", type=int, default=1_000_000)
    parser.add_argument("--short", type=int, default=1000)
    given = parser.parse_args()
    made = table("Growth", "what", f"at {given.long:,}", f"at {given.short:,}", "ratio", "at most")

    def add(*row: str) -> None:
        tell(*row)
        made.add_row(*row)

    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_DATA_HOME"] = name
        sessions = {}
        for length in (given.short, given.long):
            _, sessions[length] = open_preset(PRESET)
            sessions[length].burst(length)
        short, long = sessions[given.short], sessions[given.long]
        files = [Path(name) / f"{length}.gradstep" for length in sessions]
        for session, file in zip(sessions.values(), files, strict=True):
            session.save(file)
            session.close()
        add(*record(long))
        sizes = [os.path.getsize(file) / length for file, length in zip(files, sessions, strict=True)]
        add(
            "a position in the file",
            f"{sizes[1]:.0f} B",
            f"{sizes[0]:.0f} B",
            f"{sizes[1] / sizes[0]:.2f}",
            "200 B",
        )
        took = [statistics.median(opening(file) for _ in range(3)) for file in files]
        add("opening the file", duration(took[1]), duration(took[0]), f"{took[1] / took[0]:.1f}", "2000 ms")
        add(*step(short, long))
        add(*frame(*files))
    show(made)


if __name__ == "__main__":
    main()
