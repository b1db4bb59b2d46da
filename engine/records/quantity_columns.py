"""Measured values of quantities on a branch: a column each, with gaps."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.records.missing import MISSING, is_missing_number

QuantityValues = tuple[str, NDArray[np.int64], NDArray[np.float64]]
"""A quantity's name, positions and its values there."""


class QuantityColumns:
    """Measured values by name and position, from `first` on. A later value overwrites an earlier one.

    Every value put is counted, so that a reader can ask for the new ones: `since`.
    """

    def __init__(self, first: int) -> None:
        self._first = first
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._names: list[str] = []
        self._put_names = array("H")
        self._put_positions = array("q")

    def __len__(self) -> int:
        """Return how many values were put."""
        return len(self._put_positions)

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    @property
    def names(self) -> tuple[str, ...]:
        """The measured names, in the order of their first values."""
        return tuple(self._names)

    def put(self, name: str, position: int, value: float) -> None:
        """Set the value at a position. Raises IndexError before the first one."""
        at = position - self._first
        if at < 0:
            raise IndexError(f"position {position} lies before {self._first}")
        column = self._columns.get(name)
        if column is None:
            self._names.append(name)
            column = np.empty(0)
        if at >= len(column):
            grown = np.full(max(64, at + 1, len(column) * 5 // 4), MISSING)
            grown[: len(column)] = column
            column = grown
        self._columns[name] = column
        column[at] = value
        self._put_names.append(self._names.index(name))
        self._put_positions.append(position)

    def take(self, other: QuantityColumns, position: int) -> None:
        """Copy the values that another branch has at a position."""
        for name in other.names:
            if not is_missing_number(value := other.value(name, position)):
                self.put(name, position, value)

    def value(self, name: str, position: int) -> float:
        """Return the value at a position; `MISSING` if there is none."""
        column, at = self._columns.get(name), position - self._first
        return MISSING if column is None or not 0 <= at < len(column) else column.item(at)

    def column(self, name: str, first: int, last: int) -> NDArray[np.float64]:
        """Return the values over positions [first, last), with `MISSING` in the gaps."""
        found = np.full(max(0, last - first), MISSING)
        column = self._columns.get(name)
        if column is not None:
            start = max(first, self._first)
            part = column[start - self._first : max(start, last) - self._first]
            found[start - first : start - first + len(part)] = part
        return found

    def first_put_since(self, count: int, names: Collection[str]) -> int | None:
        """Return the first position of the names' values put after the first `count`; None for none."""
        wanted = {number for number, name in enumerate(self._names) if name in names}
        put = zip(self._put_names[count:], self._put_positions[count:], strict=True)
        return min((position for number, position in put if number in wanted), default=None)

    def since(self, count: int) -> Iterator[QuantityValues]:
        """Yield the values put after the first `count`, name by name."""
        # copies: an array whose memory is in use can't be resized
        numbers = np.frombuffer(self._put_names[count:], np.uint16)
        positions = np.frombuffer(self._put_positions[count:], np.int64)
        for number, name in enumerate(self._names):
            of = np.unique(positions[numbers == number])
            if len(of):
                yield name, of, self._columns[name][of - self._first]
