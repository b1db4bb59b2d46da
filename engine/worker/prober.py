"""Probes computed on threads beside the run, so that none blocks stepping."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from gradstep.engine.errors import UserError, explain
from gradstep.engine.probes import registry as probes
from gradstep.engine.probes.subject import Subject
from gradstep.engine.worker.commands import (
    Probe,
)
from gradstep.engine.worker.events import (
    Event,
    Probed,
    ProbeFailed,
    Probing,
)

TELL_SECONDS = 0.25
"""Seconds between two reports of a probe's progress."""


class Prober:
    """Two threads, so that cheap probes do not wait for dear ones. Probes get copies: the run goes on."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._cheap = Lane("cheap probes", send)
        self._dear = Lane("dear probes", send)

    def ask(self, request: Probe, subject: Subject, branch: int, copying: float) -> None:
        """Queue a probe of a subject. `copying` is the time spent on the copy, in seconds."""
        cheap = probes.find(request.name).cost_of(request.options) != "dear"
        (self._cheap if cheap else self._dear).ask(Task(request, subject, branch, copying))

    def cancel(self, name: str) -> None:
        """Cancel a probe, pending or running."""
        for lane in (self._cheap, self._dear):
            lane.cancel(name)

    def cancel_all(self) -> None:
        """Cancel all probes: their run has ended."""
        for lane in (self._cheap, self._dear):
            lane.cancel()


class Task(NamedTuple):
    """A request and its subject."""

    request: Probe
    subject: Subject
    branch: int
    copying: float


class Lane:
    """A thread that computes one probe at a time.

    A newer request for the same probe replaces the pending one, and cancels the running one.
    """

    def __init__(self, name: str, send: Callable[[Event], None]) -> None:
        self._send = send
        self._waiting: OrderedDict[str, Task] = OrderedDict()
        self._changed = threading.Condition()
        self._current: str | None = None
        self._cancelled = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def ask(self, task: Task) -> None:
        with self._changed:
            replaced = self._waiting.get(task.request.name)
            self._waiting[task.request.name] = task
            self._cancelled |= self._current == task.request.name
            self._changed.notify()
        if replaced is not None:
            self._tell(_failed(replaced.request, "replaced by a newer request"))

    def cancel(self, name: str | None = None) -> None:
        """Cancel one probe, or all."""
        with self._changed:
            given_up = [task for task in self._waiting.values() if name in (None, task.request.name)]
            for task in given_up:
                del self._waiting[task.request.name]
            self._cancelled |= name in (None, self._current)
        for task in given_up:
            self._tell(_failed(task.request, "cancelled"))

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                name, task = self._waiting.popitem(last=False)
                self._current, self._cancelled = name, False
            try:
                self._tell(self._computed(task))
            except Exception as error:  # a result that can't be sent
                self._tell(_failed(task.request, explain(error)))
            with self._changed:
                self._current = None

    def _computed(self, task: Task) -> Probed | ProbeFailed:
        request, subject = task.request, task.subject
        started = time.perf_counter()
        try:
            result = probes.run(request.name, subject, self._progress(request), **request.options)
        except UserError as error:
            return _failed(request, str(error))
        except Exception as error:
            return _failed(request, explain(error))
        seconds = task.copying + time.perf_counter() - started
        return Probed(request.name, subject.position, task.branch, result, seconds, request.request)

    def _progress(self, request: Probe) -> Callable[[float], bool]:
        told = time.monotonic()

        def progress(share: float) -> bool:
            nonlocal told
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                self._tell(Probing(request.name, share, request.request))
            return not self._cancelled

        return progress

    def _tell(self, event: Event) -> None:
        try:
            self._send(event)
        except OSError:
            self._cancelled = True  # the front end is gone; the host will end


def _failed(request: Probe, text: str) -> ProbeFailed:
    return ProbeFailed(request.name, text, request.request)
