"""The tables and keys that a preset's pydantic models allow at a place in a file."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Tables = list[type[BaseModel]]


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the tables that an annotation allows, inside lists and unions too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, list, Annotated):
        for argument in get_args(annotation):
            yield from tables_in(argument)


def names_of(table: type[BaseModel]) -> tuple[str, ...]:
    """Return the names that select a table from its union; () for a table in no union."""
    field = table.model_fields.get("name")
    return get_args(field.annotation) if field else ()


def named(among: Tables, name: object) -> Tables:
    """Return the tables of this name; all of them if there is none."""
    return [table for table in among if name in names_of(table)] or among


def settings_in(among: Tables, given: Any = None) -> Iterator[str]:
    """Yield the dotted keys of a table and of its inner tables. A list counts with its first entry.

    `given` is the file's value there. A table of several kinds has keys only if its `name` is given.
    """
    given = {"name": given} if isinstance(given, str) else given if isinstance(given, dict) else {}
    if len(among) > 1 and "name" not in given:
        return
    for table in named(among, given.get("name"))[:1]:
        for key, field in table.model_fields.items():
            inner, value, where = list(tables_in(field.annotation)), given.get(key), key
            if inner and get_origin(field.annotation) is list:
                if not isinstance(value, list) or not value:
                    continue
                value, where = value[0], f"{key}.0"
            if inner:
                yield from (f"{where}.{setting}" for setting in settings_in(inner, value))
            else:
                yield key


def keys_of(among: Iterable[type[BaseModel]]) -> list[str]:
    """Return the keys of all the tables, sorted."""
    return sorted({key for table in among for key in table.model_fields})
