"""A row of tab names, one line high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static


@dataclass(frozen=True)
class Tab:
    """A tab: the id of what it shows, its name, and the key that leads there, if one does."""

    shows: str
    label: str
    key: str = ""


class TabStrip(Static):
    """Names of tabs, the chosen one set off; a click chooses. It takes no focus: keys are its owner's."""

    chosen: reactive[str] = reactive("")

    @dataclass
    class Chosen(Message):
        """A tab was clicked."""

        strip: TabStrip
        shows: str

        @property
        def control(self) -> TabStrip:
            return self.strip

    def __init__(self, tabs: Sequence[Tab], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.tabs = tuple(tabs)
        self.set_reactive(TabStrip.chosen, tabs[0].shows)

    def on_mount(self) -> None:
        self._show()

    def watch_chosen(self) -> None:
        self._show()

    def neighbour(self, distance: int) -> str:
        """What the tab so many places to the right shows, going round."""
        at = [tab.shows for tab in self.tabs].index(self.chosen)
        return self.tabs[(at + distance) % len(self.tabs)].shows

    def _show(self) -> None:
        parts: list[tuple[str, str]] = []
        for tab in self.tabs:
            if tab.shows == self.chosen:
                parts.append((_name(tab), "bold $background on $primary"))
            else:
                parts.append((_name(tab), "$muted"))
        self.update(Content.assemble(*parts), layout=False)

    def on_click(self, event: Click) -> None:
        """Choose the tab under the pointer."""
        right = 0
        for tab in self.tabs:
            right += len(_name(tab))
            if event.x < right:
                self.post_message(self.Chosen(self, tab.shows))
                return


def _name(tab: Tab) -> str:
    return f" {tab.key} {tab.label} " if tab.key else f" {tab.label} "
