"""The settings of a run as editable values, for a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gradstep.engine.config.changes import is_live
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.run import RunConfig
from gradstep.engine.config.schema import names_of, tables_in


@dataclass(frozen=True)
class Setting:
    """An editable value of a config, its choices, and whether a change applies to a going run."""

    key: str
    value: Any
    choices: tuple[str, ...]
    live: bool


def settings(preset: Preset) -> list[Setting]:
    """Return the settings of a preset, live ones first, in the file's order. A list of numbers is one."""
    found: list[Setting] = []
    for section in ("train", "data", "network"):
        _collect(section, getattr(preset, section), RunConfig.model_fields[section], found)
    return sorted(found, key=lambda setting: not setting.live)


def _collect(
    key: str, value: Any, field: FieldInfo, found: list[Setting], name_of: FieldInfo | None = None
) -> None:
    """Add the settings at `key`; `name_of` is the field whose union a `name` selects from."""
    if isinstance(value, BaseModel):
        for name, inner in type(value).model_fields.items():
            union = field if name == "name" else None
            _collect(f"{key}.{name}", getattr(value, name), inner, found, union)
    elif isinstance(value, list) and any(tables_in(field.annotation)):
        for i, item in enumerate(value):
            _collect(f"{key}.{i}", item, field, found)
    else:
        found.append(Setting(key, value, _choices(field, name_of), is_live(key)))


def _choices(field: FieldInfo, name_of: FieldInfo | None) -> tuple[str, ...]:
    if name_of is not None:
        return tuple(kind for table in tables_in(name_of.annotation) for kind in names_of(table))
    if field.annotation is bool:
        return ("true", "false")
    if get_origin(field.annotation) is Literal:
        return tuple(str(choice) for choice in get_args(field.annotation))
    return ()
