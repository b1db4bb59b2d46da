"""The time line in one row: the run's position, changes, stops, forks and saved states."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widgets import Static

HERE, CHANGE, STOP, FORK, SAVED, LINE = "●", "◆", "■", "┬", "╵", "─"
STYLES = {
    HERE: "bold $primary",
    CHANGE: "$accent",
    STOP: "$error",
    FORK: "$warning",
    SAVED: "$muted",
    LINE: "$border-blurred",
}
RANK = (LINE, SAVED, FORK, STOP, CHANGE, HERE)
"""Signs in ascending precedence: a cell shows the last one."""


class TimeStrip(Static):
    """The positions of a branch, from 0 to the last, over the whole width."""

    def __init__(self) -> None:
        super().__init__(id="time-strip", markup=False)
        self._last = 0
        self._signs: list[tuple[str, tuple[int, ...]]] = []
        self._shown: tuple[str, ...] = ()

    def tell(
        self,
        position: int,
        last: int,
        *,
        changes: Iterable[int] = (),
        stops: Iterable[int] = (),
        forks: Iterable[int] = (),
        saved: Iterable[int] = (),
    ) -> None:
        """Show these positions of a branch that ends at `last`."""
        self._last = last
        self._signs = [
            (SAVED, tuple(saved)),
            (FORK, tuple(forks)),
            (STOP, tuple(stops)),
            (CHANGE, tuple(changes)),
            (HERE, (position,)),
        ]
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width, last = max(self.content_size.width, 10), self._last
        cells = [LINE] * width
        for sign, positions in self._signs:
            for at in positions:
                if 0 <= at <= last:
                    cell = at * (width - 1) // last if last else 0
                    cells[cell] = max(cells[cell], sign, key=RANK.index)
        if (shown := (*cells,)) != self._shown:
            self._shown = shown
            self.update(Content.assemble(*((cell, STYLES[cell]) for cell in cells)), layout=False)
