"""The `gradstep` command: the explorer, or one of the commands in `gradstep.tui.commands`.

Modules are imported when they are needed, so that the engine's process and the screen start at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from gradstep.engine.errors import NO_MEMORY, Fault, UserError, did_you_mean, is_no_memory, keep_traceback
from gradstep.engine.worker.process import EngineProcess, start_process
from gradstep.tui.commands.arguments import parse
from gradstep.tui.commands.exit_status import OF_A_SIGNAL, Exit
from gradstep.tui.commands.parsers import COMMANDS, command_parser, explorer_parser
from gradstep.tui.signals import Interrupting, handled
from gradstep.tui.text import plain
from gradstep.tui.wire.refresh import refresh_soon

if TYPE_CHECKING:
    from gradstep.tui.app import Explorer


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line, and return the exit status.

    A user's mistake and a fault of gradstep's own are sentences on stderr, without a traceback.
    """
    given = sys.argv[1:] if arguments is None else arguments
    interrupting = Interrupting()
    # the explorer handles signals once it has something to save; before, they end it at once
    with handled(interrupting) if given and given[0] in COMMANDS else nullcontext():
        try:
            status = _status(given)
        except KeyboardInterrupt:
            status = Exit.INTERRUPTED
    return OF_A_SIGNAL + interrupting.number if interrupting.number else status


def _status(arguments: Sequence[str]) -> int:
    """Carry out a command line, and return the exit status. Raises KeyboardInterrupt."""
    try:
        status = _carry_out(arguments)
        print(end="", flush=True)
        return status
    except UserError as error:
        return _bad_input(str(error))
    except BrokenPipeError:
        _give_up_output()
        return 0
    except OSError as error:
        _give_up_output()
        place = f"{error.filename}: " if error.filename else ""
        return _bad_input(f"{place}{error.strerror or error}")
    except Exception as error:
        if is_no_memory(error):
            return _bad_input(NO_MEMORY)
        if _is_of_interrupt(error):
            return Exit.INTERRUPTED
        return _fault(keep_traceback(error))


def _carry_out(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        command = import_module(f"gradstep.tui.commands.{arguments[0]}")
        return int(command.main(parse(command_parser(arguments[0]), arguments[1:])))
    if arguments and not _can_be_opened(arguments[0]):
        raise UserError(_nothing_such(arguments[0]))
    return explore(parse(explorer_parser(), arguments, _of_a_command))


def _of_a_command(option: str) -> str:
    """Return the end of the explorer's error for an option that a command has."""
    name = next((name for name in COMMANDS if option in command_parser(name).options), None)
    return f"; `gradstep {name}` has {option}" if name else ""


def _bad_input(text: str) -> int:
    _complain(f"gradstep: {plain(text)}")
    return Exit.BAD_INPUT


def _fault(fault: Fault) -> int:
    _complain(plain(str(fault)))
    return Exit.FAULT


def _is_of_interrupt(error: BaseException | None) -> bool:
    """Return whether Ctrl+C is among its causes: some imports raise errors of their own for it."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _complain(text: str) -> None:
    with suppress(OSError):  # the terminal is gone
        print(text, file=sys.stderr, flush=True)


def _give_up_output() -> None:
    """Give up stdout, which nobody reads, so that Python's flush at exit does not complain again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explore(arguments: argparse.Namespace) -> int:
    """Open the explorer, and return the exit status.

    The engine's process is started first: the screen is imported while that imports torch.
    """
    terminal = all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    started = start_process(1 / arguments.fps) if terminal else None
    refresh_soon()
    if terminal:
        gc.disable()  # nothing that is imported is garbage; the explorer enables it
    try:
        explorer = _explorer(arguments, started)
    except BaseException:
        if started is not None:
            started.give_up()
        raise
    status = explorer.run() or 0
    if explorer.fault is not None:
        _fault(explorer.fault)
    if status != Exit.HUNG_UP:
        for line in explorer.last_words():
            print(line)
    explorer.end_if_held(status)
    return status


def _explorer(arguments: argparse.Namespace, started: EngineProcess | None) -> Explorer:
    """Return the explorer on what the command line names. Raises UserError, also without a terminal."""
    from gradstep.engine.config.files import load_preset

    preset, session = None, _session(arguments.preset)
    if arguments.set and (session is not None or arguments.preset is None):
        raise UserError("--set changes a preset: name one")
    if session is None and arguments.preset is not None:
        preset = load_preset(arguments.preset, arguments.set)
    if started is None:
        raise UserError("the explorer needs a terminal; without one, use `gradstep run`")
    from gradstep.engine.worker.client import EngineClient
    from gradstep.tui.app import Explorer

    frame = 1 / arguments.fps
    return Explorer(
        preset,
        arguments.data_dir,
        session=session,
        connect=lambda on_event: EngineClient(on_event, started, frame),
        frame_seconds=frame,
        ascii=arguments.ascii,
    )


def _session(given: str | None) -> Path | None:
    """Return the path of the saved session of this name, None if there is none."""
    from gradstep.engine.config.files import preset_names

    if given is None or given in preset_names() or given.endswith(".toml"):
        return None
    from gradstep.engine.session.folder import find_session, may_be_session

    path = find_session(given)
    return path if path is not None and may_be_session(path) else None


def _can_be_opened(given: str) -> bool:
    """Return whether it names an option, a preset, a saved session or a file."""
    from gradstep.engine.config.files import preset_names

    return given.startswith("-") or given in preset_names() or Path(given).exists() or bool(_session(given))


def _nothing_such(given: str) -> str:
    """Return the error for a name that can't be opened, with the most similar one that can."""
    from gradstep.engine.config.files import preset_names
    from gradstep.engine.session.folder import session_names

    hint = did_you_mean(given, [*COMMANDS, *preset_names(), *session_names()])
    lists = "`gradstep presets` and `gradstep sessions` list what there is"
    return f"{given}: no such command, preset, session or file{hint} ({lists})"


if __name__ == "__main__":
    sys.exit(main())
