"""Claims judged against the records of a run: a verdict, and the records that are its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.conditions import Condition, Finals, no_runs, parse_condition
from engine.config import Claim
from engine.history import History

State = Literal["holds", "refuted", "shown", "open"]


@dataclass(frozen=True)
class SeedResult:
    """Whether a claim's condition, if any, held at the end of the run of one seed, and what its measure
    was there."""

    seed: int
    held: bool | None
    measure: float | None


@dataclass(frozen=True)
class Verdict:
    """What the records say of a claim so far.

    `always` and `never` hold for `steps` steps so far, and no finite run proves them, or are refuted at
    `position`. `eventually` and `at` are shown or refuted there, or open until then. A claim over seeds
    holds if it does for each of them, or, where it says so, for what they come to together.
    """

    claim: Claim
    state: State
    steps: int
    """The position judged last."""
    position: int | None = None
    """Where it was decided; the evidence is the records there and just before."""
    values: tuple[tuple[str, float], ...] = ()
    """What the condition read there."""
    seeds: tuple[SeedResult, ...] = ()
    """One run a seed, for a claim over seeds that was judged."""

    @property
    def expected(self) -> bool:
        """Whether the preset's author found the same."""
        return self.claim.expect is None or self.claim.expect == self.state

    @property
    def final(self) -> bool:
        """Whether more records can't change it."""
        within = self.claim.within
        return self.state in ("refuted", "shown") or (within is not None and self.steps >= within)

    @property
    def text(self) -> str:
        """The verdict in words."""
        if self.seeds and self.claim.over_seeds is not None:
            return f"{self.state} over {len(self.seeds)} seeds"
        if self.seeds:
            return f"holds for {sum(bool(s.held) for s in self.seeds)} of {len(self.seeds)} seeds"
        if self.claim.seeds is not None:
            return f"open: `gradstep check` runs {self.claim.seeds} seeds"
        if self.state == "holds":
            return f"holds for {_steps(self.steps)} so far"
        if self.state == "open":
            return f"open after {_steps(self.steps)}"
        return f"{self.state} at step {self.position:,}"


def _steps(count: int) -> str:
    return f"{count:,} step{'s' * (count != 1)}"


class Judge:
    """Judges one claim as the records come; a decided claim stays decided.

    Without `finals`, what a claim says of another preset's run leaves it open.
    """

    def __init__(self, claim: Claim, finals: Finals = no_runs) -> None:
        self.claim = claim
        self._finals = finals
        self._condition: Condition
        if claim.seeds is None:
            self._condition = parse_condition(claim_condition(claim))
        self._judged = 0
        self._decided: Verdict | None = None

    def judge(self, history: History) -> Verdict:
        """The verdict on all records of a history, of which those judged before are taken as judged."""
        if self.claim.seeds is not None:
            return Verdict(self.claim, "open", 0)
        while self._decided is None and self._judged < len(history):
            self._look(history, self._judged)
            self._judged += 1
        if self._decided is not None:
            return self._decided
        state: State = "holds" if self.claim.always or self.claim.never else "open"
        last = max(0, len(history) - 1)
        return Verdict(self.claim, state, last if self.claim.within is None else min(last, self.claim.within))

    def _look(self, history: History, position: int) -> None:
        claim = self.claim
        if claim.at is not None and position != claim.at:
            return
        if claim.within is not None and position > claim.within:
            return
        held = self._condition.holds(history, position, self._finals)
        if claim.at is not None:
            if held is not None:
                self._decide("shown" if held else "refuted", history, position)
        elif claim.eventually:
            if held:
                self._decide("shown", history, position)
            elif position == claim.within:
                self._decide("refuted", history, position)
        elif (claim.always and held is False) or (claim.never and held):
            self._decide("refuted", history, position)

    def _decide(self, state: State, history: History, position: int) -> None:
        values = tuple(self._condition.values(history, position, self._finals).items())
        self._decided = Verdict(self.claim, state, position, position, values)


def claim_condition(claim: Claim) -> str:
    """The text of a claim's condition, whatever its quantifier."""
    text = claim.always or claim.never or claim.eventually or claim.condition or claim.over_seeds
    assert text is not None, "a claim has exactly one quantifier"
    return text
