"""Write the records of a saved session's branch as CSV or JSON Lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from gradstep.engine.errors import UserError
from gradstep.engine.records.history import History
from gradstep.engine.session.file import SessionFile, StoredBranch
from gradstep.engine.session.read import read_history, saved_preset
from gradstep.tui.commands.arguments import completes
from gradstep.tui.commands.records import add_record_arguments, record_writer
from gradstep.tui.commands.sessions import session_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    session = parser.add_argument("session", help="a file of `gradstep sessions`, or a path")
    completes(session, "session_file")
    parser.add_argument("--branch", metavar="NAME", help="default: the one that the run stands on")
    add_record_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    history, quantities = _history(session_path(arguments.session), arguments.branch)
    with record_writer(arguments, quantities) as write:
        if write is None:
            raise UserError("missing output: give --json or --csv FILE")
        for position in range(len(history)):
            write(history, position)
    return 0


def _history(path: Path, name: str | None) -> tuple[History, tuple[str, ...]]:
    """Return the records of a branch, and the names of its quantities. Raises UserError."""
    file = SessionFile(path, read_only=True)
    try:
        with file.snapshot():  # an explorer may be writing to it
            meta, branches = file.meta(), {branch.number: branch for branch in file.branches()}
            histories: dict[int, History] = {}
            for number, branch in branches.items():
                parent = histories[branch.parent] if branch.parent is not None else None
                histories[number] = read_history(file, branch, parent, int(meta["batches"]))
            history = histories[_wanted(branches, name, int(meta["branch"]))]
            return history, tuple(dict.fromkeys((*saved_preset(file).measure, *history.quantities)))
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
