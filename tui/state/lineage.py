"""The current branch and its ancestors: the marks along them, and their forks."""

from __future__ import annotations

from collections.abc import Iterator

from gradstep.tui import text
from gradstep.tui.charts.series import Mark
from gradstep.tui.state.log import changes_in_words
from gradstep.tui.state.run import RunState


def branch_marks(state: RunState) -> list[Mark]:
    """Return the marks of the current branch and of its ancestors before the forks, by position."""
    found: list[Mark] = []
    for number, end in _lineage(state, state.branch):
        branch = state.branches.get(number)
        changes = branch.changes if branch is not None else ()
        here = [Mark(position, "change", changes_in_words(values)) for position, values in changes]
        here += [
            Mark(child.fork, "fork", f"{text.plain(child.name)} begins")
            for child in state.branches.values()
            if child.parent == number
        ]
        found += [mark for mark in here + state.stops.get(number, []) if mark.position <= end]
    return sorted(found, key=lambda mark: mark.position)


def last_shared(state: RunState, number: int) -> int:
    """Return the last position that the current branch shares with another."""
    ends = dict(_lineage(state, state.branch))
    for branch, end in _lineage(state, number):
        if branch in ends:
            return min(end, ends[branch])
    return 0


def _lineage(state: RunState, number: int | None) -> Iterator[tuple[int, int]]:
    """Yield a branch and its ancestors, each with its last position on the line."""
    end = len(state.histories[number or 0]) - 1
    while number is not None:
        yield number, end
        branch = state.branches.get(number)
        number, end = (branch.parent, branch.fork) if branch is not None else (None, 0)
