"""What the screen costs: start, bytes to the terminal, keys while running, and what a run loses by it.

By hand: python tests/benchmarks/wire.py   (a minute or two; the figures are those of two quiet cores)

The installed `gradstep` runs in a pseudo-terminal, `linear-1-layer` at full speed; exit status 1 where a
figure is above its limit.
"""

from __future__ import annotations

import os
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
from measure import judge, show, table, tell

sys.path.insert(0, str(Path(__file__).parents[1] / "terminal"))

from terminal_emulator import SlowTerminal, Terminal

from gradstep.engine.config.files import load_preset
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    Open,
    Run,
)
from gradstep.engine.worker.events import (
    Advanced,
)
from gradstep.tui.wire.pace import ASK

PRESET = "linear-1-layer"
PLANNED = 200
SIZES = ((80, 24, 1500), (120, 40, 3000))
"""Columns, rows, and the bytes that a frame may have in the median."""
STARTS = 5
WATCHED_SECONDS = 5.0
QUIET_SECONDS = 3.0
PRESSES = 60
ANSWER_SECONDS = 0.3
"""So long is listened for an answer before the emulator draws what came."""
TURNS = 10
KEYS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("?", lambda text: "k updates done" in text),
    ("q", lambda text: "k updates done" not in text),
    ("+", lambda text: "burst 1,000" in text),
    ("-", lambda text: "burst 100 " in text),
    ("2", lambda text: "initialiser" in text),
    ("1", lambda text: "grad_norm" in text),
)
"""A key, and what the screen shows when it is answered; at the end all is as it was. No `escape`: that is
waited for a tenth of a second, in case that it begins a sequence."""

Row = tuple[str, str, str, str]
over: list[str] = []


def row(name: str, value: float, limit: float | None, unit: str, digits: int = 0, beside: str = "") -> Row:
    if limit is not None and value > limit:
        over.append(name)
    return (
        name,
        f"{value:,.{digits}f} {unit}",
        f"{limit:,.{digits}f} {unit}" if limit is not None else "–",
        beside,
    )


def opened(folder: str, columns: int = 80, rows: int = 24, kind: type[Terminal] = Terminal) -> Terminal:
    environment = {
        "TERM": "xterm-256color",
        "XDG_DATA_HOME": folder,
        "GRADSTEP_DATA": folder,
        "PYTHONDONTWRITEBYTECODE": "",  # as installed: compiled once
    }
    return kind(["gradstep", PRESET], environment, columns, rows)


def position(text: str) -> int:
    found = re.search(r"step\s+([\d,]+)", text)
    return int(found[1].replace(",", "")) if found else -1


def ready(terminal: Terminal) -> None:
    terminal.wait_for(lambda text: position(text) == 0 and "paused" in text, 60)


def running(terminal: Terminal) -> None:
    """At full speed, beyond the planned end, the axis no longer new."""
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) == PLANNED)
    terminal.settle()
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) > 2000)


def starts(folder: str) -> list[Row]:
    """The time from the command to its first screen, and to where `n` does a step; and to quit."""
    paints, readies, screens, quits, torches = [], [], [], [], []
    painting, engines = [], []
    for _ in range(STARTS):
        started = time.monotonic()
        with opened(folder) as terminal:
            terminal.wait_for(lambda text: "Charts" in text and "quit" in text)
            paints.append(time.monotonic() - started)
            painting.append(processor_seconds(terminal.pid))
            ready(terminal)
            readies.append(time.monotonic() - started)
            engine = psutil.Process(terminal.pid).children()[0].pid
            engines.append(processor_seconds(engine))
            terminal.settle()
            screens.append(terminal.written)
            asked = time.monotonic()
            terminal.press("q")
            terminal.exit_status()
            quits.append(time.monotonic() - asked)
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        torches.append(time.monotonic() - started)
    own = f"{statistics.median(painting):.2f} s of a processor"
    torch = statistics.median(torches)
    bare = f"{statistics.median(engines):.2f} s of a processor; `import torch` alone: {torch:.2f} s"
    return [
        row("first paint", statistics.median(paints), 0.7, "s", 2, own),
        row("ready to step", statistics.median(readies), 2.5, "s", 2, bare),
        row("quit, nothing to save", statistics.median(quits), 0.3, "s", 2),
        row("bytes until ready, 80×24", statistics.median(screens), None, "B"),
    ]


def frames(folder: str, columns: int, rows: int, limit: float) -> list[Row]:
    """The bytes of a single step, of each frame of a run, and of none while it is paused."""
    with opened(folder, columns, rows) as terminal:
        ready(terminal)
        terminal.settle()
        before = terminal.written
        terminal.press("n")
        terminal.wait_for(lambda text: position(text) == 1)
        terminal.settle()
        step = terminal.written - before
        running(terminal)
        terminal.keep, terminal.stream = True, b""
        watch(terminal, WATCHED_SECONDS)
        sizes = [len(frame) + len(ASK) for frame in terminal.stream.split(ASK.encode())[1:-1]]
        terminal.press(" ")
        terminal.wait_for(lambda text: "paused" in text)
        terminal.settle()
        before = terminal.written
        watch(terminal, QUIET_SECONDS)
        quiet = terminal.written - before
    size = f"{columns}×{rows}"
    often = f"{len(sizes) / WATCHED_SECONDS:.1f} frames/s, largest {max(sizes):,} B"
    return [
        row(f"a single step, {size}", step, 2000, "B"),
        row(f"a frame while running (median), {size}", statistics.median(sizes), limit, "B", 0, often),
        row(f"paused, {size}", quiet, 0, "B"),
    ]


def watch(terminal: Terminal, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        terminal.read(left)


def latency(folder: str, kind: type[Terminal], name: str, limit: float) -> Row:
    """The time from a key to the screen that answers it, the run at full speed."""
    with opened(folder, kind=kind) as terminal:
        ready(terminal)
        running(terminal)
        taken = []
        for _ in range(PRESSES // len(KEYS)):
            for key, answered in KEYS:
                taken.append(time_to_answer(terminal, key, answered))
        seen = set()
        deadline = time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < deadline:
            terminal.read(0.05)
            seen.add(position(terminal.text))
    often = f"median {statistics.median(taken) * 1e3:.0f} ms, {len(seen) / WATCHED_SECONDS:.1f} frames/s"
    worst = statistics.quantiles(taken, n=20)[-1]
    return row(name, worst * 1e3, limit, "ms", 0, often)


def time_to_answer(terminal: Terminal, key: str, answered: Callable[[str], bool]) -> float:
    """When the bytes have come with which the screen shows the answer; the emulator draws them afterwards."""
    pressed = time.monotonic()
    terminal.press(key)
    if isinstance(terminal, SlowTerminal):
        return terminal.wait_for(answered)
    while True:
        came = []
        while (left := pressed + ANSWER_SECONDS - time.monotonic()) > 0:
            if select.select([terminal.fd], [], [], left)[0]:
                data = os.read(terminal.fd, 65536)
                came.append((time.monotonic(), data))
                terminal.press("\x1b[1;1R" * data.count(ASK.encode()))
        taken = None
        for when, data in came:
            terminal.parser.feed(data)
            if taken is None and answered(terminal.text):
                taken = when - pressed
        if taken is not None:
            watch(terminal, ANSWER_SECONDS)  # no frame waits for the emulator when the next key comes
            return taken
        if time.monotonic() > pressed + 30:
            raise AssertionError(f"{key!r} is not answered; the screen is:\n{terminal.text}")
        terminal.read(0.05)


def cost(folder: str) -> Row:
    """Steps in a second of the engine's processor with the explorer, and with nobody looking.

    In turn, and each first as often as the other, since what is measured second runs on a warmer machine.
    That varies more than the screen could cost; how much of a processor each of the two has tells more.
    """
    alone: list[float] = []
    watched: list[Watched] = []
    for turn in range(TURNS):
        for with_screen in (turn % 2 == 0, turn % 2 == 1):
            if with_screen:
                watched.append(watched_run(folder))
            else:
                alone.append(headless_speed())
    losses = [(1 - mine.speed / other) * 100 for mine, other in zip(watched, alone, strict=True)]
    low, loss, high = statistics.quantiles(losses, n=4)
    noise = statistics.stdev(alone) / statistics.mean(alone) * 100
    engine, screen = (
        statistics.mean(shares) for shares in zip(*(each.shares for each in watched), strict=True)
    )
    beside = (
        f"half of {TURNS} pairs {low:.1f} to {high:.1f} %; alone it varies by {noise:.1f} %; "
        f"the engine has {engine:.2f} of a processor, the screen {screen:.2f}"
    )
    return row("what a run loses by the screen", loss, 3, "%", 1, beside)


def headless_speed() -> float:
    """Of the engine's process, its events thrown away."""
    seen: list[tuple[float, int]] = []

    def on_event(event: object) -> None:
        if isinstance(event, Advanced) and client.pid is not None:
            seen.append((processor_seconds(client.pid), event.position))

    client = EngineClient(on_event)
    client.start()
    client.send(Open(load_preset(PRESET), save=True))
    client.send(Run(None))
    while not seen or seen[-1][1] < 2000:
        time.sleep(0.01)
    del seen[:-1]
    time.sleep(WATCHED_SECONDS)
    points = seen.copy()
    client.close()
    return speed(points)


class Watched(NamedTuple):
    """Of a run with the explorer: steps in a second of the engine's processor, and of how much of a processor
    the engine and the screen had."""

    speed: float
    shares: tuple[float, float]


def watched_run(folder: str) -> Watched:
    """By the positions that it shows; the emulator looks at its output afterwards, so as to take no time."""
    with opened(folder) as terminal:
        ready(terminal)
        running(terminal)
        seen: list[tuple[float, bytes]] = []
        engine = psutil.Process(terminal.pid).children()[0].pid
        before = [processor_seconds(each) for each in (engine, terminal.pid)]
        deadline = time.monotonic() + WATCHED_SECONDS
        while time.monotonic() < deadline:
            data = os.read(terminal.fd, 65536)
            seen.append((processor_seconds(engine), data))
            for _ in range(data.count(ASK.encode())):
                terminal.press("\x1b[1;1R")
        after = [processor_seconds(each) for each in (engine, terminal.pid)]
        points = []
        for when, data in seen:
            terminal.parser.feed(data)
            points.append((when, position(terminal.text)))
    shares = [(now - then) / WATCHED_SECONDS for then, now in zip(before, after, strict=True)]
    return Watched(speed(points), (shares[0], shares[1]))


def speed(points: list[tuple[float, int]]) -> float:
    """Positions a second, by the line through all points: one that was read late does not matter."""
    seconds, positions = zip(*points, strict=True)
    return statistics.linear_regression(seconds, positions).slope


def processor_seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


def main() -> int:
    made = table("What the screen costs", "what", "measured", "limit", "beside")

    def add(*rows: Row) -> None:
        for each in rows:
            tell(*each)
            made.add_row(*each)

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        opened(folder).__exit__()  # warm
        add(*starts(folder))
        for columns, rows, limit in SIZES:
            add(*frames(folder, columns, rows, limit))
        add(latency(folder, Terminal, "a key while running (95th percentile)", 50))
        add(latency(folder, SlowTerminal, "the same at 56 kbit/s and 200 ms each way", 2000))
        add(cost(folder))
    show(made)
    return judge(over)


if __name__ == "__main__":
    sys.exit(main())
