"""The link to the engine: commands go out, events come in, and an answer that is late is noticed."""

from __future__ import annotations

from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from textual.message import Message

from gradstep.engine.worker.commands import Command
from gradstep.engine.worker.events import Event, Saved

PATIENCE_SECONDS = 0.4
"""The wait for an answer before the screen says that the engine is computing."""

After = Callable[[float, Callable[[], object]], TimerHandle]
"""Calls a function after a number of seconds; the handle cancels it."""


class Engine(Protocol):
    """The methods of the engine's client that the explorer calls."""

    def start(self) -> None: ...
    def send(self, command: Command) -> None: ...
    def close(self) -> None: ...


class EngineEvents(Message):
    """There are events to be taken from the link."""

    def can_replace(self, message: Message) -> bool:
        """Return true for another one: one such message in the queue is enough."""
        return isinstance(message, EngineEvents)


class Link:
    """The engine's client with an inbox of its events.

    `post` hands a message to the screen's thread. `late` is called when a command is not answered in time.
    """

    def __init__(
        self,
        connect: Callable[[Callable[[Event], None]], Engine],
        post: Callable[[Message], object],
        after: After,
        late: Callable[[], object],
    ) -> None:
        self._inbox: deque[Event] = deque()
        self._post = post
        self._after = after
        self._late = late
        self._listening = False
        self._patience: TimerHandle | None = None
        self._engine = connect(self._on_event)
        self.start = self._engine.start
        self.close = self._engine.close

    def _on_event(self, event: Event) -> None:
        """Keep an event for the screen's thread; called on the client's thread."""
        self._inbox.append(event)
        if self._listening:
            self._post(EngineEvents())

    @property
    def waiting(self) -> bool:
        """Whether events wait to be taken."""
        return bool(self._inbox)

    def listen(self, listening: bool) -> None:
        """Begin, or end, to post `EngineEvents`; events are kept all the same."""
        self._listening = listening

    def events(self) -> Iterator[Event]:
        """Take the events that have come."""
        while self._inbox:
            yield self._inbox.popleft()

    def saved(self) -> Saved | None:
        """Return the last word about the session file that was not taken yet."""
        return next((event for event in reversed(self._inbox) if isinstance(event, Saved)), None)

    def send(self, command: Command) -> None:
        """Send a command to the run, and begin to wait for its answer."""
        self._engine.send(command)
        self.answered()
        if self._listening:
            self._patience = self._after(PATIENCE_SECONDS, self._lose_patience)

    def send_aside(self, command: Command) -> None:
        """Send a command that the run does not wait for: of a probe or a sweep."""
        self._engine.send(command)

    def answered(self) -> None:
        """End the wait for an answer."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        if self._patience is not None:  # else the answer came while this was on its way
            self._patience = None
            self._late()
