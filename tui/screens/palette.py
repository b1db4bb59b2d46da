"""The command palette: what can be done now, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType
from textual.widgets import Input, OptionList

from gradstep.tui import text
from gradstep.tui.actions import ACTIONS, SWEEP, Action
from gradstep.tui.panes.model import ModelPane
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.widgets.scroll import PAGES, has_pages

if TYPE_CHECKING:
    from gradstep.tui.screens.explorer import ExplorerScreen

WIDTH, SHARE = 76, 0.96
"""Columns of the palette, and its largest share of the terminal, as in app.tcss."""
MARGIN = 6
"""Columns beside the entries: blanks and the scroll bar."""


class Palette(Overlay, CommandPalette):
    """The palette, its cursor standing still: a blinking one sends bytes while nothing happens."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__([Actions], id=id)

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether a key does something now."""
        if action == "command_list" and parameters[0] in PAGES:
            return has_pages(self.query_one(OptionList))
        return super().check_action(action, parameters)


class Entry(NamedTuple):
    """A line of the palette; a search finds it by its words, its key, and more words."""

    says: str
    key: str
    more: str
    do: IgnoreReturnCallbackType


class Actions(Provider):
    """The actions of the table that are possible now, then the presets."""

    async def discover(self) -> Hits:
        for entry in self._entries():
            yield DiscoveryHit(self._line(Content(entry.says), entry.key), entry.do, text=entry.says)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self._entries():
            score = max(map(matcher.match, (entry.says, entry.key, entry.more)))
            if score > 0:
                line = self._line(matcher.highlight(entry.says), entry.key)
                yield Hit(score, line, entry.do, text=entry.says)

    def _line(self, says: Content, key: str) -> Content:
        """Lay out an entry: its words at the left, its key at the right."""
        room = min(WIDTH, int(SHARE * self.app.size.width)) - MARGIN
        words = says.truncate(room - len(key) - bool(key), ellipsis=True)
        return Content.assemble(words, " " * (room - len(words) - len(key)), (key, "bold $primary"))

    def _entries(self) -> Iterator[Entry]:
        explorer = cast("ExplorerScreen", self.app.screen_stack[0])
        actions = [action for action in ACTIONS.values() if action.group.offered]
        if self.screen is not explorer:
            actions.sort(key=lambda action: action.group is not SWEEP)
        else:
            actions = [action for action in actions if action.group is not SWEEP]
        for action in actions:
            if action.why_not(explorer.state) is None:
                says = action.now(explorer.state) if action.now is not None else action.says
                says = f"{action.group.name}: {says}" if action.group.name else says
                yield Entry(says, action.key_names, action.label, self._do(action, explorer))
        for preset in explorer.presets:
            says = f"Open {text.plain(preset.name)}: {text.plain(preset.title)}"
            yield Entry(says, "", "preset", partial(explorer.post_message, ModelPane.Chosen(preset)))

    def _do(self, action: Action, explorer: ExplorerScreen) -> IgnoreReturnCallbackType:
        if action.group is SWEEP:
            return partial(self.app.run_action, action.runs, self.screen)
        return partial(explorer.perform, action)
