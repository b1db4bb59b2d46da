"""Verdicts on claims: their signs, colours, short evidence, and news."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence

from gradstep.engine.conditions.claims import Standing, Verdict
from gradstep.engine.conditions.evidence import counts, digits_apart, written
from gradstep.tui import text

SIGNS: dict[Standing, tuple[str, str]] = {
    "unchecked": ("○", "$secondary"),
    "so far": ("…", "$primary"),
    "shown": ("✓", "$success"),
    "refuted": ("✗", "$error"),
}
"""Sign and colour. `Verdict.text` has the words, which differ, too."""
DECIDED: tuple[Standing, ...] = ("shown", "refuted")
AGO = re.compile(r"ago\((.+), (\d+)\)")
NEWS_SECONDS = 3.0
"""The time that news stay before later news may replace them."""


def signed(verdict: Verdict) -> str:
    """Return sign and words of a verdict."""
    return f"{SIGNS[verdict.standing][0]} {verdict.text}"


def in_full(verdict: Verdict) -> str:
    """Return sign, words, claim and all evidence."""
    read = f"  {evidence(verdict)}" if verdict.values else ""
    return f"{signed(verdict)}: “{verdict.claim.says}”{read}"


def news(verdict: Verdict) -> str:
    """Return sign, words and the first evidence: ✗ refuted at step 1: mistakes 4,406 → 4,419."""
    first, *more = _parts(verdict.values) or [""]
    return f"{signed(verdict)}{': ' if first else ''}{first}{', …' if more else ''}"


class Judged:
    """The verdicts of each branch, and the changed ones since the user's last action."""

    def __init__(self) -> None:
        self._verdicts: dict[int, tuple[Verdict, ...]] = {}
        self.turned: tuple[Verdict, ...] = ()
        """The news; refuted claims first."""
        self._turned_at = -NEWS_SECONDS

    def of(self, branch: int) -> tuple[Verdict, ...]:
        """Return the verdicts of a branch; () if none have arrived."""
        return self._verdicts.get(branch, ())

    def take(self, branch: int, verdicts: tuple[Verdict, ...], *, here: bool) -> tuple[Verdict, ...]:
        """Store the verdicts of a branch. Returns the newly decided or undecided ones, if it is current."""
        before = self.of(branch)
        self._verdicts[branch] = verdicts
        if not here or not before:
            return ()
        turned = _turned(before, verdicts)
        if turned:
            self._tell(turned)
        return turned

    def forget(self, branch: int) -> None:
        """Remove the verdicts of a deleted branch."""
        self._verdicts.pop(branch, None)

    def stopped(self, position: int) -> None:
        """Drop older news when the run stops by itself, unless they are too new to have been read."""
        if not self._fresh and all(verdict.steps != position for verdict in self.turned):
            self.turned = ()

    @property
    def _fresh(self) -> bool:
        """Whether the news have been shown for less than NEWS_SECONDS."""
        return time.monotonic() - self._turned_at < NEWS_SECONDS

    def _tell(self, turned: tuple[Verdict, ...]) -> None:
        """Make verdicts the news. Unread news stay beside them."""
        if self.turned and self._fresh:
            again = [verdict.claim for verdict in turned]
            turned = (*(verdict for verdict in self.turned if verdict.claim not in again), *turned)
        else:
            self._turned_at = time.monotonic()
        self.turned = tuple(sorted(turned, key=lambda verdict: verdict.standing != "refuted"))


def _turned(before: Iterable[Verdict], now: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return the newly decided verdicts, and the decided ones that are open again."""
    return tuple(
        new
        for old, new in zip(before, now, strict=True)
        if old.standing != new.standing and (old.standing in DECIDED or new.standing in DECIDED)
    )


def evidence(verdict: Verdict) -> str:
    """Return the values that decided a verdict. A field beside its earlier value: `loss 0.61 → 0.64`."""
    said = ", ".join(_parts(verdict.values))
    return f"{said}; {text.plain(verdict.note)}" if verdict.note else said


def _parts(values: Sequence[tuple[str, float]]) -> list[str]:
    digits = digits_apart(value for _, value in values)
    read = {
        text.plain(name): written(value, count=counts(name), digits=digits, comma=",")
        for name, value in values
    }
    changes: dict[str, tuple[str, str]] = {}
    for name, number in read.items():
        field, over = name.removeprefix("prev."), ""
        if ago := AGO.fullmatch(name):
            field, over = ago[1], f" over {ago[2]} steps"
        if field != name and field in read and field not in changes:
            changes[field] = name, f"{field} {number} → {read[field]}{over}"
    earlier = {name for name, _ in changes.values()}
    return [
        changes[name][1] if name in changes else f"{name} = {number}"
        for name, number in read.items()
        if name not in earlier
    ]
