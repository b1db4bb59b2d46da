"""Show which MNIST presets use, or download it: `gradstep data fetch mnist`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.text import Text

from gradstep.engine.config.preset import Preset
from gradstep.engine.data import mnist
from gradstep.engine.errors import UserError
from gradstep.tui.commands.arguments import add_data_dir
from gradstep.tui.commands.output import Console
from gradstep.tui.text import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=["fetch"], help="fetch: download the data set")
    parser.add_argument("name", nargs="?", choices=["mnist"], help="the data set to fetch")
    add_data_dir(parser, "where MNIST lies, or is to lie")


def main(arguments: argparse.Namespace) -> int:
    if arguments.action == "fetch":
        if arguments.name is None:
            raise UserError("fetch what? `gradstep data fetch mnist`")
        _fetch(arguments.data_dir)
    _tell_status(arguments.data_dir)
    return 0


def warn_of_digits(presets: Iterable[Preset], data_dir: Path | None, screen: Console) -> None:
    """Warn that digits take MNIST's place, if a preset needs it and it is missing; name the folders."""
    if any(preset.data.name == "mnist" for preset in presets) and mnist.locate(data_dir) is None:
        folders = " or ".join(plain(str(folder)) for folder in mnist.folders(data_dir))
        said = f"no MNIST in {folders}: scikit-learn's digits take its place (`gradstep data fetch mnist`)"
        screen.print(Text.assemble(("warning: ", "yellow"), said), soft_wrap=True)


def _tell_status(data_dir: Path | None) -> None:
    from gradstep.engine.data.status import status

    found = status(data_dir)
    console = Console()
    for folder in found.folders:
        console.print(Text(f"looked in  {plain(str(folder))}"), soft_wrap=True)
    if found.problem is not None:
        raise UserError(found.problem)
    if found.place is not None:
        text = f"      {plain(str(found.place))} (complete, contents checked)"
        console.print(Text.assemble(("MNIST", "green"), text), soft_wrap=True)
    else:
        console.print(
            "[yellow]no MNIST[/]   its presets open on scikit-learn's 1,797 handwritten digits;"
            " `gradstep data fetch mnist` downloads it",
            soft_wrap=True,
        )


def _fetch(data_dir: Path | None) -> None:
    from gradstep.engine.data.fetch import fetch_mnist

    columns = (TextColumn("{task.description:24}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name)
            progress.update(tasks[name], completed=done, total=total or None)

        fetch_mnist(data_dir, show)
