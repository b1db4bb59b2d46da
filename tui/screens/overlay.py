"""A base class of all dialogs: they close once, and draw the screen behind them at little cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.geometry import Region
from textual.strip import Strip

from gradstep.tui.wire.textual_private import Steady, drawn_lines

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object  # a second base that is a screen would hide the first one's style


class Overlay(Steady, _Screen):
    """A base class to name before Textual's screen, which needs a transparent background."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close the dialog if it is on top.

        Textual's method closes whatever is on top: a second key, typed ahead, would close the screen below.
        """
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of the screen behind, without Textual's tinting of each of their segments."""
        stack = self.app.screen_stack
        if self not in stack[1:]:
            return super().render_lines(crop)
        behind = stack[stack.index(self) - 1]
        return [line.crop_extend(crop.x, crop.right, self.rich_style) for line in drawn_lines(behind, crop)]
