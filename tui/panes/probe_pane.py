"""What the tabs on probes have in common: asking, telling how far it is and what it is of, comparing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui import text
from tui.charts.blocks import bar
from tui.needs import unmet
from tui.panes.numbers import REFERENCE
from tui.probes import Found, Pending, Wish
from tui.state import RunState, Topic
from tui.widgets.scroll import Scroll

BAR_WIDTH = 10
LEAST_WIDTH = 40

View = Callable[[Any, Any], list[Content]]
"""The lines that show a result; beside its numbers those of another one, if that is not None."""


class ProbePane(Scroll, can_focus=True):
    """A tab that shows what some probes say of the state where the run stands."""

    CARES = Topic.PROBES | Topic.STATUS | Topic.RECORDS | Topic.RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "compute", "compute", tooltip="Compute what is not computed by itself"),
        Binding("escape", "cancel", "cancel", key_display="esc", tooltip="Give up what is being computed"),
        Binding("c", "compare(False)", "compare", tooltip="Keep these numbers, to compare later ones with"),
        Binding("C", "compare(True)", "", show=False, tooltip="Compare with the state looked at before"),
        Binding("t", "turn", "turn", tooltip="Turn to what was kept to compare with, all of it, and back"),
    ]
    PROBES: ClassVar[tuple[str, ...]] = ()
    """The probes whose results the tab shows."""

    @dataclass
    class Asked(Message):
        """These probes are wanted, whatever they cost."""

        wishes: Sequence[Wish]

    @dataclass
    class Cancelled(Message):
        """These probes are no longer wanted."""

        probes: Sequence[str]

    @dataclass
    class Compared(Message):
        """The present results of these probes, or those before them, shall stand beside later ones."""

        probes: Sequence[str]
        before: bool

    class Shown(Message):
        """The tab has come in sight."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.body = Static(markup=False)
        self._state: RunState | None = None
        self._drawn = Content()
        self._turned = False

    def compose(self) -> ComposeResult:
        yield self.body

    def on_show(self) -> None:
        self.draw()
        self.post_message(self.Shown())

    def on_resize(self) -> None:
        self.draw()

    def show(self, state: RunState, _topics: Topic) -> None:
        """Show what is known now."""
        self._state = state
        self.draw()

    def automatic(self, state: RunState) -> Iterator[Wish]:
        """What is asked for whenever the run stands still while the tab is in sight."""
        yield from ()

    def on_request(self, state: RunState) -> Iterator[Wish]:
        """What `enter` asks for beside that."""
        yield from ()

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        """What the tab says."""
        yield from ()

    def draw(self) -> None:
        """Show the state once more, where that changes anything."""
        if self._state is None:
            return
        lines = list(self.lines(self._state, max(self.size.width - 1, LEAST_WIDTH)))
        content = Content("\n").join(lines)
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

    def action_compare(self, before: bool) -> None:
        self._turned = False
        self.post_message(self.Compared(self.PROBES, before))

    def action_turn(self) -> None:
        self._turned = not self._turned
        self.draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`escape` cancels only where there is something to cancel, and `enter` needs a run."""
        if action == "cancel":
            return bool(self._pending())
        if action == "compute":
            return self._state is not None and self._state.info is not None
        if action == "turn":
            return self._state is not None and any(self.kept(self._state, name) for name in self.PROBES)
        return True

    def found(self, state: RunState, probe: str) -> Found | None:
        """The result to show: the latest, or, where the tab is turned to it, the one kept to compare with."""
        return (self.kept(state, probe) if self._turned else None) or state.probes.found.get(probe)

    def kept(self, state: RunState, probe: str) -> Found | None:
        """The result kept to compare with, where it is another one than the latest."""
        kept = state.probes.reference.get(probe)
        return kept if kept is not state.probes.found.get(probe) else None

    def titles(self, state: RunState, probe: str, width: int) -> tuple[Content, Content]:
        """What stands over two pictures side by side, each so wide: of which step and branch each is."""
        shown, kept = state.probes.found.get(probe), self.kept(state, probe)
        return (
            Content.styled(_place(state, shown), "bold").truncate(width),
            Content.styled(_place(state, kept), REFERENCE).truncate(width),
        )

    def _pending(self) -> list[str]:
        return [
            name for name in self.PROBES if self._state is not None and name in self._state.probes.pending
        ]

    # --- what the tabs' sections are made of --------------------------------------------------------------

    def section(self, state: RunState, probe: str, title: str, hint: str, view: View) -> Iterator[Content]:
        """A heading that says of which step the result is, or how to get one, and the result."""
        if missing := unmet(probe, state.preset):
            said = f"  says nothing of this run: it needs {missing}."
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
        yield from (line.stylize("dim") if stale else line for line in lines)


def _answered(state: RunState, wish: Wish) -> bool:
    found = state.probes.found.get(wish.probe)
    return found is not None and found.answers(wish, state.place)


def _standing(state: RunState, probe: str, found: Found | None, hint: str) -> Content:
    """Of which step a result is, whether another one is on its way, and what it is compared with."""
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
        return Content.styled(f"of step {position:,}; enter computes it here", "$warning")
    said = f"at step {position:,}"
    reference = state.probes.reference.get(probe)
    if reference is found:
        said += ", kept to compare with"
    elif reference is not None:
        said += f", beside it step {reference.place.position:,}{_branch(state, reference)}"
    return Content.styled(said, "$muted")


def _place(state: RunState, found: Found | None) -> str:
    """Where a result is from; the branch where the run has several, which is named by what differs there."""
    if found is None:
        return ""
    branch = state.branches.get(found.place.branch) if len(state.branches) > 1 else None
    return f"step {found.place.position:,}" + (f", {text.plain(branch.name)}" if branch is not None else "")


def _branch(state: RunState, found: Found) -> str:
    if found.place.branch == state.branch or found.place.branch not in state.branches:
        return ""
    return f" of {text.plain(state.branches[found.place.branch].name)}"


def _progress(state: RunState, pending: Pending) -> Content:
    """How far a probe is; one that waits says for which."""
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
