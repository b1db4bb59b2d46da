"""What the command lines have in common: a parser that says what was probably meant, and their numbers."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gradstep.engine.errors import meant

MAX_LENGTH = 2**63 - 1


def parse(
    parser: argparse.ArgumentParser, arguments: Sequence[str], elsewhere: Callable[[str], str] = lambda _: ""
) -> argparse.Namespace:
    """The arguments as they are meant. For an option that there is not, a sentence and the end of the
    program, as argparse does it, with the one that is like it; `elsewhere` says who else has it."""
    found, unknown = parser.parse_known_args(arguments)
    if unknown:
        option = next((word.partition("=")[0] for word in unknown if word.startswith("-")), "")
        parser.error(
            f"unrecognized arguments: {' '.join(unknown)}{elsewhere(option) or _hint(option, parser)}"
        )
    return found


def _hint(option: str, parser: argparse.ArgumentParser) -> str:
    """An option that is like it, or what has --set do what it says: --seed, --lr."""
    from gradstep.engine.config.errors import EVERY_RUN_S

    there = [known.lstrip("-") for known in options(parser)]
    name = option.lstrip("-").replace("-", "_")
    setting = EVERY_RUN_S.get(name)
    like = meant(option.lstrip("-"), there) or next(iter(difflib.get_close_matches(option[2:], there)), "")
    if setting is None and like:
        return f"; did you mean '--{like}'?"
    setting = setting or EVERY_RUN_S.get(meant(name, EVERY_RUN_S))
    return f"; did you mean --set {setting}=VALUE?" if setting and "set" in there else ""


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser, and of those below it."""
    yield from parser._option_string_actions
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from options(below)


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add --set KEY=VALUE."""
    says = "change the preset, as train.seed=3"
    completes(
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=says), "setting"
    )


def add_data_dir(
    parser: argparse.ArgumentParser, says: str = "where MNIST lies (default: $GRADSTEP_DATA, the cache)"
) -> None:
    """Add --data-dir."""
    completes(parser.add_argument("--data-dir", type=Path, help=says), "directory")


def completes(action: argparse.Action, kind: str) -> None:
    """Have a shell complete an argument: a "file", a "directory", or what `completion` has a function for."""
    if kind not in ("file", "directory"):
        function = f"_gradstep_{kind}"
        complete: object = {"bash": function, "zsh": function, "fish": f"({function})"}
    else:
        complete = kind
    action.complete = complete  # type: ignore[attr-defined]


def file_path(given: str) -> Path:
    """A file to write to. Raises argparse's error where none is named: "" would be this folder."""
    if not given or Path(given).is_dir():
        raise argparse.ArgumentTypeError(f"given {given!r}, a folder; allowed: the name of a file")
    return Path(given)


def run_length(given: str) -> int:
    """How many steps or epochs. Raises argparse's error for a number that is none."""
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not 0 <= number <= MAX_LENGTH:
        raise argparse.ArgumentTypeError(f"given {given!r}; allowed: a whole number, 0 or more")
    return number
