"""The parsers of the explorer and of each command."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from gradstep.tui.commands.arguments import Parser, add_data_dir, add_set
from gradstep.tui.commands.exit_status import ALL, Exit

COMMANDS = ("run", "sweep", "check", "presets", "data", "sessions", "export", "help", "completion")
FPS = 10
"""Frames a second, if nothing else is said."""
MAX_FPS = 60


def command_parser(name: str) -> Parser:
    """Return the parser of one of `COMMANDS`."""
    command = import_module(f"gradstep.tui.commands.{name}")
    parser = Parser(f"gradstep {name}", description=command.__doc__, epilog=ALL)
    command.add_arguments(parser)
    return parser


def explorer_parser() -> Parser:
    """Return the parser of `gradstep` without a command."""
    parser = Parser(
        "gradstep",
        description="A debugger for gradient descent: opens a scenario to step through.",
        epilog=f"commands: {', '.join(COMMANDS)}; `gradstep COMMAND --help` tells more. "
        f"TERM and COLORTERM tell the colours; NO_COLOR switches them off. {ALL}",
    )
    parser.add_argument(
        "preset", nargs="?", metavar="PRESET|FILE.toml|SESSION", help="see `gradstep presets`"
    )
    add_explorer_options(parser)
    return parser


def add_explorer_options(parser: argparse.ArgumentParser) -> None:
    """Add the explorer's options, without its argument."""
    add_set(parser)
    add_data_dir(parser)
    parser.add_argument(
        "--fps", type=_fps, default=FPS, metavar="N", help=f"at most so many frames a second ({FPS})"
    )
    parser.add_argument(
        "--ascii", action="store_true", help="draw with ASCII characters only, as in a locale without UTF-8"
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="of gradstep, and of what it computes with"
    )


def _fps(given: str) -> float:
    """Frames a second. Raises argparse's error for a number that is none."""
    try:
        fps = float(given)
    except ValueError:
        fps = 0.0
    if not 0.1 <= fps <= MAX_FPS:
        raise argparse.ArgumentTypeError(f"given {given!r}; allowed: a number from 0.1 to {MAX_FPS}")
    return fps


class _Version(argparse.Action):
    """Prints what a bug report should say, and ends; what it takes is imported only then."""

    def __call__(self, *_: object) -> None:
        from importlib.metadata import version

        print(", ".join(f"{name} {version(name)}" for name in ("gradstep", "torch", "numpy", "textual")))
        sys.exit(Exit.DONE)
