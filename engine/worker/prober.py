"""Computes probes on a thread beside the run: asking for one never blocks stepping."""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable

from engine import probes
from engine.errors import UserError
from engine.probes.subject import Subject
from engine.worker.messages import Event, Probe, Probed, ProbeFailed, Probing

TELL_SECONDS = 0.25


class Prober:
    """One probe at a time. A newer request of the same probe takes the place of one that still waits, and
    cancels one that is being computed; a subject is a copy, so the run may go on meanwhile."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._waiting: OrderedDict[str, tuple[Probe, Subject, int]] = OrderedDict()
        self._changed = threading.Condition()
        self._current: str | None = None
        self._cancelled = False
        threading.Thread(target=self._work, name="prober", daemon=True).start()

    def ask(self, request: Probe, subject: Subject, branch: int) -> None:
        """Have a probe computed."""
        with self._changed:
            self._waiting[request.name] = (request, subject, branch)
            self._cancelled |= self._current == request.name
            self._changed.notify()

    def cancel(self, name: str) -> None:
        """Give up a probe that waits or is being computed."""
        with self._changed:
            self._waiting.pop(name, None)
            self._cancelled |= self._current == name

    def cancel_all(self) -> None:
        """Give up everything: the run that it is about has ended."""
        with self._changed:
            self._waiting.clear()
            self._cancelled = True

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                name, (request, subject, branch) = self._waiting.popitem(last=False)
                self._current, self._cancelled = name, False
            started = time.perf_counter()
            try:
                result = probes.run(name, subject, self._progress(name), **request.options)
                self._tell(Probed(name, subject.position, branch, result, time.perf_counter() - started))
            except UserError as error:
                self._tell(ProbeFailed(name, str(error)))
            except Exception as error:
                traceback.print_exc()
                self._tell(ProbeFailed(name, f"{type(error).__name__}: {error}"))
            self._current = None

    def _progress(self, name: str) -> Callable[[float], bool]:
        told = time.monotonic()

        def progress(share: float) -> bool:
            nonlocal told
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                self._tell(Probing(name, share))
            return not self._cancelled

        return progress

    def _tell(self, event: Event) -> None:
        try:
            self._send(event)
        except OSError:
            self._cancelled = True  # nobody is there to tell; the host will end
