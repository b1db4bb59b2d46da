"""Records written out, as JSON Lines on stdout or as CSV into a file."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError
from engine.history import FIELDS, Record

Writer = Callable[[Record], None]


def add_record_arguments(parser: argparse.ArgumentParser) -> None:
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print JSON Lines, an object a position")
    output.add_argument("--csv", type=Path, metavar="FILE", help="write the records there")


@contextmanager
def record_writer(arguments: argparse.Namespace) -> Iterator[Writer | None]:
    """What to hand each record to; None where none was asked for. Raises UserError."""
    if arguments.json:
        yield lambda record: print(json.dumps(record.as_json()))
    elif arguments.csv is None:
        yield None
    else:
        try:
            file = arguments.csv.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise UserError(f"--csv {arguments.csv}: cannot be written: {error.strerror}") from None
        with file:
            rows = csv.DictWriter(file, FIELDS)
            rows.writeheader()
            yield lambda record: rows.writerow(record.as_json())
