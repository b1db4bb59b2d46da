"""A pane that mounts its contents after the screen's first frame."""

from __future__ import annotations

from collections.abc import Iterator

from textual.containers import Vertical
from textual.widget import Widget


class LatePane(Vertical):
    """An empty frame until it is filled."""

    async def fill(self) -> None:
        """Mount the contents."""
        await self.mount_all(self.contents())

    def contents(self) -> Iterator[Widget]:
        """Yield the widgets of the pane, from top to bottom."""
        yield from ()
