"""Runs a preset without a screen, and prints its records or a summary of them."""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.config import load_preset
from engine.errors import UserError
from engine.history import FIELDS, Record

if TYPE_CHECKING:
    from engine.session import Session

NOT_FINITE = 3
PROGRESS_SECONDS = 0.1

Writer = Callable[[Record], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("preset", metavar="PRESET|FILE.toml", help="see `gradstep presets`")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, metavar="N", help="how many updates (default: the preset's)")
    length.add_argument("--epochs", type=int, metavar="N", help="how many passes over the training data")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change the preset, as train.seed=3"
    )
    add_record_arguments(parser)
    parser.add_argument("--save", type=Path, metavar="FILE", help="save the run as a session")
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="SESSION[@POSITION]",
        help="go on from a saved session, on a branch of a copy; the preset is the session's",
    )
    parser.add_argument("--data-dir", type=Path, help="where MNIST lies (default: $GRADSTEP_DATA, the cache)")


def main(arguments: argparse.Namespace) -> int:
    """Run to the end, or to a loss that is not finite (exit status 3)."""
    overrides = list(arguments.set)
    for length in ("steps", "epochs"):
        if (count := getattr(arguments, length)) is not None:
            overrides.append(f"run.{length}={count}")
    preset = load_preset(arguments.preset, overrides)

    from engine.session import Session

    screen = Console(stderr=True)
    with ExitStack() as stack:
        writer = _writer(arguments, stack)
        with screen.status("Starting") if screen.is_terminal else ExitStack():
            session = Session(preset, arguments.data_dir)
        if session.dataset.substitute:
            screen.print(f"[yellow]warning:[/] {session.dataset.description}", highlight=False)
        if session.planned_steps is None:
            raise UserError(f"{preset.name} does not say how long it goes: give --steps or --epochs")
        _run(session, session.planned_steps, writer, screen)
    if not arguments.json:
        Console().print(_summary(session))
    if session.diverged:
        screen.print(f"[red]{session.diverged}", highlight=False)
        return NOT_FINITE
    return 0


def _run(session: Session, steps: int, writer: Writer | None, screen: Console) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.6g}"),
    )
    loss = session.history.column("loss")
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        task = progress.add_task(session.preset.name, total=steps, loss=loss[0])
        shown = 0.0
        if writer:
            writer(session.record)
        while session.position < steps and not session.diverged:
            session.advance()
            if writer:
                writer(session.record)
            if time.monotonic() - shown > PROGRESS_SECONDS:
                shown = time.monotonic()
                progress.update(task, completed=session.position, loss=session.history.column("loss")[-1])


def _summary(session: Session) -> Table:
    """What the run did: each field at the start, at its best and at the end."""
    first, last = session.history.record(0), session.record
    table = Table("", "first", "last", title=session.preset.title, title_justify="left", box=None)
    table.columns[1].justify = table.columns[2].justify = "right"
    for name in FIELDS:
        if first[name] is not None or last[name] is not None:
            table.add_row(f"[cyan]{name}", _number(first[name]), _number(last[name]))
    return table
