"""Turn pydantic's errors into messages that name the file, the key and the allowed values.

An error is told by its `type` and `ctx`, never by pydantic's message, which may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gradstep.engine.config.data import MAX_CLASSES, MAX_COORDINATES
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.run import RunConfig, RunLength, Train
from gradstep.engine.config.schema import Tables, keys_of, named, settings_in, tables_in
from gradstep.engine.config.types import LARGEST
from gradstep.engine.errors import UserError, did_you_mean, is_short_for, meant

ALLOWED = "; allowed: "
HINT = "; did you mean "
SHOWN = 60
"""Characters of a value or a key that a message quotes."""
ALIKE = 3
"""More entries of a list with the same problem share one line."""
ALLOWED_BY_TYPE = {
    "int_type": "a valid integer",
    "float_type": "a valid number",
    "finite_number": "a finite number",
    "bool_type": "a valid boolean",
    "string_type": "a valid string",
    "list_type": "a valid list",
    "dict_type": "a valid dictionary",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "greater than or equal to {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "less than or equal to {le}",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} item",
    "too_long": "at most {max_length} item",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} character",
}
"""Allowed values by the `type` of pydantic's error, with the limits of its `ctx`; counts take the plural."""
COLUMNS: dict[tuple[str, ...], str] = {
    ("data", "inputs"): f"rows of 1 to {MAX_COORDINATES} numbers from -{LARGEST} to {LARGEST}",
    ("data", "labels"): f"whole numbers from 0 to {MAX_CLASSES - 1}, written without a point",
}
"""Allowed entries of the lists that hold a table of data, by their paths."""
EVERY_RUN_S = {
    **{key: f"run.{key}" for key in settings_in([RunLength])},
    **{key: f"train.{key}" for key in settings_in([Train])},
    "learning_rate": "train.rule.learning_rate",
}
"""Dotted keys of the settings that almost every run has, by their last parts."""
NO_BCE = (
    "; gradstep has no binary cross-entropy of a single sigmoid output yet; 'exam_cross_entropy' is the sum "
    "of a binary cross-entropy for each class, of a softmax's outputs"
)


class ConfigError(UserError):
    """All problems of a config, a line each: source, key, given value, allowed values.

    `sources` names the source of each problem if they differ.
    """

    def __init__(self, source: str, problems: Sequence[str], sources: Sequence[str] = ()) -> None:
        self.source = source
        self.problems = list(problems)
        each = sources or [source] * len(problems)
        super().__init__("\n".join(f"{at}: {problem}" for at, problem in zip(each, problems, strict=True)))


@dataclass(frozen=True)
class _Problem:
    """A problem at a place of the file; `path` is () if the text names the place."""

    path: tuple[str, ...]
    said: str

    def __str__(self) -> str:
        return f"{shown_key('.'.join(self.path))}: {self.said}" if self.path else self.said

    @property
    def index(self) -> int | None:
        """The part of the path at which it enters a list; None if it enters none."""
        return next((at for at, part in enumerate(self.path) if part.isdecimal()), None)


def validated(raw: Mapping[str, Any], source: str) -> Preset:
    """Return the preset of a parsed file. Raises ConfigError with every problem."""
    try:
        return Preset.model_validate(raw)
    except ValidationError as error:
        found = error.errors()
        if all(details["loc"] and details["loc"][0] not in RunConfig.model_fields for details in found):
            found += _misfits(raw)
        problems = _merged([problem for details in found for problem in _described(details, raw)])
        raise ConfigError(source, _collapsed(problems)) from None


def unknown_key(above: Sequence[str], key: str, among: Tables, given: Any) -> str:
    """Return the message for a key that its table does not have.

    `above` is the path of the table, `among` the tables that may stand there, `given` its value in the file.
    The hint is a key of the table, or a key of that name in a table inside it.
    """
    allowed = keys_of(among)
    below = [setting for setting in settings_in(among, given) if "." in setting]
    inside = [setting for setting in below if key not in ("", "name") and _last(setting) == key]
    short = [setting for setting in below if is_short_for(key, _last(setting))]
    near = meant(key, allowed)
    found = next((".".join([*above, setting]) for setting in inside[-1:]), near)
    found = found or next((".".join([*above, setting]) for setting in short[-1:]), "")
    hint = f"{HINT}{found!r}?" if found else ""
    return f"unknown key {_shown(key)}{ALLOWED}{', '.join(allowed)}{hint}"


def _last(setting: str) -> str:
    return setting.rpartition(".")[2]


def shown_key(key: str) -> str:
    """Return a dotted key, cut short; quoted if it has characters that a terminal would obey."""
    return _cut(key if key.isprintable() else repr(key))


def _misfits(raw: Mapping[str, Any]) -> list[ErrorDetails]:
    """Return cross-field errors of the run config, which pydantic skips if another table is invalid."""
    try:
        RunConfig.model_validate({key: raw[key] for key in RunConfig.model_fields})
    except ValidationError as error:
        return error.errors()
    return []


def _described(details: ErrorDetails, raw: Mapping[str, Any]) -> list[_Problem]:
    places, table = _place(details["loc"])
    path = tuple(places)
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return [_Problem(path, unknown_key(path[:-1], path[-1], [table], _found(raw, path[:-1])))]
    if kind == "missing":
        return [_Problem(path, "missing")]
    given = details["input"]
    if len(path) > 2 and (column := COLUMNS.get(path[:2])):
        return [_given(path, given, column)]
    if kind == "value_error":
        return [_misfit(path, table, line) for line in str(context["error"]).split("\n\n")]
    if kind == "union_tag_invalid":
        given, tags = context["tag"], context["expected_tags"].replace("'", "").split(", ")
        return [_given((*path, "name"), given, f"{', '.join(tags)}{did_you_mean(str(given), tags)}")]
    if kind in ("union_tag_not_found", "model_attributes_type"):
        return [_given(path, given, "a table with a 'name'")]
    if kind == "model_type":
        return [_given(path, given, f"a table with {', '.join(keys_of([table]))}")]
    allowed = _allowed(details)
    if allowed is None:
        return [_Problem(path, f"given {_shown(given)}: {details['msg']}")]
    if kind == "literal_error" and isinstance(given, str):
        # a form such as 'rank[layer]' is no value
        names = [name for name in context["expected"].split("'")[1::2] if "[" not in name]
        hint = did_you_mean(given, names)
        if path == ("train", "loss") and any(word in given.lower() for word in ("bce", "binary")):
            hint = NO_BCE
        allowed += hint
    return [_given(path, given, allowed)]


def _allowed(details: ErrorDetails) -> str | None:
    """Return what is allowed in place of a value; None for an error that no table of a preset raises."""
    text = ALLOWED_BY_TYPE.get(details["type"])
    if text is None:
        return None
    limits = {name: _whole(value) for name, value in details.get("ctx", {}).items()}
    count: int = limits.get("min_length", limits.get("max_length", 1))
    return text.format_map(limits) + ("" if count == 1 else "s")


def _whole(value: Any) -> Any:
    """Return a limit as the config's tables write it: 1.0 as 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _given(path: tuple[str, ...], given: object, allowed: str) -> _Problem:
    return _Problem(path, f"given {_shown(given)}{ALLOWED}{allowed}")


def _found(raw: Any, path: Sequence[str]) -> Any:
    """Return the value of a parsed file at a path; None if there is none."""
    for part in path:
        if isinstance(raw, list) and part.isdecimal() and int(part) < len(raw):
            raw = raw[int(part)]
        elif isinstance(raw, Mapping):
            raw = raw.get(part)
        else:
            return None
    return raw


def _misfit(path: tuple[str, ...], table: type[BaseModel], line: str) -> _Problem:
    """Return a problem of a table's own validator, whose line may begin with a key of the table."""
    key, colon, said = line.partition(":")
    if path and colon and key.partition(".")[0] in table.model_fields:
        return _Problem((*path, *key.split(".")), said.strip())
    return _Problem(path, line)


def _place(loc: Sequence[str | int]) -> tuple[list[str], type[BaseModel]]:
    """Return the path in the file, and the table that it ends in or leads to, from pydantic's location.

    The location has a union's tag behind its table's key, and the type tried behind any other union's key.
    """
    path: list[str] = []
    table: type[BaseModel] = Preset
    parts = iter(loc)
    for part in parts:
        path.append(str(part))
        field = table.model_fields.get(str(part))
        if field is None:
            if isinstance(part, int):
                continue
            break
        inner = list(tables_in(field.annotation))
        if field.discriminator is not None:
            tag = next(parts, None)
            if tag is not None:
                table = named(inner, tag)[0]
        elif inner:
            table = inner[0]
        else:
            path += [str(index) for index in parts if isinstance(index, int)]
    return path, table


def _merged(problems: Sequence[_Problem]) -> list[_Problem]:
    """Merge the problems of one value that each type of a union refused."""
    merged: list[_Problem] = []
    for problem in problems:
        given, _, allowed = problem.said.partition(ALLOWED)
        last = merged[-1] if merged else None
        if allowed and last and last.path == problem.path and last.said.startswith(given + ALLOWED):
            merged[-1] = _Problem(last.path, f"{last.said}, or {allowed}")
        else:
            merged.append(problem)
    return merged


def _collapsed(problems: Sequence[_Problem]) -> list[str]:
    """Return the problems as lines; many entries of a list with the same problem share one."""
    groups: dict[tuple[tuple[str, ...], str], list[_Problem]] = {}
    for problem in problems:
        pattern = tuple("*" if part.isdecimal() else part for part in problem.path)
        if problem.path[:2] in COLUMNS:
            pattern = pattern[:3]
        groups.setdefault((pattern, _without_value(problem.said)), []).append(problem)
    lines: list[str] = []
    for group in groups.values():
        if group[0].index is None or len(group) <= ALIKE:
            lines += map(str, group)
        else:
            lines.append(_together(group))
    return lines


def _together(group: Sequence[_Problem]) -> str:
    """Return the line of a list's entries with the same problem: their number and the first of them."""
    first = group[0]
    at = first.index or 0
    where = first.path[at:]
    place = f"at {'.'.join(first.path[at - 1 :])}"
    if first.path[:at] in COLUMNS:
        place = ", ".join(f"{name} {int(i) + 1}" for name, i in zip(("row", "column"), where, strict=False))
        place = f"in {place}"
    wrong = f"{len(group):,} entries are wrong, the first {place}: {first.said}"
    return str(_Problem(first.path[:at], wrong))


def one_line_a_kind(lines: Sequence[str]) -> list[str]:
    """Return the lines of problems; many values of one key with the same problem share one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        key, _, said = line.partition(": ")
        groups.setdefault((key, _without_value(said)), []).append(line)
    found: list[str] = []
    for (key, _), group in groups.items():
        if len(group) <= ALIKE:
            found += group
        else:
            first = group[0].partition(": ")[2]
            found.append(f"{key}: {len(group):,} values are wrong, the first: {first}")
    return found


def _without_value(said: str) -> str:
    """Return a problem without the given value and its hint: the part that many values share."""
    before, allowed, after = said.partition(HINT)[0].partition(ALLOWED)
    return after if allowed and before.startswith("given ") else before + allowed + after


def _shown(given: object) -> str:
    if isinstance(given, date | time):
        return given.isoformat()
    try:
        return _cut(repr(given))
    except (RecursionError, ValueError):  # nested too deep, or an integer too long to be written
        return "a value too long to show"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "…"
