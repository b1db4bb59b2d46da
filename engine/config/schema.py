"""Which tables an annotation of the config's models allows: what is met on the way through a file."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Tables = list[type[BaseModel]]


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables that an annotation allows, inside lists and unions too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, list, Annotated):
        for argument in get_args(annotation):
            yield from tables_in(argument)


def names_of(table: type[BaseModel]) -> tuple[str, ...]:
    """What a table may have as its `name`, by which a union is chosen from; () for one in no union."""
    field = table.model_fields.get("name")
    return get_args(field.annotation) if field else ()


def named(among: Tables, name: object) -> Tables:
    """The tables that go by this name; all of them where none does."""
    return [table for table in among if name in names_of(table)] or among


def settings_in(among: Tables, given: Any = None) -> Iterator[str]:
    """The dotted keys that can be set in a table and in those inside of it, in a list's first.

    `given` is what the file has there. A table of several kinds has keys only where its `name` is given.
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
    """The keys that one of these tables has, sorted."""
    return sorted({key for table in among for key in table.model_fields})
