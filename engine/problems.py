"""What is wrong with a config, in the words of the file that it comes from: pydantic's errors told anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.config import Preset, RunConfig, RunLength
from engine.errors import UserError, did_you_mean, meant
from engine.tables import keys_of, named, settings_in, tables_in

ALLOWED = "; allowed: "
SHOWN = 60
RUN_SETTINGS = {
    setting.rpartition(".")[2]: setting
    for setting in (*settings_in(RunConfig), *(f"run.{key}" for key in settings_in(RunLength)))
}
"""What a run can be told: where a name that was given at another place may belong, as a dotted key."""


class ConfigError(UserError):
    """All the problems of a config at once, a line each: source, key, what was given, what is allowed."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = list(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))


def validated(raw: Mapping[str, Any], source: str) -> Preset:
    """The preset that a parsed file holds. Raises ConfigError with every problem."""
    try:
        return Preset.model_validate(raw)
    except ValidationError as error:
        found = error.errors()
        if all(details["loc"] and details["loc"][0] not in RunConfig.model_fields for details in found):
            found += _misfits(raw)
        problems = _merged([line for details in found for line in _described(details)])
        raise ConfigError(source, problems) from None


def unknown_key(where: str, key: str, allowed: Sequence[str]) -> str:
    """The problem of a key that is none of those allowed at its place."""
    elsewhere = {name: setting for name, setting in RUN_SETTINGS.items() if setting != where}
    found = elsewhere.get(key) or meant(key, allowed) or elsewhere.get(meant(key, elsewhere))
    hint = f"; did you mean {found!r}?" if found else ""
    return f"{shown_key(where)}: unknown key {_shown(key)}{ALLOWED}{', '.join(allowed)}{hint}"


def shown_key(key: str) -> str:
    """A dotted key as it was given, cut short; quoted where it has characters that a terminal would obey."""
    return _cut(key if key.isprintable() else repr(key))


def _misfits(raw: Mapping[str, Any]) -> list[ErrorDetails]:
    """What doesn't fit in a run config that is fine part by part, while the rest of the preset is not."""
    try:
        RunConfig.model_validate({key: raw[key] for key in RunConfig.model_fields})
    except ValidationError as error:
        return error.errors()
    return []


def _described(details: ErrorDetails) -> list[str]:
    path, table = _place(details["loc"])
    kind, context = details["type"], details.get("ctx", {})
    where = f"{shown_key('.'.join(path))}: " if path else ""
    if kind == "extra_forbidden":
        return [unknown_key(".".join(path), path[-1], keys_of([table]))]
    if kind == "missing":
        return [f"{where}missing"]
    if kind == "value_error":
        return [_misfit(path, table, line) for line in str(context["error"]).split("\n\n")]
    given = details["input"]
    if kind == "union_tag_invalid":
        where = f"{shown_key('.'.join([*path, 'name']))}: "
        given, allowed = context["tag"], context["expected_tags"].replace("'", "").split(", ")
        names = f"{', '.join(allowed)}{did_you_mean(str(given), allowed)}"
        return [f"{where}given {_shown(given)}{ALLOWED}{names}"]
    if kind in ("union_tag_not_found", "model_attributes_type"):
        return [f"{where}given {_shown(given)}{ALLOWED}a table with a 'name'"]
    if kind == "model_type":
        return [f"{where}given {_shown(given)}{ALLOWED}a table with {', '.join(keys_of([table]))}"]
    hint = ""
    if "expected" in context and isinstance(given, str):
        hint = did_you_mean(given, re.findall(r"'(.*?)'", context["expected"]))
    return [f"{where}given {_shown(given)}{ALLOWED}{_without_subject(details['msg'])}{hint}"]


def _misfit(path: Sequence[str], table: type[BaseModel], line: str) -> str:
    """A problem that a table's own validator found; it may begin with a key of the table."""
    key, colon, _ = line.partition(":")
    inside = bool(colon) and key.partition(".")[0] in table.model_fields
    where = ".".join(path)
    return f"{where}{'.' if inside else ': '}{line}" if path else line


def _without_subject(message: str) -> str:
    """pydantic's "List should have at least 1 item after validation, not 0" as "at least 1 item"."""
    message = re.sub(r"^\w+ should (be|have) ", "", message)
    return re.sub(r" after validation, not \w+$", "", message)


def _place(loc: Sequence[str | int]) -> tuple[list[str], type[BaseModel]]:
    """The path in the file and the table that it ends in, or leads to, from pydantic's location.

    That has a union's tag behind the key of its table, and the type tried behind any other union's key.
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


def _merged(problems: Sequence[str]) -> list[str]:
    """The problems with one line for a value of which each type of a union told what it allows."""
    merged: list[str] = []
    for problem in problems:
        given, _, allowed = problem.partition(ALLOWED)
        if allowed and merged and merged[-1].startswith(given + ALLOWED):
            merged[-1] += f", or {allowed}"
        else:
            merged.append(problem)
    return merged


def _shown(given: object) -> str:
    if isinstance(given, date | time):
        return given.isoformat()
    try:
        return _cut(repr(given))
    except (RecursionError, ValueError):  # nested too deep, or an integer too long to be written
        return "what is too long to show"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "…"
