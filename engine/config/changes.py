"""Changes of a preset by dotted keys, as `--set` and the form make them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gradstep.engine.config.errors import ConfigError, shown_key, unknown_key, validated
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.schema import Tables, keys_of, named, names_of, tables_in
from gradstep.engine.config.types import with_name


def with_changes(raw: Mapping[str, Any], source: str, changes: Mapping[str, Mapping[str, Any]]) -> Preset:
    """Return the preset of a parsed file with the changes {option: {dotted key: value}}.

    The file itself may be invalid. Raises ConfigError, which traces each problem to the file, to the option
    that gave the value, or to both.
    """
    result, problems, sources = dict(raw), list[str](), list[str]()
    for option, values in changes.items():
        result, lost = assigned(result, values)
        problems += lost
        sources += [option] * len(lost)
    try:
        preset = validated(result, source)
    except ConfigError as error:
        own = _problems(raw)
        options = [option for option in changes if changes[option]]
        problems += error.problems
        sources += [_origin(problem, own, source, options, changes) for problem in error.problems]
    if problems:
        raise ConfigError(source, problems, sources)
    return preset


def _problems(raw: Mapping[str, Any]) -> list[str]:
    try:
        validated(raw, "")
    except ConfigError as error:
        return error.problems
    return []


def _origin(
    problem: str,
    own: Sequence[str],
    source: str,
    options: Sequence[str],
    changes: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return the source of a changed file's problem; `own` are the problems of the unchanged file."""
    at = problem.partition(":")[0].split(".")
    for option in reversed(options):
        if any(_begins(at, key.split(".")) for key in changes[option]):
            return option
    if problem in own or not options:
        return source
    for option in reversed(options):
        if any(_touches(key, at) for key in changes[option]):
            return option
    together = " and ".join(options)
    return f"{source} with {together}" if own else together


def _touches(key: str, path: Sequence[str]) -> bool:
    """Return whether a changed key is below a path, or is the `name` that selects its table."""
    return _begins(key.split("."), path) or (
        key.endswith(".name") and _begins(path, key.removesuffix(".name").split("."))
    )


def _begins(path: Sequence[str], first: Sequence[str]) -> bool:
    """Return whether a path begins with these parts; a negative index is any entry of a list."""
    return len(path) >= len(first) and all(
        part == given or (part.isdecimal() and given.startswith("-"))
        for part, given in zip(path, first, strict=False)
    )


def is_live(key: str) -> bool:
    """Return whether a change of the key applies at the next step; any other needs a new run."""
    return key.startswith("train.rule.") or key == "train.clip_norm"


def override(preset: Preset, assignments: Sequence[str]) -> Preset:
    """Apply assignments "a.b=value" (the value as in TOML, or a bare word). Raises ConfigError."""
    return changed(preset, parse_assignments(assignments), source="--set")


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse "a.b=value" texts to {dotted key: value}. Raises ConfigError."""
    changes = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError("--set", [f"given {assignment!r}; needs key=value, such as train.seed=3"])
        changes[key.strip()] = parse_value(value)
    return changes


def parse_value(text: str) -> Any:
    """Parse a TOML value; any other text is a string."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, thousands of digits, or nested too deep
        return text.strip()
    return parsed["value"] if len(parsed) == 1 else text.strip()


def changed(preset: Preset, changes: Mapping[str, Any], source: str = "change") -> Preset:
    """Return the preset with the changes {dotted key: value}; None removes a key. Raises ConfigError.

    A new `name` of a table keeps all keys that the new kind has.
    """
    raw, problems = assigned(preset.model_dump(exclude_unset=True) | {"name": preset.name}, changes)
    if problems:
        raise ConfigError(source, problems)
    return validated(raw, source)


def assigned(raw: Mapping[str, Any], changes: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a changed copy of a parsed file, and a problem for each unknown key.

    `changes` is {dotted key: value}. The file need not be valid.
    """
    result, problems = dict(raw), []
    for key, value in changes.items():
        try:
            _assign(result, key, value)
        except _NoSuchKeyError as error:
            problems.append(str(error))
    return result, problems


class _NoSuchKeyError(Exception):
    """An unknown dotted key; the text is the problem."""


def _assign(raw: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = path = key.split(".")
    at: Any = raw
    allowed: Tables = [Preset]
    for depth in range(len(parents)):
        at, allowed = _entered(at, allowed, path, depth)
    where = _where(at, allowed, path, len(parents))
    if isinstance(where, int):
        at[where] = value
    elif value is None:
        at.pop(where, None)
    else:
        at[where] = value
    if last == "name" and parents and allowed:
        for stale in set(keys_of(allowed)).difference(keys_of(_narrowed(allowed, at))):
            at.pop(stale, None)
    if key in ("run.steps", "run.epochs"):
        at.pop("epochs" if last == "steps" else "steps", None)


def _entered(at: Any, allowed: Tables, path: Sequence[str], depth: int) -> tuple[Any, Tables]:
    """Replace the table or list at `path[depth]` by a copy. Return the copy and its possible tables."""
    where = _where(at, allowed, path, depth)
    if isinstance(where, str):
        known = _narrowed(allowed, at)
        fields = [table.model_fields[where] for table in known if where in table.model_fields]
        allowed = [inner for field in fields for inner in tables_in(field.annotation)]
        if where not in at:
            at[where] = _default(fields[0])
        if any(map(names_of, allowed)):
            at[where] = with_name(at[where])
    inside = at[where] = copy(at[where])
    return inside, allowed


def _where(at: Any, allowed: Tables, path: Sequence[str], depth: int) -> str | int:
    """Return `path[depth]` as a table's key or a list's index. Raises _NoSuchKeyError if it is neither."""
    part, key = path[depth], shown_key(".".join(path))
    if isinstance(at, list):
        digits = part.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 10 and -len(at) <= int(part) < len(at):
            return int(part)
        raise _NoSuchKeyError(f"{key}: there are {len(at)} entries, numbered from 0; -1 is the last")
    if not isinstance(at, dict):
        raise _NoSuchKeyError(f"{key}: {part!r} is a key of no table")
    if not allowed:
        return part  # a table with free keys, such as `measure`
    known = _narrowed(allowed, at)
    if part not in keys_of(known):
        raise _NoSuchKeyError(f"{key}: {unknown_key(path[:depth], part, known, at)}")
    return part


def _narrowed(allowed: Tables, at: Any) -> Tables:
    """Return the tables that `at` may be, by its name."""
    return named(allowed, at["name"]) if isinstance(at, dict) and "name" in at else allowed


def _default(field: FieldInfo) -> Any:
    """Return the value of a key that the file leaves out."""
    if field.is_required():
        return [] if get_origin(field.annotation) is list else {}
    default = field.get_default(call_default_factory=True, validated_data={})
    return default.model_dump(exclude_unset=True) if isinstance(default, BaseModel) else default
