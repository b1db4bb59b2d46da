"""The history of a branch: its records as rows of one array."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.records.missing import MISSING, is_missing
from gradstep.engine.records.quantity_columns import QuantityColumns
from gradstep.engine.records.record import COLUMNS, FIELDS, Record

_INDEX = {name: i for i, name in enumerate(COLUMNS)}


class History:
    """The records of a branch from position 0 on: 112 bytes a record, grown by a quarter at a time.

    A child history holds its own rows from position `inherited` on; earlier rows are the parent's.
    `measured` holds quantities, which are read by name as fields are.
    """

    def __init__(self, batches: int, parent: History | None = None, inherited: int = 0) -> None:
        self.batches = batches
        self._parent = parent
        self._inherited = inherited
        self._rows = np.empty((64, len(COLUMNS)))
        self._own = 0
        self._clean = inherited
        self._put: list[tuple[str, int]] = []
        self._rounding = 0.0
        self.measured = QuantityColumns(inherited)

    def __len__(self) -> int:
        return self._inherited + self._own

    @property
    def rounding(self) -> float:
        """The rounding error of a recorded sum as a share of it; 0 if unknown."""
        return self._parent.rounding if self._parent is not None else self._rounding

    @rounding.setter
    def rounding(self, share: float) -> None:
        self._rounding = share

    @property
    def inherited(self) -> int:
        """The first position recorded here; earlier ones are the parent's."""
        return self._inherited

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a copy of a field or a measured quantity over all positions; missing values are NaN.

        Raises KeyError for another name.
        """
        if name not in FIELDS and not self._was_measured(name):
            raise KeyError(name)
        return self.column(name).copy()

    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Return a field or quantity over positions [first, last); missing values are `MISSING`.

        May be a view: invalid after the next append.
        """
        last = len(self) if last is None else min(last, len(self))
        if name in ("step", "epoch"):
            steps = np.arange(first, last)
            return steps if name == "step" else steps // self.batches
        if name not in _INDEX:
            return self._measured_column(name, first, last)
        index = _INDEX[name]
        split = self._inherited
        own = self._rows[max(0, first - split) : max(0, last - split), index]
        if self._parent is None or first >= split:
            return own
        return np.concatenate((self._parent.column(name, first, min(last, split)), own))

    def value(self, name: str, position: int) -> float:
        """Return a field or quantity at a recorded position; `MISSING` if it has no value there."""
        if name == "step":
            return float(position)
        if name == "epoch":
            return float(position // self.batches)
        if position < self._inherited and self._parent is not None:
            return self._parent.value(name, position)
        index = _INDEX.get(name)
        if index is None:
            return self.measured.value(name, position)
        return self._rows.item(position - self._inherited, index)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the quantities measured here or on the parents."""
        before = self._parent.quantities if self._parent is not None else ()
        return tuple(dict.fromkeys((*before, *self.measured.names)))

    def record(self, position: int) -> Record:
        """Return a position's record; -1 is the last one. Raises IndexError beyond either end."""
        if position < 0:
            position += len(self)
        if not 0 <= position < len(self):
            raise IndexError(f"no record of position {position}; there are {len(self)}")
        if position < self._inherited and self._parent is not None:
            return self._parent.record(position)
        row = self._rows[position - self._inherited]
        nulls = is_missing(row)
        values: dict[str, Any] = {
            name: None if null else value
            for name, value, null in zip(COLUMNS, row.tolist(), nulls, strict=True)
        }
        if values["mistakes"] is not None:
            values["mistakes"] = int(values["mistakes"])
        return Record(step=position, epoch=position // self.batches, **values)

    def records(self, first: int = 0, last: int | None = None) -> Iterator[Record]:
        for position in range(first, len(self) if last is None else last):
            yield self.record(position)

    def append(self, row: Sequence[float]) -> None:
        """Add the row of the next position: a number for each of `COLUMNS`."""
        if self._own == len(self._rows):
            self._grow(self._own + 1)
        self._rows[self._own] = row
        self._own += 1

    def extend(self, rows: NDArray[np.float64]) -> None:
        """Add rows of shape (positions, len(COLUMNS))."""
        self._grow(self._own + len(rows))
        self._rows[self._own : self._own + len(rows)] = rows
        self._own += len(rows)

    def put(self, position: int, name: str, value: float | None) -> None:
        """Set a field of a position recorded here, not inherited; None for no value. Raises IndexError."""
        if not self._inherited <= position < len(self):
            raise IndexError(f"no record of position {position} here")
        self._rows[position - self._inherited, _INDEX[name]] = MISSING if value is None else value
        self._clean = min(self._clean, position)
        self._put.append((name, position))

    def puts(self) -> tuple[int, ...]:
        """Return the counts of values put so far, on the parents and here, for `first_put_since`."""
        before = self._parent.puts() if self._parent is not None else ()
        return (*before, len(self._put), len(self.measured))

    def first_put_since(self, puts: tuple[int, ...], names: Collection[str]) -> int:
        """Return the first position of the names' values put since `puts()` was this; the length for none."""
        *before, fields, values = puts
        found = [position for name, position in self._put[fields:] if name in names]
        if (measured := self.measured.first_put_since(values, names)) is not None:
            found.append(measured)
        if self._parent is not None:
            position = self._parent.first_put_since(tuple(before), names)
            found += [position] if position < self._inherited else []
        return min(found, default=len(self))

    def rows(self, first: int = 0, last: int | None = None) -> NDArray[np.float64]:
        """Return a copy of the rows of positions [first, last), of shape (positions, len(COLUMNS))."""
        last = len(self) if last is None else min(last, len(self))
        split = self._inherited
        own = self._rows[max(0, first - split) : max(0, last - split)]
        if self._parent is None or first >= split:
            return own.copy()
        return np.concatenate((self._parent.rows(first, min(last, split)), own))

    def unsaved(self) -> int:
        """Return the first position that was added or changed since `mark_saved`."""
        return self._clean

    def mark_saved(self) -> None:
        self._clean = len(self)

    def truncate(self, count: int) -> None:
        """Drop this history's own records from position `count` on."""
        self._own = max(0, min(self._own, count - self._inherited))
        self._clean = min(self._clean, len(self))

    def _was_measured(self, name: str) -> bool:
        return name in self.measured or (self._parent is not None and self._parent._was_measured(name))

    def _measured_column(self, name: str, first: int, last: int) -> NDArray[np.float64]:
        split = self._inherited
        if self._parent is None or first >= split:
            return self.measured.column(name, first, last)
        before = self._parent._measured_column(name, first, min(last, split))
        return np.concatenate((before, self.measured.column(name, split, last)))

    def _grow(self, needed: int) -> None:
        if needed > len(self._rows):
            grown = np.empty((max(needed, len(self._rows) * 5 // 4), len(COLUMNS)))
            grown[: self._own] = self._rows[: self._own]
            self._rows = grown
