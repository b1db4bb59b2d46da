"""A screen that lays out once for each change of its size, and redraws after a quick scroll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object  # a second base that is a screen would hide the first one's style


class Steady(_Screen):
    """A base class to name before Textual's screen.

    Textual lays a screen out twice when it first gets its size, and again for each dialog above it.
    """

    _scrolled = False
    """Whether the last layout was Textual's quick one for scrolling."""

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        quick = scroll and not self._layout_widgets
        if self._scrolled and not quick:
            # Textual compares the layout with the one before the scrolling: a region that has moved there and
            # back would not be redrawn
            self._compositor._dirty_regions.add(self._compositor.size.region)
        self._scrolled = quick
        super()._refresh_layout(size, scroll)

    def _screen_resized(self, size: Size) -> None:
        if size != self._compositor.size:
            super()._screen_resized(size)
