"""Run a preset, or go on from a session, without a screen; print the records or a summary."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gradstep.engine.conditions.evidence import evidence
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.changes import parse_assignments
from gradstep.engine.config.files import load_preset
from gradstep.engine.errors import UserError
from gradstep.engine.records.missing import is_missing
from gradstep.engine.records.record import FIELDS
from gradstep.engine.session.folder import find_session
from gradstep.tui.commands.arguments import add_data_dir, add_set, completes, file_path, run_length
from gradstep.tui.commands.data import warn_of_digits
from gradstep.tui.commands.exit_status import Exit
from gradstep.tui.commands.output import Console
from gradstep.tui.commands.records import Writer, add_record_arguments, record_writer
from gradstep.tui.commands.sessions import how_to_resume, session_path
from gradstep.tui.text import field, number, plain

if TYPE_CHECKING:
    from gradstep.engine.session.session import Session
    from gradstep.engine.session.stepping import Stop

PROGRESS_SECONDS = 0.1
NO_LENGTH = "{} has no length: give --steps or --epochs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    preset = parser.add_argument(
        "preset", nargs="?", metavar="PRESET|FILE.toml", help="see `gradstep presets`"
    )
    completes(preset, "preset_file")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--steps", type=run_length, metavar="N", help="how many updates (default: the preset's)"
    )
    length.add_argument(
        "--epochs", type=run_length, metavar="N", help="how many passes over the training data"
    )
    parser.add_argument("--until", metavar="CONDITION", help="stop where it holds, as 'loss > prev.loss'")
    add_set(parser)
    add_record_arguments(parser)
    save = parser.add_argument("--save", type=file_path, metavar="FILE", help="save the run as a session")
    completes(save, "file")
    origin = parser.add_argument(
        "--from",
        dest="origin",
        metavar="SESSION[@POSITION]",
        help="instead of a preset: go on from a saved session, which stays unchanged",
    )
    completes(origin, "session_file")
    add_data_dir(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run to the end, to a condition or to a loss that is not finite; return which as an exit status."""
    if (arguments.preset is None) == (arguments.origin is None):
        raise UserError("give either a preset or --from a session")
    condition = parse_condition(arguments.until) if arguments.until is not None else None
    screen = Console(stderr=True)
    with screen.status("Starting") if screen.is_terminal else ExitStack():
        session, end = _begun(arguments) if arguments.origin is None else _resumed(arguments)
    session.look_for(condition)
    for warning in session.notices:
        screen.print(Text.assemble(("warning: ", "yellow"), plain(warning)), soft_wrap=True)
    if session.dataset.substitute:
        warn_of_digits([session.preset], arguments.data_dir, screen)
    quantities, start = _quantities(session, condition), session.position
    with closing(session), record_writer(arguments, quantities) as writer:
        if arguments.save is not None:
            session.save(arguments.save)
        try:
            stop = _run(session, end, condition, writer, screen)
        except KeyboardInterrupt:
            screen.print(_left(session, "interrupted"), soft_wrap=True)
            return Exit.INTERRUPTED
        except (UserError, OSError):
            raise
        except Exception:
            with suppress(Exception):
                screen.print(_left(session, "failed"), soft_wrap=True)
            raise
    if arguments.save is not None:
        screen.print(how_to_resume(arguments.save), markup=False, highlight=False, soft_wrap=True)
    if not arguments.json:
        _print_summary(session, quantities)
    if condition is not None and stop.kind == "condition":
        _print_hit(session, condition, screen)
        return Exit.DONE
    if stop.kind == "not finite":
        screen.print(f"[red]{stop.reason}", highlight=False)
        return Exit.NOT_FINITE
    if condition is not None:
        said = "was never true" if stop.could_tell else "had no value"
        where = f"{said} from step {start + 1:,} to step {session.position:,}"
        if session.position == start:
            where = "was not checked: no step was done"
        screen.print(Text(f"`{plain(condition.text)}` {where}"), soft_wrap=True)
        return Exit.NOT_MET
    return Exit.DONE


def _begun(arguments: argparse.Namespace) -> tuple[Session, int]:
    """Return a new session on the preset, and the position to run to."""
    overrides = list(arguments.set)
    for length in ("steps", "epochs"):
        if (count := getattr(arguments, length)) is not None:
            overrides.append(f"run.{length}={count}")
    preset = load_preset(arguments.preset, overrides)
    if preset.run.steps is None and preset.run.epochs is None:
        raise UserError(NO_LENGTH.format(preset.name))

    from gradstep.engine.session.session import Session

    session = Session(preset, arguments.data_dir)
    return session, session.planned_steps or 0


def _resumed(arguments: argparse.Namespace) -> tuple[Session, int]:
    """Return the saved session at its start position, with --set applied, and the position to run to."""
    path, position = _origin(arguments.origin)

    from gradstep.engine.session.session import Session

    session = Session.open(path, arguments.data_dir, save=False)
    if position is not None:
        if position > session.timeline.branch.tip:
            raise UserError(f"--from {arguments.origin}: its last position is {session.timeline.branch.tip}")
        session.seek(position)
    if arguments.set:
        session.change(parse_assignments(arguments.set))
    if arguments.steps is not None:
        return session, session.position + arguments.steps
    if arguments.epochs is not None:
        return session, session.position + arguments.epochs * session.history.batches
    if session.planned_steps is None:
        raise UserError(NO_LENGTH.format(path))
    return session, max(session.planned_steps, session.position)


def _origin(given: str) -> tuple[Path, int | None]:
    """Return the session's file, and the position after the last @ if there is one."""
    name, at, position = given.rpartition("@")
    if not at:
        return session_path(given), None
    if (whole := find_session(given)) is not None:
        return whole, None
    if not position.isdecimal():
        raise UserError(f"--from {given}: give a position after @, such as @100")
    return session_path(name), int(position)


def _run(
    session: Session, end: int, condition: Condition | None, writer: Writer | None, screen: Console
) -> Stop:
    """Step to the end, writing each record. Return why the run stopped."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]}"),
    )
    start = session.position
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as progress:
        task = progress.add_task(
            escape(plain(session.preset.name)), total=end, loss=number(session.record.loss)
        )
        shown = 0.0
        for stepped in session.run(end, condition):
            if writer:
                for position in range(stepped.first, stepped.position + 1):
                    writer(session.history, position)
            if time.monotonic() - shown > PROGRESS_SECONDS and stepped.position > start:
                shown = time.monotonic()
                progress.update(task, completed=session.position, loss=number(session.record.loss))
                session.flush()
    assert stepped.stop is not None, "the last progress of a run says why it stopped"
    return stepped.stop


def _quantities(session: Session, condition: Condition | None) -> tuple[str, ...]:
    """Return the quantities measured by the run, now or before."""
    read = condition.quantities if condition is not None else ()
    there = session.preset.measure, session.breakpoints.quantities, read, session.history.quantities
    return tuple(dict.fromkeys(name for names in there for name in names))


def _print_summary(session: Session, quantities: Sequence[str]) -> None:
    """Print each field and quantity at the start and at the end."""
    first, last = session.history.record(0), session.record
    table = Table("", "first", "last", box=None)
    table.columns[1].justify = table.columns[2].justify = "right"
    for name in FIELDS:
        if first[name] is not None or last[name] is not None:
            table.add_row(f"[cyan]{name}", field(name, first[name]), field(name, last[name]))
    for name in quantities:
        values = session.history.column(name, 0, last.step + 1)
        if len(measured := np.flatnonzero(~is_missing(values))):
            row = (
                _measured(name, values, int(at), (0, last.step)[i]) for i, at in enumerate(measured[[0, -1]])
            )
            table.add_row(f"[cyan]{escape(name)}", *row)
    console = Console()
    console.print(Text(plain(session.preset.title), "bold"), soft_wrap=True)
    console.print(Text(plain(session.dataset.description)), soft_wrap=True)
    console.print(table)


def _left(session: Session, how: str) -> Text:
    """Return the last position of an ended run, and the command that resumes it from its file."""
    at = f"{how} at step {min(session.position, session.timeline.branch.tip):,}"
    if session.path is None:
        return Text(at)
    command = f"gradstep run --from {shlex.quote(str(session.path))}"
    return Text(f"{at}, which is saved; go on with\n    {plain(command)}")


def _print_hit(session: Session, condition: Condition, screen: Console) -> None:
    read = evidence(condition, session.history, session.position)
    where = (f"step {session.position:,}:", "green")
    said = f" {plain(condition.text)}" + (f"   ({plain(read)})" if read else "")
    screen.print(Text.assemble(where, said), soft_wrap=True)


def _measured(name: str, values: NDArray[np.float64], at: int, wanted: int) -> str:
    """Format a value, with its step if that is not the one wanted."""
    value = field(name, float(values[at]))
    return value if at == wanted else f"at step {at:,}: {value}"
