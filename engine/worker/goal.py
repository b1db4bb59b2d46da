"""The goal that the engine steps towards, and the words for a stop on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradstep.engine.conditions.evidence import evidence
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.session.session import Session
from gradstep.engine.session.stepping import Stop
from gradstep.engine.worker.commands import Close, Open, Pause, Resume, Step
from gradstep.engine.worker.events import StopKind
from gradstep.engine.worker.inbox import Inbox


@dataclass(frozen=True)
class Goal:
    """A position to step to, or, if `until` is None, a condition or a pause."""

    until: int | None
    kind: Literal["done", "limit"]
    condition: Condition | None = None
    owed: bool = False
    """Single steps: they are done before commands that came after them."""

    @property
    def text(self) -> str:
        """The condition, "" without one."""
        return self.condition.text if self.condition is not None else ""

    def may_step(self, inbox: Inbox) -> bool:
        """Return whether to step before the waiting commands. Queued single steps are reported together."""
        if not self.owed:
            return not inbox
        return not (isinstance(inbox.first, Step) or inbox.holds(Pause, Open, Resume, Close))


def after_steps(before: Goal | None, position: int, count: int) -> Goal:
    """Return the goal of `count` steps, after those that are still to be done."""
    if before is None or before.kind != "done":
        return Goal(position + count, "done", owed=count == 1)
    start = position if before.until is None else before.until
    return Goal(start + count, "done", owed=count == 1 and before.owed)


def planned_end(session: Session) -> int | None:
    """Return the position of the preset's planned end, None from there on."""
    end = session.planned_steps
    return end if end is not None and session.position < end else None


def words_of(stop: Stop, goal: Goal, session: Session) -> tuple[str, StopKind]:
    """Return the reason of a stop, with the values that a condition read, and its kind."""
    if stop.kind == "end":
        return stop.reason, goal.kind
    if stop.kind == "condition" and goal.condition is not None:
        return stop.reason + _behind(evidence(goal.condition, session.history, session.position)), "condition"
    if stop.kind == "breakpoint" and session.hit is not None:
        return stop.reason + _behind(session.hit.evidence), "breakpoint"
    return stop.reason, "diverged"


def _behind(evidence: str) -> str:
    """Return a condition's values, formatted to follow its text."""
    return f"  ({evidence})" if evidence else ""
