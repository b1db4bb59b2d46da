"""A queue of keys that are typed faster than they are handled, as over a slow line."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from textual import events
from textual.app import App
from textual.screen import Screen

PATIENCE_SECONDS = 0.5
"""The longest time that a key may hold up later keys."""


class TypeAhead(App[int]):
    """An app that hands out a key only after the previous key is handled.

    Textual sends each key at once to the focused widget, and from there up to the app. A later key could
    overtake it, and a dialog would still get the keys typed after it was closed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._asked: Screen[Any] | None = None
        """The screen that got the last key."""
        self._asked_at = 0.0
        self.patience_seconds = PATIENCE_SECONDS

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            if len(self._typed) == 1:
                await self._hand_out()
        else:
            await super().on_event(event)

    async def _hand_out(self) -> None:
        """Hand out the first key, or try again after other tasks."""
        if self._answering():
            await asyncio.sleep(0)
        else:
            self._asked, self._asked_at = self.screen, time.monotonic()
            await super().on_event(self._typed[0])
            self._typed.popleft()
        if self._typed:
            self.call_later(self._hand_out)

    def _answering(self) -> bool:
        """Return whether the screen of the last key, or the current one, still has messages to handle."""
        if time.monotonic() - self._asked_at > self.patience_seconds:
            return False
        screens = {self.screen, self._asked or self.screen}
        nodes = (node for screen in screens for node in screen.walk_children(with_self=True))
        return any(pump.message_queue_size for pump in (self, *nodes))
