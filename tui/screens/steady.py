"""A screen that is laid out when its size changes, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object  # a second base that is a screen would hide the first one's style


class Steady(_Screen):
    """Put before a screen's own class. Textual lays a screen out a second time when it first gets its size,
    and with each dialog that opens above it once more."""

    def _screen_resized(self, size: Size) -> None:
        if size != self._compositor.size:
            super()._screen_resized(size)
