"""List the presets by document, or show one with all defaults written out."""

from __future__ import annotations

import argparse
from itertools import groupby

from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from gradstep.engine.config.files import load_preset, preset_names, to_toml
from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.tui.commands.arguments import completes
from gradstep.tui.commands.markdown import code, markdown
from gradstep.tui.commands.output import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    name = parser.add_argument("name", nargs="?", help="a preset or a TOML file of your own")
    completes(name, "preset_file")
    parser.add_argument("--markdown", action="store_true", help="print the list as a Markdown table")


def main(arguments: argparse.Namespace) -> int:
    console = Console()
    if arguments.markdown:
        if arguments.name is not None:
            raise UserError("--markdown prints the list: name no preset")
        presets = map(load_preset, preset_names())
        print(markdown(("preset", "question"), ((code(each.name), each.question) for each in presets)))
    elif arguments.name is None:
        console.print(_overview([load_preset(name) for name in preset_names()]))
    elif console.is_terminal:
        console.print(Syntax(to_toml(load_preset(arguments.name)), "toml", background_color="default"))
    else:
        print(to_toml(load_preset(arguments.name)), end="")
    return 0


def _overview(presets: list[Preset]) -> Table:
    table = Table("document", "preset", "question", box=None, padding=(0, 2, 0, 0))
    for document, members in groupby(presets, key=lambda preset: preset.document):
        for i, preset in enumerate(members):
            table.add_row(
                Text(document if i == 0 else "", "bold"), Text(preset.name, "cyan"), Text(preset.question)
            )
    return table
