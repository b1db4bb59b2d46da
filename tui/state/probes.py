"""What the probes have said of the run, and which of them are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from gradstep.engine.probes.registry import PROBES
from gradstep.engine.worker.events import (
    Probed,
    ProbeFailed,
    Probing,
)
from gradstep.tui import text

if TYPE_CHECKING:
    from gradstep.engine.probes.results import CurvatureResult

COMPUTED_SHARE = 0.03
"""What the probes that follow a run compute of its time, to cost it 5 % at most: they also copy its state and
use its caches (tests/benchmarks/probes.py)."""
LEAST_SECONDS = 0.5
"""So long a result is shown at least before a run's next one."""


_requests = itertools.count(1)
"""No two requests have the same number, nor those of two runs."""


@dataclass(frozen=True)
class Place:
    """A state of the run; `stamp` tells apart what the same position was before a setting changed there."""

    position: int
    branch: int
    stamp: int


@dataclass(frozen=True)
class Wish:
    """A probe that a tab would like to have computed."""

    probe: str
    options: dict[str, Any] = field(default_factory=dict)

    def is_in(self, options: dict[str, Any]) -> bool:
        """Whether what is computed with these options is at least what is wished for."""
        return all(option in options.items() for option in self.options.items())


@dataclass(frozen=True, eq=False)
class Found:
    """A probe's result, and what it is the result of."""

    place: Place
    options: dict[str, Any]
    result: Any
    seconds: float
    request: int

    def is_of_now(self, place: Place, probe: str, *, running: bool) -> bool:
        """Whether it is of this place, or, where the run goes on, one of those that follow it."""
        return self.place == place or (running and PROBES[probe].cost_of(self.options) != "dear")

    def answers(self, wish: Wish, place: Place) -> bool:
        """Whether it is what the wish asks for, at this place."""
        return self.place == place and wish.is_in(self.options)


@dataclass(frozen=True)
class Pending:
    """A probe that was asked for; `share` of it is done, None while it waits for its turn."""

    request: int
    place: Place
    options: dict[str, Any]
    share: float | None = None


class Probes:
    """The latest result of each probe and the one before it, those marked to compare with, and the asked."""

    def __init__(self) -> None:
        self.found: dict[str, Found] = {}
        self.before: dict[str, Found] = {}
        """The latest result of another place than `found`'s."""
        self.reference: dict[str, Found] = {}
        self.pending: dict[str, Pending] = {}
        self.failed: dict[str, str] = {}
        self.sharpness: dict[int, dict[int, CurvatureResult]] = {}
        """By branch and position: the curvature wherever it was asked for."""
        self._asked: dict[str, tuple[Wish, Place]] = {}
        self._unanswered: dict[int, Pending] = {}
        self._due: dict[str, float] = {}
        """When a probe may be computed again while the run goes on, by `time.monotonic`."""

    def wants(self, wish: Wish, place: Place) -> bool:
        """Whether a wish is still to be sent: not answered, not under way, not asked for before from here."""
        found, pending = self.found.get(wish.probe), self.pending.get(wish.probe)
        if found is not None and found.answers(wish, place):
            return False
        if pending is not None and pending.place == place and wish.is_in(pending.options):
            return False
        return self._asked.get(wish.probe) != (wish, place)

    def follows(self, wish: Wish) -> bool:
        """Whether a wish may be sent while the run goes on: it is cheap, and was not computed just now."""
        if PROBES[wish.probe].cost_of(wish.options) == "dear" or wish.probe in self.pending:
            return False
        return monotonic() >= self._due.get(wish.probe, 0.0)

    def ask(self, wish: Wish, place: Place) -> int:
        """A wish is on its way to the engine, as the request of the number returned."""
        pending = Pending(next(_requests), place, wish.options)
        self._asked[wish.probe] = (wish, place)
        self.pending[wish.probe] = self._unanswered[pending.request] = pending
        self.failed.pop(wish.probe, None)
        return pending.request

    def cancel(self, probe: str) -> None:
        """A probe is no longer waited for."""
        if self.pending.pop(probe, None) is not None:
            self.failed[probe] = "cancelled"

    def cancel_all(self) -> None:
        """Nothing is going to be answered."""
        self.pending.clear()
        self._unanswered.clear()

    def keep(self, probes: Iterable[str], *, before: bool) -> None:
        """Have the present results of these probes, or those before them, stand beside later ones."""
        source = self.before if before else self.found
        self.drop(probes)
        self.reference |= {probe: source[probe] for probe in probes if probe in source}

    def drop(self, probes: Iterable[str]) -> None:
        """Compare with nothing."""
        for probe in probes:
            self.reference.pop(probe, None)

    def take(self, event: Probed | Probing | ProbeFailed) -> None:
        """What the engine says of a request; of one of another run nothing is known here."""
        asked, pending = self._unanswered.get(event.request), self.pending.get(event.name)
        if asked is None:
            return
        latest = pending is not None and pending.request == event.request
        if isinstance(event, Probing):
            if latest:
                self.pending[event.name] = replace(asked, share=event.share)
            return
        del self._unanswered[event.request]
        if latest:
            del self.pending[event.name]
        if isinstance(event, Probed):
            self._found(event, asked)
        elif latest:
            self.failed[event.name] = text.plain(event.text)

    def _found(self, event: Probed, asked: Pending) -> None:
        """Take a result as the latest one, or as the one before where a later request was answered first."""
        place = Place(event.position, event.branch, asked.place.stamp)
        found = Found(place, asked.options, event.result, event.seconds, event.request)
        self._due[event.name] = monotonic() + max(event.seconds / COMPUTED_SHARE, LEAST_SECONDS)
        if event.name == "curvature":
            self.sharpness.setdefault(event.branch, {})[event.position] = event.result
        last = self.found.get(event.name)
        if last is not None and last.request > found.request:
            self.before[event.name] = found
            return
        self.failed.pop(event.name, None)
        if last is not None and last.place != place:
            self.before[event.name] = last
        self.found[event.name] = found
