"""Writes the records of a saved session's branch as CSV or JSON Lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.errors import UserError
from engine.history import History
from engine.store import SessionFile, StoredBranch
from tui.commands.records import add_record_arguments, record_writer
from tui.commands.sessions import session_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", help="a file of `gradstep sessions`, or a path")
    parser.add_argument("--branch", metavar="NAME", help="default: the one that the run stands on")
    add_record_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    history = _history(session_path(arguments.session), arguments.branch)
    with record_writer(arguments) as write:
        if write is None:
            raise UserError("export to what? --json or --csv FILE")
        for record in history.records():
            write(record)
    return 0


def _history(path: Path, name: str | None) -> History:
    file = SessionFile(path, read_only=True)
    try:
        meta, branches = file.meta(), {branch.number: branch for branch in file.branches()}
        histories: dict[int, History] = {}
        for number, branch in branches.items():
            parent = histories[branch.parent] if branch.parent is not None else None
            histories[number] = History(int(meta["batches"]), parent, branch.fork)
            histories[number].extend(file.rows(number, branch.fork))
        return histories[_wanted(branches, name, int(meta["branch"]))]
    except (KeyError, ValueError):
        raise UserError(f"{path}: the file is damaged") from None
    finally:
        file.close()


def _wanted(branches: dict[int, StoredBranch], name: str | None, current: int) -> int:
    if name is None:
        return current
    for number, branch in branches.items():
        if branch.name == name:
            return number
    raise UserError(f"no branch {name!r}; there are: {', '.join(b.name for b in branches.values())}")
