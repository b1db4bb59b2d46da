"""Keeping a tab's results, to set them beside later ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content
from textual.message import Message

from gradstep.tui import text
from gradstep.tui.panes.numbers import HERE, KEPT, REFERENCE
from gradstep.tui.state.probes import Found, Place
from gradstep.tui.state.run import RunState
from gradstep.tui.widgets.scroll import Scroll

UNKEPT = {
    "c": "Nothing to keep yet. Press enter to compute it.",
    "C": "Nothing to compare with yet. Press c, then move to another step.",
    "t": "Nothing is kept yet. Press c, then move to another step.",
}
"""By key: why it does nothing, and what to press instead."""
KEPT_IS_SHOWN = "The kept result is the one shown. Move to another step, then press t."


class ComparingPane(Scroll):
    """A tab on probes whose results can be kept, and shown beside or instead of the latest ones."""

    PROBES: ClassVar[tuple[str, ...]] = ()
    """The probes whose results the tab shows."""

    class Compared(Message, namespace="probe_pane"):
        """The kept results have changed."""

    @dataclass
    class Impossible(Message, namespace="probe_pane"):
        """A key does nothing now: why, and what to press instead."""

        why: str

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._state: RunState | None = None
        self._turned = False
        """Whether the kept results are shown instead of the latest ones."""

    @abstractmethod
    def draw(self) -> None:
        """Draw the results, or those kept."""

    def action_keep(self) -> None:
        self._compare_with(before=False)

    def action_beside_last(self) -> None:
        self._compare_with(before=True)

    def _compare_with(self, *, before: bool) -> None:
        """Keep the latest results, or with `before` those of the place before."""
        if self._state is not None:
            self._turned = False
            self._state.probes.keep(self.PROBES, before=before)
            self.post_message(self.Compared())

    def action_drop(self) -> None:
        if self._state is not None:
            self._turned = False
            self._state.probes.drop(self.PROBES)
            self.post_message(self.Compared())

    def action_turn(self) -> None:
        self._turned = True
        self.draw()

    def action_turn_back(self) -> None:
        self._turned = False
        self.draw()

    def action_explain(self, key: str) -> None:
        """Say why a key for comparing does nothing now."""
        kept = self._state is not None and self._results(self._state.probes.reference)
        self.post_message(self.Impossible(KEPT_IS_SHOWN if key == "t" and kept else UNKEPT[key]))

    def _results(self, of: Mapping[str, Found]) -> list[Found]:
        """Return the results of this tab's probes."""
        return [of[name] for name in self.PROBES if name in of]

    def found(self, state: RunState, probe: str) -> Found | None:
        """Return the result to show: the latest, or the kept one while the tab is turned to it."""
        return (self.kept(state, probe) if self._turned else None) or state.probes.found.get(probe)

    def kept(self, state: RunState, probe: str) -> Found | None:
        """Return the kept result, unless it is the latest one itself."""
        kept = state.probes.reference.get(probe)
        return kept if kept is not state.probes.found.get(probe) else None

    def titles(self, state: RunState, probe: str, width: int) -> tuple[Content, Content]:
        """Return the titles over two pictures side by side, each at most `width` cells.

        A title has the step, and the branch where they differ. The parts that both have in common are left
        out first.
        """
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


def _branch_name(state: RunState, place: Place) -> str:
    branch = state.branches.get(place.branch)
    return branch.name if branch is not None else ""
