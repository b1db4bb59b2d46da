"""Results of probes, and pending requests."""

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
"""The share of a run's time for probes that follow it.

With copies of the state and colder caches the cost is at most 5 % (tests/benchmarks/probes.py).
"""
LEAST_SECONDS = 0.5
"""The least time between two results of a probe that follows a run."""


_requests = itertools.count(1)
"""Request numbers, unique across runs."""


@dataclass(frozen=True)
class Place:
    """A state of the run. `stamp` differs if a setting or a record changed at the same position."""

    position: int
    branch: int
    stamp: int


@dataclass(frozen=True)
class Wish:
    """A probe that a tab wants, with options."""

    probe: str
    options: dict[str, Any] = field(default_factory=dict)

    def is_in(self, options: dict[str, Any]) -> bool:
        """Return whether `options` contain all options of the wish."""
        return all(option in options.items() for option in self.options.items())


@dataclass(frozen=True, eq=False)
class Found:
    """A result of a probe, with its place, options and request."""

    place: Place
    options: dict[str, Any]
    result: Any
    seconds: float
    request: int

    def is_of_now(self, place: Place, probe: str, *, running: bool) -> bool:
        """Return whether the result is of this place. While running, probes that follow the run count too."""
        return self.place == place or (running and PROBES[probe].cost_of(self.options) != "dear")

    def answers(self, wish: Wish, place: Place) -> bool:
        """Return whether the result satisfies a wish at this place."""
        return self.place == place and wish.is_in(self.options)


@dataclass(frozen=True)
class Pending:
    """An unanswered request. `share` is its progress from 0 to 1, None before it begins."""

    request: int
    place: Place
    options: dict[str, Any]
    share: float | None = None


class Probes:
    """For each probe: latest result, previous result, kept result, pending request, failure."""

    def __init__(self) -> None:
        self.found: dict[str, Found] = {}
        self.before: dict[str, Found] = {}
        """The latest result of another place than `found`."""
        self.reference: dict[str, Found] = {}
        """Results kept to compare with."""
        self.pending: dict[str, Pending] = {}
        self.failed: dict[str, str] = {}
        self.sharpness: dict[int, dict[int, CurvatureResult]] = {}
        """By branch and position: all curvature results."""
        self._asked: dict[str, tuple[Wish, Place]] = {}
        self._unanswered: dict[int, Pending] = {}
        self._due: dict[str, float] = {}
        """The time by `monotonic` when a probe may follow the run again."""

    def wants(self, wish: Wish, place: Place) -> bool:
        """Return whether to send a wish: it is not answered, not pending, and was not sent from here."""
        found, pending = self.found.get(wish.probe), self.pending.get(wish.probe)
        if found is not None and found.answers(wish, place):
            return False
        if pending is not None and pending.place == place and wish.is_in(pending.options):
            return False
        return self._asked.get(wish.probe) != (wish, place)

    def follows(self, wish: Wish) -> bool:
        """Return whether to send a wish while running: it is cheap and the last result is old enough."""
        if PROBES[wish.probe].cost_of(wish.options) == "dear" or wish.probe in self.pending:
            return False
        return monotonic() >= self._due.get(wish.probe, 0.0)

    def ask(self, wish: Wish, place: Place) -> int:
        """Record that a wish is sent. Returns the request's number."""
        pending = Pending(next(_requests), place, wish.options)
        self._asked[wish.probe] = (wish, place)
        self.pending[wish.probe] = self._unanswered[pending.request] = pending
        self.failed.pop(wish.probe, None)
        return pending.request

    def cancel(self, probe: str) -> None:
        """Stop waiting for a probe."""
        if self.pending.pop(probe, None) is not None:
            self.failed[probe] = "cancelled"

    def cancel_all(self) -> None:
        """Stop waiting for all probes: the engine has ended."""
        self.pending.clear()
        self._unanswered.clear()

    def keep(self, probes: Iterable[str], *, before: bool) -> None:
        """Keep the latest results of these probes, or the previous ones, to compare with later ones."""
        source = self.before if before else self.found
        self.drop(probes)
        self.reference |= {probe: source[probe] for probe in probes if probe in source}

    def drop(self, probes: Iterable[str]) -> None:
        """Remove the kept results of these probes."""
        for probe in probes:
            self.reference.pop(probe, None)

    def take(self, event: Probed | Probing | ProbeFailed) -> None:
        """Take an answer of the engine. Answers to requests of another run are ignored."""
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
        """Take a result as the latest, or as the previous one if a later request was answered first."""
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
