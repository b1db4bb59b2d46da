"""What the probes have said of the run, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from engine.probes.results import CurvatureResult
from engine.worker.messages import Probed, ProbeFailed, Probing
from tui import text

CANCELLED = "the probe was cancelled"
"""What the engine says of a probe that was cancelled, also of one that a newer request has replaced."""


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

    def answers(self, wish: Wish, place: Place) -> bool:
        """Whether it is what the wish asks for, at this place."""
        return self.place == place and wish.is_in(self.options)


@dataclass(frozen=True)
class Pending:
    """A probe that was asked for; `share` of it is done, None while it waits for its turn."""

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

    def wants(self, wish: Wish, place: Place) -> bool:
        """Whether a wish is still to be sent: not answered, not under way, not asked for before from here."""
        found, pending = self.found.get(wish.probe), self.pending.get(wish.probe)
        if found is not None and found.answers(wish, place):
            return False
        if pending is not None and pending.place == place and wish.is_in(pending.options):
            return False
        return self._asked.get(wish.probe) != (wish, place)

    def ask(self, wish: Wish, place: Place) -> None:
        """A wish is on its way to the engine."""
        self._asked[wish.probe] = (wish, place)
        self.pending[wish.probe] = Pending(place, wish.options)
        self.failed.pop(wish.probe, None)

    def cancel(self, probe: str) -> None:
        """A probe is no longer waited for."""
        if self.pending.pop(probe, None) is not None:
            self.failed[probe] = "cancelled"

    def cancel_all(self) -> None:
        """Nothing is going to be answered."""
        self.pending.clear()

    def compare(self, probes: Iterable[str], *, before: bool) -> None:
        """Mark the present results of these probes, or those before them; marked ones are unmarked."""
        source = self.before if before else self.found
        chosen = {probe: source[probe] for probe in probes if probe in source}
        marked = {probe: self.reference.pop(probe, None) for probe in probes}
        if any(marked[probe] is not found for probe, found in chosen.items()):
            self.reference |= chosen

    def take(self, event: Probed | Probing | ProbeFailed, stamp: int) -> None:
        """What the engine says of a probe; `stamp` is the present one."""
        pending = self.pending.get(event.name)
        if isinstance(event, Probing):
            if pending is not None:
                self.pending[event.name] = replace(pending, share=event.share)
        elif isinstance(event, Probed):
            self._found(event, pending, stamp)
        elif event.text != CANCELLED:
            self.pending.pop(event.name, None)
            self.failed[event.name] = text.plain(event.text)

    def _found(self, event: Probed, pending: Pending | None, stamp: int) -> None:
        place = Place(event.position, event.branch, pending.place.stamp if pending is not None else stamp)
        found = Found(place, pending.options if pending is not None else {}, event.result, event.seconds)
        self.pending.pop(event.name, None)
        self.failed.pop(event.name, None)
        last = self.found.get(event.name)
        if last is not None and last.place != place:
            self.before[event.name] = last
        self.found[event.name] = found
        if isinstance(event.result, CurvatureResult):
            self.sharpness.setdefault(event.branch, {})[event.position] = event.result
