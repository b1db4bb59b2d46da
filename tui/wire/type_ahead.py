"""Keys that are typed faster than they are answered, as they come over a slow line: in a bunch."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

PATIENCE_SECONDS = 0.5
"""A key whose answer takes longer does not hold up the ones behind it."""


class TypeAhead(App[int]):
    """Hands out a key when the one before it has been answered.

    Textual sends each key at once to what has the focus, from where it goes up to the app: one behind it can
    get ahead, and one behind the key that closes a dialog still goes to the dialog.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._way: list[MessagePump] = []
        """What the last key that was handed out passes."""
        self._handed_out_at = 0.0

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            if len(self._typed) == 1:
                await self._hand_out()
        else:
            await super().on_event(event)

    async def _hand_out(self) -> None:
        """Hand out the first key, or try again when other tasks have had their turn."""
        if self._answering():
            await asyncio.sleep(0)
        else:
            key = self._typed[0]
            await super().on_event(key)
            self._typed.popleft()
            self._way = self._focused_way()
            self._handed_out_at = time.monotonic()
        if self._typed:
            self.call_later(self._hand_out)

    def _answering(self) -> bool:
        """Whether messages are under way where the last key passes, or where the next one will."""
        if time.monotonic() - self._handed_out_at > PATIENCE_SECONDS:
            return False
        return any(pump.message_queue_size for pump in (*self._way, *self._focused_way()))

    def _focused_way(self) -> list[MessagePump]:
        return [*(self.focused or self.screen).ancestors_with_self]
