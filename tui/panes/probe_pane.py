"""A tab on probes: asking for them, their progress, and a section for each result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.blocks import bar
from gradstep.tui.panes.comparing import UNKEPT, ComparingPane
from gradstep.tui.panes.numbers import KEPT
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Found, Pending, Wish
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.wire.plain import spelled

if TYPE_CHECKING:
    from gradstep.tui.wire.app import WireApp

BAR_WIDTH = 10
LEAST_WIDTH = 40
View = Callable[[Any, Any], list[Content]]
"""Return the lines of a result, with the numbers of the kept one beside its own unless that is None."""


class ProbePane(ComparingPane, can_focus=True):
    """A tab that shows the results of some probes at the run's position."""

    CARES = Topic.PROBES | Topic.STATUS | Topic.RECORDS | Topic.RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("probes"),
        *(Binding(key, f"explain('{key}')", "", show=False) for key in UNKEPT),
    ]
    """Of several with one key, the first that is possible now is taken."""

    @dataclass
    class Asked(Message):
        """The user asks for these probes, whatever their cost."""

        wishes: Sequence[Wish]

    @dataclass
    class Cancelled(Message):
        """The user gives these probes up."""

        probes: Sequence[str]

    class Shown(Message):
        """The tab has come in sight."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.body = Static(markup=False)
        self._drawn = Content()

    def compose(self) -> ComposeResult:
        yield self.body

    def on_show(self) -> None:
        self.draw()
        self.post_message(self.Shown())

    def on_resize(self) -> None:
        self.draw()

    def show(self, state: RunState, _topics: Topic) -> None:
        self._state = state
        self.draw()

    def automatic(self, state: RunState) -> Iterator[Wish]:
        """Yield the probes to ask for whenever the run stands still and the tab is in sight."""
        yield from ()

    def on_request(self, state: RunState) -> Iterator[Wish]:
        """Yield the further probes that `enter` asks for."""
        yield from ()

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        """Yield the tab's lines, at most `width` cells wide."""
        yield from ()

    def draw(self) -> None:
        """Redraw the tab, if its lines have changed."""
        if self._state is None or not self.is_attached:  # it is not while the app is being left
            return
        lines = list(self.lines(self._state, max(self.size.width - 1, LEAST_WIDTH)))
        content = Content("\n").join(lines)
        if cast("WireApp", self.app).ascii:
            content = spelled(content)
        if not content.is_same(self._drawn):
            self._drawn = content
            self.body.update(content)
        self.refresh_bindings()

    def action_compute(self) -> None:
        if (state := self._state) is not None:
            wishes = {wish.probe: wish for wish in (*self.automatic(state), *self.on_request(state))}
            self.post_message(self.Asked([wish for wish in wishes.values() if not _answered(state, wish)]))

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self._pending()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is possible now."""
        if action == "cancel":
            return bool(self._pending())
        if (state := self._state) is None:
            return action not in ("compute", "keep", "beside_last", "drop", "turn", "turn_back")
        compares = any(self.kept(state, name) for name in self.PROBES)
        shown, kept = self._results(state.probes.found), self._results(state.probes.reference)
        if action == "compute":
            wishes = (*self.automatic(state), *self.on_request(state))
            return state.info is not None and any(not unmet(wish.probe, state) for wish in wishes)
        if action == "keep":
            return any(found not in kept for found in shown)
        if action == "beside_last":
            return not compares and bool(self._results(state.probes.before))
        if action == "drop":
            return bool(kept)
        if action in ("turn", "turn_back"):
            return compares and self._turned == (action == "turn_back")
        return True

    def _pending(self) -> list[str]:
        return [
            name for name in self.PROBES if self._state is not None and name in self._state.probes.pending
        ]

    def section(self, state: RunState, probe: str, title: str, hint: str, view: View) -> Iterator[Content]:
        """Yield a heading with the result's step, or with how to get a result, then the lines of `view`."""
        if reason := unmet(probe, state):
            said = f"  Not available here: {reason}."
            yield Content.assemble((title, "bold $secondary"), (said, "$muted"))
            return
        found, reference = state.probes.found.get(probe), self.kept(state, probe)
        if self._turned and reference is not None:
            kept = f"kept at step {reference.place.position:,}{_branch(state, reference)}; t turns back"
            yield Content.assemble((title, "bold $secondary"), "  ", (kept, "$accent"))
            yield from view(reference.result, None)
            return
        yield Content.assemble((title, "bold $secondary"), "  ", _standing(state, probe, found, hint))
        if found is None:
            return
        lines = view(found.result, reference.result if reference is not None else None)
        stale = not found.is_of_now(state.place, probe, running=state.running)
        if stale and (probe in state.probes.pending or probe in state.probes.failed):
            still = f"still of step {found.place.position:,}{_branch(state, found)}"
            if reference is not None:
                still += f", {KEPT}: step {reference.place.position:,}{_branch(state, reference)}"
            yield Content.styled(still, "$warning")
        yield from (line.stylize("dim") if stale else line for line in lines)


def _answered(state: RunState, wish: Wish) -> bool:
    found = state.probes.found.get(wish.probe)
    return found is not None and found.answers(wish, state.place)


def _standing(state: RunState, probe: str, found: Found | None, hint: str) -> Content:
    """Return the step of a result, the progress of a pending one, or the step of the kept one."""
    pending, failure = state.probes.pending.get(probe), state.probes.failed.get(probe)
    if pending is not None and not (state.running and pending.share is None and found is not None):
        return _progress(state, pending)
    if failure is not None:
        return Content.styled(
            f"✗ {failure}; enter tries again", "$error" if failure != "cancelled" else "$muted"
        )
    if found is None:
        return Content.styled(hint, "$muted")
    position = found.place.position
    if not found.is_of_now(state.place, probe, running=state.running):
        of = f"of step {position:,}{_branch(state, found)}"
        return Content.styled(f"{of}; enter computes it here", "$warning")
    said = f"at step {position:,}"
    reference = state.probes.reference.get(probe)
    if reference is found:
        said += ", kept to compare with"
    elif reference is not None:
        said += f", {KEPT}: step {reference.place.position:,}{_branch(state, reference)}"
    return Content.styled(said, "$muted")


def _branch(state: RunState, found: Found) -> str:
    if found.place.branch == state.branch or found.place.branch not in state.branches:
        return ""
    return f" of {text.plain(state.branches[found.place.branch].name)}"


def _progress(state: RunState, pending: Pending) -> Content:
    """Return how far a pending probe is, or which other one it waits for."""
    at = f"step {pending.place.position:,}"
    if pending.share is not None:
        return Content.assemble(
            (f"computing at {at} {pending.share:4.0%} ", "$warning"),
            (bar(pending.share, BAR_WIDTH), "$primary on $highlight"),
            (" esc cancels", "$warning"),
        )
    others = ((name, other.share) for name, other in state.probes.pending.items())
    ahead = next((f"after {name}, {share:.0%} done" for name, share in others if share is not None), "…")
    return Content.styled(f"computing at {at} {ahead}  esc cancels", "$warning")
