"""Claims, and their verdicts from the records of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gradstep.engine.conditions.aggregates import parse_condition_over_seeds
from gradstep.engine.conditions.evidence import rounding_note
from gradstep.engine.conditions.expression import Condition, Finals, no_runs
from gradstep.engine.conditions.language import ConditionError, parse_condition, parse_number
from gradstep.engine.records.history import History

Outcome = Literal["holds", "refuted", "shown", "open"]
"""Outcomes that a preset expects and `check --json` writes. An unrefuted *always* or *never* "holds"."""
Standing = Literal["unchecked", "so far", "shown", "refuted"]
"""Outcomes as the screen tells them: a claim that holds so far is not yet shown."""
Position = Annotated[int, Field(ge=0, lt=2**63)]
Steps = Annotated[int, Field(ge=1, lt=2**63)]
QUANTIFIERS = ("always", "never", "eventually", "at", "seeds")
LOOK_AT_ONCE = 4096
"""Records that a judge reads together: enough to be fast, few enough to stop early."""


class Claim(BaseModel):
    """The `[[claim]]` table: a sentence of a document as a condition with a quantifier."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    says: str = Field(min_length=1)
    source: str = ""
    always: str | None = Field(None, min_length=1)
    never: str | None = Field(None, min_length=1)
    eventually: str | None = Field(None, min_length=1)
    at: Position | None = None
    seeds: int | None = Field(None, ge=2, le=1000, description="judged at the end of the run of each seed")
    condition: str | None = Field(None, min_length=1, description="what holds at `at`, or for each seed")
    over_seeds: str | None = Field(None, min_length=1, description="what holds of the seeds together")
    measure: str | None = Field(None, min_length=1, description="the number whose spread over seeds is shown")
    within: Steps | None = None
    expect: Literal["holds", "refuted", "shown", "open"] | None = None

    @model_validator(mode="after")
    def _one_quantifier(self) -> Self:
        given = [q for q in QUANTIFIERS if getattr(self, q) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(map(repr, QUANTIFIERS))}; has {given}")
        needed = self.at is not None or (self.seeds is not None and self.over_seeds is None)
        if needed != (self.condition is not None):
            raise ValueError(
                "'condition' belongs to 'at' or 'seeds', and they to it: at = 100, condition = \"loss < 1\""
            )
        if self.over_seeds is not None:
            if self.seeds is None:
                raise ValueError("'over_seeds' belongs to 'seeds': seeds = 20")
            try:
                parse_condition_over_seeds(self.over_seeds)
            except ConditionError as error:
                raise ValueError(f"over_seeds: {error}") from None
        if self.measure is not None:
            if self.seeds is None:
                raise ValueError("'measure' belongs to 'seeds': the number whose spread over them is shown")
            try:
                parse_number(self.measure)
            except ConditionError as error:
                raise ValueError(f"measure: {error}") from None
        for quantifier in ("always", "never", "eventually", "condition"):
            text = getattr(self, quantifier)
            if text is not None:
                try:
                    parse_condition(text)
                except ConditionError as error:
                    raise ValueError(f"{quantifier}: {error}") from None
        return self

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that the claim's expressions read; they have to be measured."""
        text = self.always or self.never or self.eventually or self.condition
        condition = parse_condition(text).quantities if text else ()
        measured = parse_number(self.measure).quantities if self.measure else ()
        over = parse_condition_over_seeds(self.over_seeds).quantities if self.over_seeds else ()
        return tuple(dict.fromkeys((*condition, *measured, *over)))


@dataclass(frozen=True)
class SeedResult:
    """The end of one seed's run: whether the claim's condition held, and its measure; None for none."""

    seed: int
    held: bool | None
    measure: float | None


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim after `steps` steps.

    `always` and `never` hold so far, which no finite run proves, or are refuted at `position`. `eventually`
    and `at` are open until they are shown or refuted at `position`. A claim over seeds holds if its
    condition holds for each seed, or its `over_seeds` for all together.
    """

    claim: Claim
    outcome: Outcome
    steps: int
    """The last judged position."""
    position: int | None = None
    """The position that decided it; None until then, and for a claim over seeds."""
    values: tuple[tuple[str, float], ...] = ()
    """The condition's values there."""
    note: str = ""
    """The condition's comparisons within rounding, as text."""
    seeds: tuple[SeedResult, ...] = ()
    """The seeds' runs, for a judged claim over seeds."""
    looked: int = 0
    """Steps after which the condition had a truth value; position 0, before the first step, is none."""
    planned: int | None = None
    """The position of the run's planned end, if it has one."""
    needs: tuple[str, ...] = ()
    """Presets whose runs the condition reads but that were not run."""

    @property
    def expected(self) -> bool:
        """Whether the outcome is the one that the preset expects, if any."""
        return self.claim.expect is None or self.claim.expect == self.outcome

    @property
    def final(self) -> bool:
        """Whether more records cannot change the outcome."""
        within = self.claim.within
        return self.outcome in ("refuted", "shown") or (within is not None and self.steps >= within)

    @property
    def standing(self) -> Standing:
        """The outcome as the screen tells it.

        An *always* or *never* counts as shown at `within` or at the planned end. A step beyond the planned
        end can still refute it.
        """
        if self.outcome in ("refuted", "shown"):
            return "refuted" if self.outcome == "refuted" else "shown"
        if self.seeds:
            return "shown"
        if not self.looked:
            return "unchecked"
        end = self.claim.within if self.claim.within is not None else self.planned
        return "shown" if self.outcome == "holds" and end is not None and self.steps >= end else "so far"

    @property
    def text(self) -> str:
        """The verdict as text."""
        if self.seeds and self.claim.over_seeds is not None:
            return f"{self.standing} over {len(self.seeds)} seeds"
        if self.seeds:
            held = sum(bool(seed.held) for seed in self.seeds)
            return f"{self.standing}: holds for {held} of {len(self.seeds)} seeds"
        if self.position is not None:
            return f"{self.outcome} at step {self.position:,}"
        if self.standing == "unchecked":
            return f"not checked yet{self._lacking}"
        if self.standing == "shown":
            return f"shown to step {self.steps:,}"
        so_far = "not met so far" if self.claim.eventually else "holds so far"
        return f"{so_far} ({self.looked:,} step{'s' * (self.looked != 1)})"

    @property
    def _lacking(self) -> str:
        """The reason why more steps alone do not check the claim; "" if they do."""
        if self.claim.seeds is not None:
            return f": `gradstep check` runs {self.claim.seeds} seeds"
        if self.needs:
            return f": `gradstep check` runs {', '.join(self.needs)} too"
        if self.claim.at is not None and self.claim.at <= self.steps and self.steps > 0:
            return f": step {self.claim.at:,} lacks a value for it"
        return ""


class Judge:
    """Judges one claim as records come, and reads each record once.

    A decided claim stays decided, unless a value that its condition reads is put in afterwards. Without
    `finals`, a claim on another preset's run stays open.
    """

    def __init__(self, claim: Claim, finals: Finals = no_runs) -> None:
        self.claim = claim
        self._finals = finals
        self._condition: Condition
        self._needs: tuple[str, ...] = ()
        if claim.seeds is None:
            self._condition = parse_condition(claim_condition(claim))
            self._needs = tuple(sorted(self._condition.runs)) if finals is no_runs else ()
        self._puts: tuple[int, ...] | None = None
        self._begin()

    def _begin(self) -> None:
        self._judged = self._looked = 0
        self._decided: Verdict | None = None

    def judge(self, history: History, planned: int | None = None) -> Verdict:
        """Return the verdict on all records of a history; only those not judged before are read.

        `planned` is the position of the run's planned end.
        """
        claim = self.claim
        if claim.seeds is not None:
            return Verdict(claim, "open", 0)
        self._follow_puts(history)
        end = len(history) if claim.within is None else min(len(history), claim.within + 1)
        while self._decided is None and self._judged < end:
            self._look(history, min(end, self._judged + LOOK_AT_ONCE))
        if self._decided is not None:
            return self._decided
        outcome: Outcome = "holds" if claim.always or claim.never else "open"
        return Verdict(
            claim, outcome, max(0, end - 1), looked=self._looked, planned=planned, needs=self._needs
        )

    def _follow_puts(self, history: History) -> None:
        """Start over if a value was put into a judged record: a late measurement, a change."""
        before, self._puts = self._puts, history.puts()
        if before is None or before == self._puts:
            return
        if history.first_put_since(before, self._condition.fields) < self._judged:
            self._begin()

    def _look(self, history: History, end: int) -> None:
        """Judge the records before `end`, or up to the first one that decides."""
        claim, first, self._judged = self.claim, self._judged, end
        if claim.at is not None:
            if first <= claim.at < end:
                held = self._condition.holds(history, claim.at, self._finals)
                if held is not None:
                    self._decide("shown" if held else "refuted", history, claim.at)
            return
        truths = self._condition.held(history, first, end, self._finals)
        self._looked += sum(truth is not None for truth in truths[first == 0 :])
        decisive = not claim.always
        if decisive in truths:
            outcome: Outcome = "shown" if claim.eventually else "refuted"
            self._decide(outcome, history, first + truths.index(decisive))
        elif claim.eventually and end - 1 == claim.within:
            self._decide("refuted", history, claim.within)

    def _decide(self, outcome: Outcome, history: History, position: int) -> None:
        values = tuple(self._condition.values(history, position, self._finals).items())
        note = rounding_note(self._condition, history, position, self._finals)
        self._decided = Verdict(self.claim, outcome, position, position, values, note)


def claim_condition(claim: Claim) -> str:
    """Return the text of a claim's condition, whatever its quantifier."""
    text = claim.always or claim.never or claim.eventually or claim.condition or claim.over_seeds
    assert text is not None, "a claim has exactly one quantifier"
    return text
