"""Automatic saving, with one message when it fails and one when it works again."""

from __future__ import annotations

import time
from collections.abc import Callable

from gradstep.engine.session.file import StoreError
from gradstep.engine.session.folder import new_session_path
from gradstep.engine.session.session import Session
from gradstep.engine.worker.events import (
    Event,
    Saved,
)

FLUSH_SECONDS = 0.5
"""Seconds between two writes of a running run."""


class AutoSave:
    """Saves a session from its first step on. After a failure the run goes on, and saving is tried again."""

    def __init__(self, session: Session, send: Callable[[Event], None], *, wanted: bool) -> None:
        self._session = session
        self._send = send
        self._wanted = wanted or session.path is not None
        self._told: Saved | None = None
        self._next = 0.0

    def now_and_then(self) -> None:
        """Save, at most every `FLUSH_SECONDS`."""
        if time.monotonic() >= self._next:
            self.now()

    def now(self) -> None:
        """Write unsaved changes to the file, which is made after the first step."""
        session = self._session
        if not self._wanted or (session.path is None and len(session.history) < 2):
            return
        try:
            if session.path is None:
                session.save(new_session_path(session.preset.name))
            else:
                session.flush()
        except StoreError as error:
            self.tell(str(error))
        else:
            self.tell()
        self._next = time.monotonic() + FLUSH_SECONDS

    def tell(self, problem: str | None = None) -> None:
        """Send the front end the file, or why the run is not saved, unless it was sent already."""
        told = Saved(self._session.path, problem)
        if told != self._told:
            self._told = told
            self._send(told)
