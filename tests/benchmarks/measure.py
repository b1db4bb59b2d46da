"""What the benchmarks share: timing two things in turn, and a table of ratios."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from gradstep.engine import Session, UserError, load_preset
from gradstep.engine.config.changes import override
from gradstep.engine.config.preset import Preset

ROUNDS = 7


def timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def in_turn(
    one: Callable[[], object], other: Callable[[], object], rounds: int = ROUNDS
) -> tuple[float, float]:
    """The medians of what both take, each round with the other one first."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            times[which].append(timed((one, other)[which]))
    return statistics.median(times[0]), statistics.median(times[1])


def open_preset(name: str, *settings: str) -> tuple[Preset, Session]:
    """The preset's session; where MNIST is not to be had, one on the bundled digits."""
    preset = override(load_preset(name), settings)
    try:
        return preset, Session(preset)
    except UserError:
        preset = override(preset, ["data.name=digits"])
        return preset, Session(preset)


def in_the_middle(session: Session, steps: int) -> None:
    """Steps of a run that goes on, as the explorer does them; a stop costs a few saved states more."""
    for _ in range(steps):
        session.advance(dense=False)


def table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        made.add_column(column, justify="left" if i == 0 else "right")
    return made


def tell(*row: str) -> None:
    """A row as soon as it is measured; the table comes at the end."""
    Console(stderr=True).print("  ".join(row), style="dim", highlight=False)


def show(made: Table) -> None:
    Console(width=110).print(made)


def judge(over: list[str]) -> int:
    """The exit status, and in words what is above its limit and how busy the machine was."""
    print(f"load of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if over:
        print("above the limit:", ", ".join(over))
    return 1 if over else 0


def duration(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"
