"""List the saved sessions; name or delete them."""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path

from rich.filesize import decimal
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from gradstep.engine.errors import UserError, did_you_mean
from gradstep.engine.session.folder import (
    SessionSummary,
    delete_session,
    find_session,
    list_sessions,
    rename_session,
    session_name,
    session_names,
    sessions_beginning,
    sessions_called,
    sessions_folder,
)
from gradstep.tui.commands.arguments import completes
from gradstep.tui.commands.output import Console
from gradstep.tui.text import number, plain

MAX_WIDTH = 500
SHOWN = 5
"""The most sessions that an ambiguous name lists."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    name = actions.add_parser("name", help="name a session; a named one is never offered for deletion")
    session = name.add_argument("session", help="a session or name of the list, or a path")
    name.add_argument("name")
    delete = actions.add_parser("delete", help="delete sessions")
    sessions = delete.add_argument(
        "sessions", nargs="*", metavar="session", help="sessions or names of the list, or paths"
    )
    for argument in (session, sessions):
        completes(argument, "session_file")
    delete.add_argument("--old", action="store_true", help="the unnamed ones of more than 30 days ago")


def main(arguments: argparse.Namespace) -> int:
    if arguments.action == "name":
        path = session_path(arguments.session)
        rename_session(path, arguments.name)
        name = plain(arguments.name.strip())
        print(f"{plain(path.stem)} {f'is called {name}' if name else 'has no name now'}")
    elif arguments.action == "delete":
        _delete(arguments)
    else:
        _list()
    return 0


def how_to_resume(path: Path) -> str:
    """Return the command that resumes a session."""
    return f"saved; `gradstep {plain(shlex.quote(session_name(path)))}` resumes it"


def session_path(given: str) -> Path:
    """Return the file of a session, given its path, its file's name or its own name.

    Raises UserError if there is none, or several.
    """
    if (path := find_session(given)) is not None:
        return path
    if given and Path(given).is_dir():
        raise UserError(f"{given}: this is a folder; allowed: a session's name, or the path of its file")
    hint = did_you_mean(given, session_names())
    for several, so in (
        (sessions_beginning(given), "begin so"),
        (sessions_called(given), "have this name"),
    ):
        if several:
            hint = f"; several {so}: {', '.join(path.stem for path in several[:SHOWN])}"
    raise UserError(f"{given}: no such session{hint} (`gradstep sessions` lists them)")


def _list() -> None:
    console = Console()
    sessions = list_sessions()
    if not sessions:
        console.print(Text(f"no sessions yet in {plain(str(sessions_folder()))}"), soft_wrap=True)
        return
    table = Table("session", "name", "when", "branches", "positions", "last loss", "size", box=None)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[3:]:
        column.justify = "right"
    for session in sessions:
        table.add_row(*_row(session))
    # a name is there to be typed, so lines are never cut to the terminal's width
    needed = Measurement.get(console, console.options.update(max_width=MAX_WIDTH), table).maximum
    Console(width=max(needed, console.width)).print(table)
    for session in sessions:
        if session.problem:
            console.print(Text(plain(session.problem), "yellow"), soft_wrap=True)
    if old := sum(session.old for session in sessions):
        console.print(f"{old} unnamed and older than 30 days: `gradstep sessions delete --old` deletes them")


def _row(session: SessionSummary) -> tuple[str | Text, ...]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.saved))
    stem = plain(session.path.stem)
    if session.problem:
        return (Text(stem), "[yellow]unreadable", when, "", "", "", decimal(session.size))
    loss = "–" if session.loss is None else number(session.loss)
    counts = f"{session.branches}", f"{session.positions:,}"
    return (Text(stem, "cyan"), Text(plain(session.name)), when, *counts, loss, decimal(session.size))


def _delete(arguments: argparse.Namespace) -> None:
    paths = [session_path(given) for given in arguments.sessions]
    if arguments.old:
        paths += [session.path for session in list_sessions() if session.old]
    elif not paths:
        raise UserError("give the sessions to delete, or --old")
    for path in paths:
        delete_session(path)
        print(f"deleted {plain(path.stem)}")
