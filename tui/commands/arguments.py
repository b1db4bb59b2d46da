"""Command lines: a parser that suggests the option that was meant, and types of arguments."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradstep.engine.errors import meant

MAX_LENGTH = 2**63 - 1


class Parser(argparse.ArgumentParser):
    """argparse's parser, which also lists the options added to it, to its groups and to its subcommands."""

    def __init__(self, *args: Any, **given: Any) -> None:
        self._options: list[str] = []
        self._subcommands: Mapping[str, Parser] = {}
        super().__init__(*args, **given)

    @property
    def options(self) -> list[str]:
        return [*self._options, *(option for below in self._subcommands.values() for option in below.options)]

    def add_argument(self, *names: str, **given: Any) -> argparse.Action:
        return self._listed(super().add_argument(*names, **given))

    def add_mutually_exclusive_group(self, **given: Any) -> Group:  # type: ignore[override]
        return Group(super().add_mutually_exclusive_group(**given).add_argument, self._listed)

    def add_subparsers(self, **given: Any) -> Any:
        subcommands = super().add_subparsers(**given)
        self._subcommands = subcommands.choices
        return subcommands

    def _listed(self, action: argparse.Action) -> argparse.Action:
        self._options += action.option_strings
        return action


@dataclass(frozen=True)
class Group:
    """A group of mutually exclusive options."""

    _add: Callable[..., argparse.Action]
    _listed: Callable[[argparse.Action], argparse.Action]

    def add_argument(self, *names: str, **given: Any) -> argparse.Action:
        return self._listed(self._add(*names, **given))


def parse(
    parser: Parser, arguments: Sequence[str], elsewhere: Callable[[str], str] = lambda _: ""
) -> argparse.Namespace:
    """Parse a command line; exit with argparse's error for an unknown option.

    The error ends with `elsewhere(option)`, which may name a command with this option. If it does not, a
    similar option of this parser follows.
    """
    found, unknown = parser.parse_known_args(arguments)
    if unknown:
        option = next((word.partition("=")[0] for word in unknown if word.startswith("-")), "")
        parser.error(
            f"unrecognized arguments: {' '.join(unknown)}{elsewhere(option) or _hint(option, parser)}"
        )
    return found


def _hint(option: str, parser: Parser) -> str:
    """Suggest a similar option, or the --set that does the same, as for --seed and --lr."""
    from gradstep.engine.config.errors import EVERY_RUN_S

    there = [known.lstrip("-") for known in parser.options]
    name = option.lstrip("-").replace("-", "_")
    setting = EVERY_RUN_S.get(name)
    like = meant(option.lstrip("-"), there) or next(iter(difflib.get_close_matches(option[2:], there)), "")
    if setting is None and like:
        return f"; did you mean '--{like}'?"
    setting = setting or EVERY_RUN_S.get(meant(name, EVERY_RUN_S))
    return f"; did you mean --set {setting}=VALUE?" if setting and "set" in there else ""


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
    """Return the path of a file to write. Raises argparse's error for a folder, and for "", this folder."""
    if not given or Path(given).is_dir():
        raise argparse.ArgumentTypeError(f"given {given!r}, a folder; allowed: the name of a file")
    return Path(given)


def run_length(given: str) -> int:
    """Return a number of steps or epochs. Raises argparse's error for any other text."""
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not 0 <= number <= MAX_LENGTH:
        raise argparse.ArgumentTypeError(f"given {given!r}; allowed: a whole number, 0 or more")
    return number
