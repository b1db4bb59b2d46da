"""Saves a session as it goes, and says so once when that fails or works again."""

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


class AutoSave:
    """A file is made once there is a step to save. A full disk does not stop the run: it is tried again."""

    def __init__(self, session: Session, send: Callable[[Event], None], *, wanted: bool) -> None:
        self._session = session
        self._send = send
        self._wanted = wanted or session.path is not None
        self._told: Saved | None = None
        self._next = 0.0

    def now_and_then(self) -> None:
        """Save, if the last time was long enough ago."""
        if time.monotonic() >= self._next:
            self.now()

    def now(self) -> None:
        """Save what is not yet in the file."""
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
        """Tell the front end where the run is saved, or why not, if it does not know."""
        told = Saved(self._session.path, problem)
        if told != self._told:
            self._told = told
            self._send(told)
