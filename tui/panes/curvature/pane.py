"""The tab on the loss's curvature: its eigenvalues, their history, the data's directions, a map."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.content import Content

from gradstep.engine.probes.budget import PART_TOLERANCE, QUICK
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.panes.curvature.directions import direction_lines
from gradstep.tui.panes.curvature.eigenvalues import eigenvalue_lines
from gradstep.tui.panes.curvature.history import SharpnessHistory, history_lines
from gradstep.tui.panes.curvature.map import map_lines, map_width
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Found, Wish
from gradstep.tui.state.run import RunState

LARGEST = 5


class CurvaturePane(ProbePane):
    """`enter` computes the eigenvalues, `a` those on all samples, `v` the map.

    Once there is a map, `enter` renews it too.
    """

    PROBES = ("curvature", "spectrum", "surface")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("curvature")]

    def __init__(self) -> None:
        super().__init__("curvature")
        self._awaited: tuple[Found | None] | None = None
        """The map at the time that `v` asked for another one; the new one is scrolled into sight."""

    def on_request(self, state: RunState) -> Iterator[Wish]:
        if not unmet("spectrum", state):
            yield Wish("spectrum")
        yield Wish("curvature", {"k": LARGEST, "budget": QUICK})
        if "surface" in state.probes.found or "surface" in state.probes.failed:
            yield self._view(state)

    def action_all(self) -> None:
        many = {"k": LARGEST, "budget": None, "tolerance": PART_TOLERANCE}
        self.post_message(self.Asked([Wish("curvature", many)]))

    def action_surface(self) -> None:
        if self._state is not None:
            view, found = self._view(self._state), self._state.probes.found.get("surface")
            if found is None or not found.answers(view, self._state.place):
                self._awaited = (found,)
            self.post_message(self.Asked([view]))
            self.scroll_end(animate=False)

    def draw(self) -> None:
        """Redraw; scroll to the end, where the map is, once a new one has come."""
        super().draw()
        if self._awaited is not None and self._state is not None:
            probes = self._state.probes
            if probes.found.get("surface") is not self._awaited[0]:
                self._awaited = None
                self.scroll_end(animate=False)
            elif "surface" in probes.failed:
                self._awaited = None

    def _view(self, state: RunState) -> Wish:
        options: dict[str, Any] = {"budget": QUICK}
        kept = state.probes.reference.get("surface")
        if kept is not None:  # the same window, to compare side by side
            options["window"] = tuple(
                (float(axis[0]), float(axis[-1])) for axis in (kept.result.x, kept.result.y)
            )
        return Wish("surface", options)

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        total = state.info.samples if state.info is not None else 0
        hint = "enter computes it"
        if not unmet("spectrum", state):
            yield from self.section(
                state, "spectrum", "The data's directions", hint, partial(direction_lines, width)
            )
        eigenvalues = partial(eigenvalue_lines, width, total)
        yield from self.section(state, "curvature", "Curvature", hint, eigenvalues)
        kept = self.kept(state, "curvature")
        branches = [state.branch]
        if kept is not None and kept.place.branch != state.branch:
            branches.append(kept.place.branch)
        names = [
            Content.styled(text.plain(state.branches[each].name) if each in state.branches else "", "bold")
            for each in branches
        ]
        yield from history_lines([SharpnessHistory.of(state, each) for each in branches], names, width)
        hint = "v draws it, over the two sharpest directions"
        titles = self.titles(state, "surface", map_width(width))
        view = partial(map_lines, width, titles)
        yield from self.section(state, "surface", "The loss from above", hint, view)
