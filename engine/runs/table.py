"""The results of a sweep as a table: per run its values, last record, ending and reason."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gradstep.engine.records.record import FIELDS, Record, json_number
from gradstep.engine.runs.plan import Plan, assignments
from gradstep.engine.runs.result import Result

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

NUMBERS = {"NaN", "Infinity", "-Infinity"}


def columns(plan: Plan) -> list[str]:
    """Return the names of the columns: axes' keys, fields of a record, measures, claims."""
    claims = [f"claim {number}: {claim.says}" for number, claim in enumerate(plan.preset.claim, 1)]
    return [
        "point",
        *(axis.key for axis in plan.axes),
        *("ending", "reason"),
        *FIELDS,
        *plan.measures,
        *claims,
        *("state", "took"),
    ]


def row(plan: Plan, result: Result) -> list[Any]:
    """Return a result's values in the order of `columns`: texts, numbers, or None if missing."""
    record = result.record
    return [
        result.point,
        *(_written(value) for value in plan.changes(result.point).values()),
        *(result.ending, result.reason),
        *([None] * len(FIELDS) if record is None else [json_number(record[name]) for name in FIELDS]),
        *_padded(result.measures, len(plan.measures)),
        *_padded(result.claims, len(plan.preset.claim)),
        *(result.state, result.seconds),
    ]


def result_of(plan: Plan, values: list[Any]) -> Result:
    """Return the result of a row: the inverse of `row`."""
    named = dict(zip(columns(plan), values, strict=True))
    first = 1 + len(plan.axes) + 2
    fields = dict(zip(FIELDS, values[first : first + len(FIELDS)], strict=True))
    first += len(FIELDS)
    measures = values[first : first + len(plan.measures)]
    first += len(plan.measures)
    claims = values[first : first + len(plan.preset.claim)]
    record = None
    if fields["loss"] is not None:
        record = Record(**{name: _read(value) for name, value in fields.items()})
    return Result(
        named["point"],
        named["ending"],
        named["reason"],
        record,
        () if record is None else tuple(_read(value) for value in measures),
        (),
        () if record is None else tuple(claims),
        named["state"],
        named["took"],
    )


def write_csv(file: SupportsWrite[str], plan: Plan, results: Iterable[Result], source: str) -> None:
    """Write the table as CSV, with a last column `command` that repeats the run.

    `source` is the preset's name and its changes, as in `gradstep run`.
    """
    rows = csv.writer(file)
    rows.writerow([*columns(plan), "command"])
    for result in sorted(results, key=lambda result: result.point):
        rows.writerow([*row(plan, result), command(plan, result.point, source)])


def command(plan: Plan, point: int, source: str) -> str:
    """Return the command that repeats a run of the sweep, to the last bit."""
    changes = {"train.threads": plan.preset.train.threads, **plan.changes(point)}
    settings = " ".join(f"--set {shlex.quote(one)}" for one in assignments(changes))
    until = f" --until {shlex.quote(plan.until)}" if plan.until is not None else ""
    return f"gradstep run {source} {settings}{until}"


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict | bool) else value


def _padded(values: tuple[Any, ...], count: int) -> list[Any]:
    shown = [json_number(value) if isinstance(value, float) else value for value in values]
    return shown + [None] * (count - len(shown))


def _read(value: Any) -> Any:
    return float(value) if value in NUMBERS else value
