"""Writers of records: JSON Lines on stdout, or CSV into a file."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.records.history import History
from gradstep.engine.records.record import FIELDS, json_number
from gradstep.tui.commands.arguments import completes, file_path
from gradstep.tui.commands.output import TextOutput

Writer = Callable[[History, int], None]
"""Write the record of a position."""


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON Lines, an object a position")
    table = output.add_argument("--csv", type=file_path, metavar="FILE", help="write the records there")
    completes(table, "file")


@contextmanager
def record_writer(arguments: argparse.Namespace, quantities: Sequence[str]) -> Iterator[Writer | None]:
    """Yield the function that writes a position's fields and these quantities.

    Yields None without --json and --csv. Raises UserError if the file cannot be written.
    """

    def row(history: History, position: int) -> dict[str, Any]:
        measured = {name: _json(name, history.value(name, position)) for name in quantities}
        return history.record(position).as_json() | measured

    if arguments.json:
        yield lambda history, position: print(json.dumps(row(history, position)))
    elif arguments.csv is None:
        yield None
    else:
        with TextOutput("--csv", arguments.csv) as file:
            rows = csv.DictWriter(file, (*FIELDS, *quantities))
            rows.writeheader()
            yield lambda history, position: rows.writerow(row(history, position))


def _json(name: str, value: float) -> float | str | None:
    """Return a measured value for JSON, a count as a whole number."""
    return int(value) if counts(name) and value.is_integer() else json_number(value)
