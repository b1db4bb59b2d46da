"""Scrolling containers and lists that leave the keys →, ← and `end` to the run."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.widgets import OptionList

from gradstep.tui.actions import bindings

PAGES = ("page_up", "page_down")
"""Textual's actions that scroll by a page."""


class Scroll(ScrollableContainer, inherit_bindings=False):
    """A container that scrolls up and down."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("text")]


class Choices(OptionList, inherit_bindings=False):
    """A list to choose from."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is possible now."""
        if action in PAGES and not has_pages(self):
            return False
        return super().check_action(action, parameters)


def has_pages(options: OptionList) -> bool:
    """Return whether a list is laid out. Before that, Textual's `PAGES` actions fail."""
    return bool(options.scrollable_content_region)
