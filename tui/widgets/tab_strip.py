"""A row of tab names, one line high."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static


@dataclass(frozen=True)
class Tab:
    """A tab: the id of its pane, its name, its key if it has one, and a shorter name."""

    shows: str
    label: str
    key: str = ""
    short: str = ""


class TabStrip(Static):
    """The names of tabs. A click chooses a tab; the owner handles keys, so the strip takes no focus.

    It replaces Textual's Tabs, which take two lines and send bytes for their animation.
    """

    chosen: reactive[str] = reactive("")

    @dataclass
    class Chosen(Message):
        """The user clicked a tab."""

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
        """Return the id of the pane `distance` tabs to the right, cyclically."""
        at = [tab.shows for tab in self.tabs].index(self.chosen)
        return self.tabs[(at + distance) % len(self.tabs)].shows

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        parts: list[tuple[str, str]] = []
        for tab, name in zip(self.tabs, self._names(), strict=True):
            if tab.shows == self.chosen:
                parts.append((name, "bold $background on $primary"))
            else:
                parts.append((name, "$muted"))
        self.update(Content.assemble(*parts), layout=False)

    def _names(self) -> list[str]:
        """Return the longest names that fit."""
        wide, *narrower = _lengths(self.tabs)
        room = self.container_size.width
        return next(
            (names for names in (wide, *narrower) if not room or sum(map(len, names)) <= room), narrower[-1]
        )

    def on_click(self, event: Click) -> None:
        """Choose the tab under the pointer."""
        right = 0
        for tab, name in zip(self.tabs, self._names(), strict=True):
            right += len(name)
            if event.x < right:
                self.post_message(self.Chosen(self, tab.shows))
                return


def _lengths(tabs: Sequence[Tab]) -> Iterator[list[str]]:
    """Yield the names at all lengths, the longest first: whole, short, closer, without keys."""
    for short, gap, keys in (
        (False, " ", True),
        (True, " ", True),
        (True, "", True),
        (True, " ", False),
        (True, "", False),
    ):
        yield [_name(tab, short, gap, keys) for tab in tabs]


def _name(tab: Tab, short: bool, gap: str, keys: bool) -> str:
    label = tab.short if short and tab.short else tab.label
    return f" {tab.key} {label}{gap}" if tab.key and keys else f" {label}{gap}"
