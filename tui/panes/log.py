"""The tab of the log: changes, warnings, and messages of the engine."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from gradstep.tui.state.log import LogLine
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.scroll import Scroll

STYLES = {"info": "$foreground", "warning": "$warning", "error": "$error"}
INDENT = " " * 12
SIGNS = {"info": "·", "warning": "⚠", "error": "✗"}


class LogPane(Scroll, can_focus=True):
    """The log's lines with their positions, scrolled to the newest."""

    CARES = Topic.LOG

    def __init__(self) -> None:
        super().__init__(id="log")
        self._lines = Static()
        self._log: Sequence[LogLine] = ()

    def compose(self) -> ComposeResult:
        yield self._lines

    def show(self, state: RunState, _topics: Topic) -> None:
        self._log = state.log
        self._write()

    def on_resize(self) -> None:
        self._write()

    def on_show(self) -> None:
        self.scroll_end(animate=False)

    def _write(self) -> None:
        width = max(self.content_size.width - len(INDENT), 20)
        lines = []
        for line in self._log:
            style = STYLES[line.level]
            first, *rest = [
                part for said in line.text.splitlines() for part in textwrap.wrap(said, width) or [""]
            ] or [""]
            lines.append(
                Content.assemble(
                    (f"{line.position:>9,} ", "$muted"), (f"{SIGNS[line.level]} ", style), (first, style)
                )
            )
            lines += [Content.styled(INDENT + more, style) for more in rest]
        self._lines.update(Content("\n").join(lines))
        self.call_after_refresh(self.scroll_end, animate=False)
