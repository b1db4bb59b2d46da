"""What the tabs on probes have in common: asking, telling how far it is and what it is of, comparing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from gradstep.tui.panes.numbers import HERE, KEPT, REFERENCE
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Found, Pending, Place, Wish
from gradstep.tui.state.run import RunState, Topic
from gradstep.tui.widgets.scroll import Scroll
from gradstep.tui.wire.plain import spelled

if TYPE_CHECKING:
    from gradstep.tui.wire.app import WireApp

BAR_WIDTH = 10
LEAST_WIDTH = 40
UNKEPT = {
    "c": "there is nothing to keep yet: enter computes it",
    "C": "nothing was shown here at another place before: c keeps what is shown, to stand beside it later",
    "t": "nothing is kept to turn to: c keeps what is shown; then go to another step",
}
"""Why a key for comparing does nothing, and what to press instead."""

View = Callable[[Any, Any], list[Content]]
"""The lines that show a result; beside its numbers those of another one, if that is not None."""


class ProbePane(Scroll, can_focus=True):
    """A tab that shows what some probes say of the state where the run stands."""

    CARES = Topic.PROBES | Topic.STATUS | Topic.RECORDS | Topic.RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("probes"),
        *(Binding(key, f"explain('{key}')", "", show=False) for key in UNKEPT),
    ]
    """Of those of one key the first that has a meaning now is taken."""
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
    class Kept(Message):
        """The results of these probes, the present ones or those of the place before, shall stand beside
        later ones."""

        probes: Sequence[str]
        before: bool

    @dataclass
    class Dropped(Message):
        """What was kept of these probes shall no longer stand beside later results."""

        probes: Sequence[str]

    @dataclass
    class Impossible(Message):
        """What a key asks for can't be done now: why, and what to press instead."""

        why: str

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

    def action_keep(self) -> None:
        self._turned = False
        self.post_message(self.Kept(self.PROBES, before=False))

    def action_beside_last(self) -> None:
        self.post_message(self.Kept(self.PROBES, before=True))

    def action_drop(self) -> None:
        self._turned = False
        self.post_message(self.Dropped(self.PROBES))

    def action_turn(self) -> None:
        self._turned = True
        self.draw()

    def action_turn_back(self) -> None:
        self._turned = False
        self.draw()

    def action_explain(self, key: str) -> None:
        """Say why a key does nothing now."""
        if key == "t" and self._state is not None and self._results(self._state.probes.reference):
            why = "what was kept is what is shown: go to another step, then t turns to it"
        else:
            why = UNKEPT[key]
        self.post_message(self.Impossible(why))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """`escape` cancels only where there is something to cancel, and `enter` needs a run."""
        if action == "cancel":
            return bool(self._pending())
        if (state := self._state) is None:
            return action not in ("compute", "keep", "beside_last", "drop", "turn", "turn_back")
        compares = any(self.kept(state, name) for name in self.PROBES)
        shown, kept = self._results(state.probes.found), self._results(state.probes.reference)
        if action == "compute":
            wishes = (*self.automatic(state), *self.on_request(state))
            return state.info is not None and any(not unmet(wish.probe, state.preset) for wish in wishes)
        if action == "keep":
            return any(found not in kept for found in shown)
        if action == "beside_last":
            return not compares and bool(self._results(state.probes.before))
        if action == "drop":
            return bool(kept)
        if action in ("turn", "turn_back"):
            return compares and self._turned == (action == "turn_back")
        return True

    def _results(self, of: Mapping[str, Found]) -> list[Found]:
        """Those of this tab's probes."""
        return [of[name] for name in self.PROBES if name in of]

    def found(self, state: RunState, probe: str) -> Found | None:
        """The result to show: the latest, or, where the tab is turned to it, the one kept to compare with."""
        return (self.kept(state, probe) if self._turned else None) or state.probes.found.get(probe)

    def kept(self, state: RunState, probe: str) -> Found | None:
        """The result kept to compare with, where it is another one than the latest."""
        kept = state.probes.reference.get(probe)
        return kept if kept is not state.probes.found.get(probe) else None

    def titles(self, state: RunState, probe: str, width: int) -> tuple[Content, Content]:
        """What stands over two pictures side by side, each so wide: of which step each is, and of which
        branch where they are of two. Where there is no room for all, what is the same of both goes first."""
        shown, kept = state.probes.found.get(probe), self.kept(state, probe)
        if shown is None or kept is None:
            return Content(), Content()
        places = shown.place, kept.place
        steps = [f"step {place.position:,}" for place in places]
        apart = places[0].branch != places[1].branch
        names = [_branch_name(state, place) if apart else "" for place in places]
        both = [", ".join(filter(None, each)) for each in zip(steps, names, strict=True)]
        called = [f"{name}: {each}" for name, each in zip((HERE, KEPT), both, strict=True)]
        brief = names if all(names) and steps[0] == steps[1] else steps
        said = next((each for each in (called, both) if max(map(len, each)) <= width), brief)
        here, then = (text.plain(each) for each in said)
        return (
            Content.styled(here, "bold").truncate(width, ellipsis=True),
            Content.styled(then, REFERENCE).truncate(width, ellipsis=True),
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
        of = f"of step {position:,}{_branch(state, found)}"
        return Content.styled(f"{of}; enter computes it here", "$warning")
    said = f"at step {position:,}"
    reference = state.probes.reference.get(probe)
    if reference is found:
        said += ", kept to compare with"
    elif reference is not None:
        said += f", {KEPT}: step {reference.place.position:,}{_branch(state, reference)}"
    return Content.styled(said, "$muted")


def _branch_name(state: RunState, place: Place) -> str:
    branch = state.branches.get(place.branch)
    return branch.name if branch is not None else ""


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
