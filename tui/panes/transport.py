"""The transport: two lines on where the run stands, always in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from gradstep.tui import text
from gradstep.tui.state.log import ending_in_words
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.state.verdicts import SIGNS, news

GAP = 2
PAUSED = ("■ paused", "bold")
STOPPED = {
    "limit": ("■ planned end", "bold $success"),
    "diverged": ("✗ diverged", "bold $error"),
    "condition": ("■ condition met", "bold $accent"),
    "breakpoint": ("■ stopped", "bold $accent"),
}
"""Sign, word and style of a run that has stopped by itself; any other is paused."""
BRIEF = {"■ planned end": "■ end", "■ condition met": "■ met"}
STATUS_WIDTH, BRIEF_WIDTH = len("■ condition met"), len("✗ diverged")
POSITION_WIDTH = len("1,000,000")
EPOCH_WIDTH = len("1,000")
ROOM_FOR_WORDS = 70
ROOM_TO_EXPLAIN = 100
ROOM_FOR_STATUS = 110
"""The least width with the whole status; below it, a run that has stopped shows the brief one."""
DIGITS = "scikit-learn "
"""The part of the digits' name that a narrow screen omits."""
LEAST_WORDS = 8
"""The least cells of a reason beside its values."""
SPEED_WIDTH = len("100,000")


@dataclass(frozen=True)
class Part:
    """A piece of a line. If the line is too narrow, pieces of higher rank are omitted first.

    An elastic piece is shortened instead, without its last `end` cells.
    """

    rank: int
    content: Content
    elastic: bool = False
    end: int = 0
    brief: Part | None = None
    """The piece to show instead where the whole has no room."""

    def within(self, room: int) -> Content:
        """Return the piece in at most `room` cells."""
        if self.brief is not None and len(self.content) > room:
            return self.brief.within(room)
        if not self.elastic or len(self.content) <= room:
            return self.content
        if self.end + LEAST_WORDS > room:
            return self.content.truncate(max(room, 0), ellipsis=True)
        begin = self.content[: -self.end] if self.end else self.content
        return begin.truncate(room - self.end, ellipsis=True) + self.content[len(begin) :]


class TransportPane(Vertical):
    """Position, loss and its change; speed, why the run stopped, and the data in use."""

    BORDER_TITLE = "Transport"
    CARES = Topic.STATUS | Topic.RECORDS | Topic.RUN

    def __init__(self) -> None:
        super().__init__(id="transport")
        self._numbers = Static()
        self._status = Static()
        self._state: RunState | None = None

    def compose(self) -> ComposeResult:
        yield self._numbers
        yield self._status

    def show(self, state: RunState, _topics: Topic) -> None:
        self._state = state
        width = self.content_size.width
        data = _data(state, width)
        status = _status(state)
        needed = max((len(part.content) for part in status if part.rank == 0), default=0)
        if needed > width - len(data) - GAP and not _substitutes(state):
            data = Content("")
        left = _fit(status, width - len(data) - GAP * bool(data))
        lines = (
            (self._numbers, _fit(_numbers(state, width), width)),
            (self._status, left + " " * max(width - len(left) - len(data), 0) + data),
        )
        for line, content in lines:
            if content != line.content:
                line.update(content, layout=False)

    def on_resize(self) -> None:
        if self._state is not None:
            self.show(self._state, self.CARES)


def _fit(parts: Sequence[Part], width: int) -> Content:
    """Join the parts that fit, in their order; shorten an elastic one rather than leave it out."""
    kept: dict[int, Content] = {}
    for at, part in sorted(enumerate(parts), key=lambda numbered: numbered[1].rank):
        room = width - sum(len(content) + GAP for content in kept.values())
        content = part.within(room)
        if content and len(content) <= room:
            kept[at] = content
    return Content(" " * GAP).join(kept[at] for at in sorted(kept))


def _numbers(state: RunState, width: int) -> list[Part]:
    record, change = state.record, state.loss_change
    words, style = _standing(state)
    loss = text.number(record.loss) if record is not None else "–"
    bad = loss in ("NaN", "Inf", "-Inf")
    spacious = width >= ROOM_FOR_WORDS
    digits, cells = (6, text.NUMBER_WIDTH) if spacious else (4, text.NUMBER_WIDTH - 2)
    slope = "$muted" if not change else "$success" if change < 0 else "$warning"
    difference = text.change(change, digits).rjust(cells)
    epoch = f"{record.epoch:,}" if record is not None else "–"
    planned = state.planned
    return [
        Part(0, Content.styled(_fitted(words, width), style)),
        Part(
            1,
            Content.assemble(
                ("step " if spacious else "", "$muted"), (f"{state.position:>{POSITION_WIDTH},}", "bold")
            ),
        ),
        *([Part(7, Content.styled(f"of {planned:,}", "$muted"))] if planned is not None else []),
        Part(4, Content.assemble(("epoch ", "$muted"), f"{epoch:>{EPOCH_WIDTH}}")),
        Part(
            2,
            Content.assemble(
                ("loss ", "$muted"), (loss.rjust(text.NUMBER_WIDTH), "bold $error" if bad else "bold")
            ),
        ),
        Part(3, Content.assemble((f"{_whose_change(state, width)} ", "$muted"), (difference, slope))),
    ]


def _fitted(status: str, width: int) -> str:
    """Shorten a status to a line's width, and pad it so that the numbers beside it stay in place."""
    if width < ROOM_FOR_WORDS:
        return status[0]
    if width < ROOM_FOR_STATUS:
        return BRIEF.get(status, status).ljust(BRIEF_WIDTH)
    return status.ljust(STATUS_WIDTH)


def _whose_change(state: RunState, width: int) -> str:
    """Return the label of the loss's change; a wide one names the two losses."""
    if state.info is None or width < ROOM_TO_EXPLAIN:
        return "Δ"
    return "Δ between batches" if state.info.batches > 1 else "Δ of the last step"


def _standing(state: RunState) -> tuple[str, str]:
    """Return the status as a sign and a word, and their style."""
    if state.died is not None:
        return "✗ stopped", "bold $error"
    if state.working:
        return "… working", "bold $warning"
    if state.running:
        return "▶ running", "bold $success"
    return STOPPED.get(state.stopped.kind, PAUSED) if state.stopped is not None else PAUSED


def _status(state: RunState) -> list[Part]:
    record = state.record
    rate = record.learning_rate if record is not None else state.preset.train.learning_rate
    speed = state.speed
    return [
        *([] if rate is None else [Part(3, Content.assemble(("lr ", "$muted"), text.short(rate)))]),
        Part(4, Content.assemble(("burst ", "$muted"), f"{state.burst:,}")),
        *(
            [Part(2, Content.assemble(f"{speed:>{SPEED_WIDTH},.0f}", (" steps/s", "$muted")))]
            if speed
            else []
        ),
        *([Part(2, Content.styled("not saved", "$warning"))] if state.session.problem else []),
        *([Part(1, _news(state), elastic=True)] if state.judged.turned else []),
        *([Part(4, Content.assemble(("on ", "$muted"), _branch(state)))] if len(state.branches) > 1 else []),
        _why(state),
    ]


def _news(state: RunState) -> Content:
    """Return the claim whose verdict changed since the user's last action, and how many others."""
    first, *others = state.judged.turned
    more = f" · {len(others)} more in Story" if others else ""
    return Content.styled(news(first) + more, f"bold {SIGNS[first.standing][1]}")


def _why(state: RunState) -> Part:
    """Return why the run stands still, its goal, or what it is busy with."""
    if state.running and state.died is None and not state.refusal and not state.working:
        return _aim(state)
    if state.stopped is None and not state.position and state.offered[0] and not _busy(state):
        full, brief = (Content.styled(said, "$muted") for said in state.offered)
        return Part(0, full, brief=Part(0, brief))
    reason, style = _reason(state)
    first = "$error" in style or (state.judged.turned and "$accent" in style)
    return Part(0 if first else 5, Content.styled(reason, style), elastic=True, end=_values(state, reason))


def _busy(state: RunState) -> bool:
    return state.died is not None or bool(state.refusal or state.working) or state.running


def _aim(state: RunState) -> Part:
    """Write the condition that the run goes on to, and how far it is past its plan; else nothing."""
    past = f"{state.past_plan:,} steps past the plan" if state.past_plan else ""
    if not state.until:
        return Part(3 if past else 5, Content.styled(past, "$accent"))
    begin = f"▶ until {text.plain(state.until)}"
    behind = f" · {state.past_plan:,} past the plan" if past else ""
    brief = Part(0, Content.styled(begin + behind, "$accent"), elastic=True, end=len(behind))
    whole = " · ".join(part for part in (begin, past, "space stops") if part)
    return Part(0, Content.styled(whole, "$accent"), brief=brief)


def _branch(state: RunState) -> str:
    branch = state.branches.get(state.branch)
    return text.plain(branch.name) if branch is not None else ""


def _reason(state: RunState) -> tuple[str, str]:
    """Return why the run stands still or what it is busy with, and the style."""
    if state.died is not None:
        return f"the engine has ended: {ending_in_words(state.died)} · r restarts it", "bold $error"
    if state.refusal:
        return state.refusal.replace("\n", " · "), "$error"
    if state.working:
        return f"{state.working}…", "$warning"
    if state.stopped is None or state.running:
        return "", ""
    if state.stopped.kind in ("condition", "breakpoint"):
        return text.plain(state.stopped.reason), "bold $accent"
    return text.plain(state.stopped.reason), "bold $error" if state.stopped.kind == "diverged" else "$muted"


def _values(state: RunState, reason: str) -> int:
    """Return how many cells at the end of a reason are the values of its condition."""
    stopped = state.stopped is not None and state.stopped.kind in ("condition", "breakpoint")
    return len(reason) - at if stopped and (at := reason.rfind("  (")) > 0 else 0


def _substitutes(state: RunState) -> bool:
    return state.info is not None and state.info.substitute


def _data(state: RunState, width: int) -> Content:
    """Return the data in use, with a warning sign if it is a substitute."""
    name = state.preset.data.name
    if state.info is None:
        return Content.styled(name, "$muted")
    used = text.plain(state.info.data).partition(":")[0]
    if not state.info.substitute:
        return Content.styled(used, "$muted")
    return Content.styled(
        f"⚠ {used if width >= ROOM_FOR_WORDS else used.removeprefix(DIGITS)}", "bold $warning"
    )
