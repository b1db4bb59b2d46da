"""The `gradstep` command: the explorer, or one of the commands in `tui.commands`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from engine.errors import UserError
from engine.presets import load_preset, preset_names
from engine.sessions import find_session
from tui.commands import check, data, export, presets, run, sessions
from tui.text import plain

BAD_INPUT = 2
COMMANDS: dict[str, ModuleType] = {
    "run": run,
    "check": check,
    "presets": presets,
    "data": data,
    "sessions": sessions,
    "export": export,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit status. A user's mistake is a sentence on stderr, no traceback."""
    try:
        status = _carry_out(sys.argv[1:] if arguments is None else arguments)
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
    except KeyboardInterrupt:
        return 130


def _carry_out(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        command = COMMANDS[arguments[0]]
        parser = argparse.ArgumentParser(f"gradstep {arguments[0]}", description=command.__doc__)
        command.add_arguments(parser)
        return int(command.main(parser.parse_args(arguments[1:])))
    return explore(_explorer_parser().parse_args(arguments))


def _bad_input(text: str) -> int:
    print(f"gradstep: {plain(text)}", file=sys.stderr)
    return BAD_INPUT


def _give_up_output() -> None:
    """Where nobody takes what we print any more, Python's own flush at exit must not complain again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def explore(arguments: argparse.Namespace) -> int:
    """Open the explorer; the engine's process is started before the screen takes the terminal."""
    preset, session = None, _session(arguments.preset)
    if arguments.set and (session is not None or arguments.preset is None):
        raise UserError("--set changes a preset: name one")
    if session is None and arguments.preset is not None:
        preset = load_preset(arguments.preset, arguments.set)
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise UserError("the explorer needs a terminal; without one, use `gradstep run`")
    from tui.app import Explorer

    explorer = Explorer(preset, arguments.data_dir, session=session, ascii=arguments.ascii)
    status = explorer.run() or 0
    saved = explorer.state.session
    if saved.path is not None:
        name = plain(saved.path.stem)
        print(
            f"not all is saved: {plain(saved.problem)}"
            if saved.problem
            else f"saved; `gradstep {name}` resumes it"
        )
    return status


def _session(given: str | None) -> Path | None:
    """The saved session that is meant, if it is one."""
    if given is None or given in preset_names() or given.endswith(".toml"):
        return None
    return find_session(given)


def _explorer_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "gradstep",
        description="A debugger for gradient descent: opens a scenario to step through.",
        epilog=f"commands: {', '.join(COMMANDS)}; `gradstep COMMAND --help` tells more",
    )
    parser.add_argument(
        "preset", nargs="?", metavar="PRESET|FILE.toml|SESSION", help="see `gradstep presets`"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change the preset, as train.seed=3"
    )
    parser.add_argument("--data-dir", type=Path, help="where MNIST lies (default: $GRADSTEP_DATA, the cache)")
    parser.add_argument("--ascii", action="store_true", help="draw with plain ASCII characters only")
    return parser


if __name__ == "__main__":
    sys.exit(main())
