"""Uses the explorer at random: runs, pauses, seeks, steps back, forks, switches, resizes, opens tabs.

By hand: python tests/benchmarks/soak.py [--minutes 10] [--seed 0]

At the end: no exception was shown, memory has grown by no more than the records, the state's hash, as the
log says it, is that of the saved session, and each branch of each saved session ends with the hash of a
straight run with the same settings from the same positions. The hour's version: --minutes 60.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "terminal"))

from terminal_emulator import Terminal

from gradstep.engine import Session
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.run import Train
from gradstep.engine.session.folder import summarise

PRESET = "linear-1-layer"
SIZES = ((120, 40), (80, 24), (100, 30), (60, 20), (132, 50), (50, 15))
LEAST = (60, 20)
RATES = ("1e-12", "9e-13", "5e-13", "1.1e-12")
MAX_POSITION = 30_000
FORKS_A_MINUTE = 1
SAMPLE_SECONDS = 2.0
RECORD_BYTES = 300
"""What a recorded step may add to a process: its row, and in the screen also what two charts draw of it."""
FIXED_BYTES = 30_000_000
PALETTE = "Search for commands"
BAD = re.compile(r"Traceback|the engine failed|has ended|came out otherwise")


class Driver:
    """Presses keys as somebody does who wants to break it."""

    def __init__(self, terminal: Terminal, seed: int) -> None:
        self.terminal = terminal
        self.draw = random.Random(seed)
        self.size = SIZES[0]
        self.forks = 0
        self.started = time.monotonic()
        self.done: Counter[str] = Counter()
        self.actions: tuple[Callable[[], None], ...] = (
            *(self.run, self.run, self.steps, self.steps, self.back, self.burst, self.seek, self.seek),
            *(self.cursor, self.look, self.look, self.tab, self.resize, self.help, self.palette),
            *(self.fork, self.change, self.switch, self.reset, self.hammer, self.bunch),
        )

    def act(self) -> None:
        action = self.draw.choice(self.actions)
        self.done[action.__name__] += 1
        action()
        self.drain(self.draw.random() * 0.3)
        if self.terminal.exit_status(0) is not None:
            raise AssertionError(f"it ended after {action.__name__}; the screen is:\n{self.terminal.text}")
        if found := BAD.search(self.terminal.text):
            raise AssertionError(
                f"{found[0]!r} after {action.__name__}; the screen is:\n{self.terminal.text}"
            )
        if position(self.terminal.text) > MAX_POSITION:
            self.press(" ", "escape", "1", "r")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.terminal.press(
                {"escape": "\x1b", "enter": "\r", "up": "\x1b[A", "down": "\x1b[B"}.get(key, key)
            )
            self.drain(0.15 if key == "escape" else 0.01)

    def drain(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.terminal.read(left)

    def run(self) -> None:
        self.press(" ")
        self.drain(self.draw.random() * 1.5)
        self.press(" ")

    def steps(self) -> None:
        self.press(*"n" * self.draw.randint(1, 10))

    def back(self) -> None:
        self.press(*"p" * self.draw.randint(1, 10))

    def burst(self) -> None:
        self.press(self.draw.choice("+-"), "b")

    def seek(self) -> None:
        there = max(position(self.terminal.text), 100)
        self.press("g", *str(self.draw.randint(0, there)), "enter")

    def cursor(self) -> None:
        self.press("1", *(self.draw.choice("[]{}") for _ in range(8)), self.draw.choice(["escape", "enter"]))

    def look(self) -> None:
        self.press("1", *(self.draw.choice("ysw") for _ in range(3)))

    def tab(self) -> None:
        self.press(*(self.draw.choice("123456789<>\t") for _ in range(4)), "1")

    def resize(self) -> None:
        self.size = self.draw.choice(SIZES)
        self.terminal.resize(*self.size)
        self.drain(0.2)

    def help(self) -> None:
        self.press("?", "down", "down", "escape")

    def palette(self) -> None:
        """Choose smoothing, once the search has left out the rest: quitting is in the list, too."""
        self.press("\x10")
        self.drain(0.5)
        if PALETTE in self.terminal.text:
            self.press(*"smoothing")
            self.terminal.wait_for(lambda text: "smooth" in text.lower() and "One step" not in text, 60)
            self.press("enter", "enter", "escape")
        else:
            self.press("escape")
        self.drain(0.3)

    @property
    def may_fork(self) -> bool:
        """A thousand branches are not what a run has."""
        return self.forks < 4 + FORKS_A_MINUTE * (time.monotonic() - self.started) / 60

    def fork(self) -> None:
        if self.may_fork:
            self.forks += 1
            self.press(" ", "f", "n")

    def change(self) -> None:
        """Another learning rate: in the past that begins a branch."""
        if self.may_fork and self.size >= LEAST:
            self.forks += 1
            self.press(
                "e",
                *["up"] * 25,
                "down",
                "enter",
                *"\x7f" * 12,
                *self.draw.choice(RATES),
                "enter",
                "escape",
                "1",
            )

    def switch(self) -> None:
        self.press("f" if not self.forks else "1", "4", *">>>>>>"[: self.draw.randint(1, 6)])
        self.press(self.draw.choice(["up", "down"]), "enter", "1")

    def reset(self) -> None:
        self.press("r")

    def hammer(self) -> None:
        self.press(*(self.draw.choice("npb [],.+-") for _ in range(30)))

    def bunch(self) -> None:
        """As it comes over a slow line: all at once."""
        there = max(position(self.terminal.text), 100)
        self.press(f"1g{self.draw.randint(0, there)}\rnnpn")

    def rest(self) -> tuple[int, str]:
        """Come to stand; the position, and the hash that the log tells of it."""
        self.terminal.resize(*SIZES[0])
        self.press("escape", "escape", "1")
        self.drain(2.0)
        if "pause" in self.terminal.text.splitlines()[-1]:
            self.press(" ")
        self.terminal.wait_for(lambda text: "▶ running" not in text and "…" not in text.splitlines()[-4], 60)
        here = position(self.terminal.text)
        self.press("9", *">>>")
        self.press("g", *str(here), "enter")
        said = re.compile(rf"\b{here:,} . +state ([0-9a-f]+)")
        self.terminal.wait_for(lambda text: bool(said.search(text)), 60)
        return here, said.findall(self.terminal.text)[-1]


def position(text: str) -> int:
    found = re.search(r"(?:step|■|▶)\s+([\d,]+)", text)
    return int(found[1].replace(",", "")) if found else -1


def straight(session: Session) -> Session:
    """A fresh run to where a session stands, the rule changed where it was changed there."""
    end = session.position + 1
    schedule: list[tuple[int, Preset]] = []
    for branch in session.timeline.branches.lineage(session.timeline.branch):
        schedule[:0] = [(at, config) for at, config in branch.configs if at < end]
        end = min(end, branch.fork)
    again = Session(schedule[0][1])
    for at, config in schedule:
        go_on(again, at)
        if made := changes(again.preset.train, config.train):
            again.change(made)
    go_on(again, session.position)
    return again


def go_on(session: Session, position: int) -> None:
    """Step to a position, also where bursts stop as the loss is not finite."""
    while session.position < position:
        session.burst(position - session.position)


def changes(old: Train, new: Train) -> dict[str, Any]:
    """What a run's settings are changed by; None removes one."""
    now, then = (each.rule.model_dump(exclude_unset=True) for each in (old, new))
    wanted = dict.fromkeys(now if now["name"] == then["name"] else ()) | then
    made = {f"train.rule.{key}": value for key, value in wanted.items() if value != now.get(key)}
    return made | ({"train.clip_norm": new.clip_norm} if new.clip_norm != old.clip_norm else {})


@dataclass
class Saved:
    """What the sessions of a folder hold, each branch compared with a straight run."""

    branches: int = 0
    astray: list[str] = field(default_factory=list)
    """The branches that end with another hash."""


def compared(folder: str) -> Saved:
    saved = Saved()
    for file in sorted(Path(folder).rglob("*.gradstep")):
        session = Session.open(file, save=False)
        branches = session.timeline.branches
        for number, branch in branches.items():
            session.switch(number)
            session.seek(branch.tip)
            if session.state_hash() != straight(session).state_hash():
                saved.astray.append(f"{file.stem}, {branch.name}")
        saved.branches += len(branches)
    return saved


@dataclass(frozen=True)
class Sample:
    """What the processes hold at a time."""

    minutes: float
    bytes: dict[str, int]
    records: int
    """In all branches, as far as they are saved."""


def recorded(folder: str) -> int:
    return sum(summarise(file).positions for file in Path(folder).rglob("*.gradstep"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TERM": "xterm-256color", "XDG_DATA_HOME": folder, "GRADSTEP_DATA": folder}
        terminal = Terminal(["gradstep", PRESET], environment, *SIZES[0])
        terminal.wait_for(lambda text: position(text) == 0)
        screen = psutil.Process(terminal.pid)
        processes = {"screen": screen, "engine": screen.children()[0]}
        driver = Driver(terminal, given.seed)
        memory: list[Sample] = []
        started = time.monotonic()
        while (passed := time.monotonic() - started) < 60 * given.minutes:
            driver.act()
            for name, process in processes.items():
                if not process.is_running():
                    driver.drain(2.0)
                    raise AssertionError(f"the {name} has ended; the screen is:\n{terminal.text}")
            if not memory or passed - 60 * memory[-1].minutes > SAMPLE_SECONDS:
                held = {name: each.memory_info().rss for name, each in processes.items()}
                memory.append(Sample(passed / 60, held, recorded(folder)))
                print(
                    f"\r{passed / 60:5.1f} min  {sum(driver.done.values())} actions, position "
                    f"{position(terminal.text):,}, {terminal.written / 1e6:.1f} MB sent   ",
                    end="",
                    file=sys.stderr,
                )
        here, said = driver.rest()
        terminal.press("q")
        status = terminal.exit_status(60)
        terminal.__exit__()
        saved = re.search(r"saved; `gradstep (\S+)`", terminal.text)
        assert saved is not None, terminal.text
        (file,) = Path(folder).rglob(f"{saved[1]}.gradstep")
        opened = Session.open(file, save=False)
        told = opened.position == here and opened.state_hash().startswith(said)
        kept = compared(folder)
    print(f"\n{sum(driver.done.values())} actions: {dict(driver.done.most_common())}")
    print(f"{kept.branches} branches; {terminal.written / 1e6:.1f} MB sent")
    checks = {
        "exit status 0": status == 0,
        f"the session stands at {here:,} with the hash that the log says, {said[:12]}": told,
        f"each of {kept.branches} branches ends as a straight run does {'; '.join(kept.astray)}": (
            not kept.astray
        ),
    }
    warm = [sample for sample in memory if sample.minutes > given.minutes / 3]
    third = max(len(warm) // 3, 1)
    records = [max(sample.records for sample in part) for part in (warm[:third], warm[-third:])]
    for name in processes:
        early, late = (max(each.bytes[name] for each in part) for part in (warm[:third], warm[-third:]))
        line = f"memory of the {name}: {early / 1e6:.0f} MB with {records[0]:,} records, "
        line += f"at the end {late / 1e6:.0f} MB with {records[1]:,}"
        checks[line] = late - early < FIXED_BYTES + RECORD_BYTES * (records[1] - records[0])
    for check, holds in checks.items():
        print("✓" if holds else "✗", check)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
