"""Changes of a preset by dotted keys, from "a.b=value" texts or values: what `--set` and the form make."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config import Preset, with_name
from engine.problems import ConfigError, shown_key, unknown_key, validated
from engine.tables import Tables, keys_of, named, tables_in


def is_live(key: str) -> bool:
    """Whether a change of this key applies at the next step; every other one needs a new run."""
    return key.startswith("train.rule.") or key == "train.clip_norm"


def override(preset: Preset, assignments: Sequence[str]) -> Preset:
    """Apply assignments "a.b=value" (the value as in TOML, or a bare word). Raises ConfigError."""
    return changed(preset, parse_assignments(assignments), source="--set")


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """{dotted key: value} from "a.b=value" texts. Raises ConfigError."""
    changes = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise ConfigError("--set", [f"given {assignment!r}; needs key=value, such as train.seed=3"])
        changes[key.strip()] = parse_value(value)
    return changes


def parse_value(text: str) -> Any:
    """A value as TOML writes it; what is no TOML value is a string."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, thousands of digits, or nested too deep
        return text.strip()
    return parsed["value"] if len(parsed) == 1 else text.strip()


def changed(preset: Preset, changes: Mapping[str, Any], source: str = "change") -> Preset:
    """The preset with {dotted key: value} changed and validated; None removes a key. Raises ConfigError.

    A new `name` of a table keeps the keys that the new kind has too.
    """
    raw = preset.model_dump(exclude_unset=True)
    raw["name"] = preset.name
    for key, value in changes.items():
        try:
            _assign(raw, key, value)
        except _NoSuchKeyError as error:
            raise ConfigError(source, [str(error)]) from None
    return validated(raw, source)


class _NoSuchKeyError(Exception):
    """A dotted key that leads nowhere; the text is the problem."""


def _assign(raw: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    at: Any = raw
    allowed: Tables = [Preset]
    for part in parents:
        at, allowed = _entered(at, allowed, part, key)
    where = _where(at, allowed, last, key)
    if isinstance(where, int):
        at[where] = value
    elif value is None:
        at.pop(where, None)
    else:
        at[where] = value
    if last == "name" and parents and allowed:
        for stale in set(at).difference(keys_of(_narrowed(allowed, at))):
            del at[stale]
    if key in ("run.steps", "run.epochs"):
        at.pop("epochs" if last == "steps" else "steps", None)


def _entered(at: Any, allowed: Tables, part: str, key: str) -> tuple[Any, Tables]:
    """What is found at `part` of a table or list, copied there for being written to, and what it may be."""
    where = _where(at, allowed, part, key)
    if isinstance(where, str):
        known = _narrowed(allowed, at)
        fields = [table.model_fields[where] for table in known if where in table.model_fields]
        allowed = [inner for field in fields for inner in tables_in(field.annotation)]
        if where not in at:
            at[where] = _default(fields[0])
        if allowed:
            at[where] = with_name(at[where])
    inside = at[where] = copy(at[where])
    return inside, allowed


def _where(at: Any, allowed: Tables, part: str, key: str) -> str | int:
    """`part` as the key of a table or the index of a list. Raises _NoSuchKeyError if it is neither."""
    if isinstance(at, list):
        digits = part.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 10 and -len(at) <= int(part) < len(at):
            return int(part)
        raise _NoSuchKeyError(
            f"{shown_key(key)}: there are {len(at)} entries, numbered from 0; -1 is the last"
        )
    if not isinstance(at, dict):
        raise _NoSuchKeyError(f"{shown_key(key)}: {part!r} is a key of no table")
    if not allowed:
        return part  # a table whose keys are not given, such as `measure`
    known = keys_of(_narrowed(allowed, at))
    if part not in known:
        raise _NoSuchKeyError(unknown_key(key, part, known))
    return part


def _narrowed(allowed: Tables, at: Any) -> Tables:
    """The tables that `at` may be, by the name that it has."""
    return named(allowed, at["name"]) if isinstance(at, dict) and "name" in at else allowed


def _default(field: FieldInfo) -> Any:
    """What a key that isn't written in the file stands for, as if it were."""
    if field.is_required():
        return [] if get_origin(field.annotation) is list else {}
    default = field.get_default(call_default_factory=True, validated_data={})
    return default.model_dump(exclude_unset=True) if isinstance(default, BaseModel) else default
