"""The tab of branches: a tree, and a comparison of two branches at the same position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gradstep.engine.conditions.evidence import counts
from gradstep.engine.records.record import COLUMNS as STORED
from gradstep.engine.worker.events import (
    BranchInfo,
)
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.state.lineage import last_shared
from gradstep.tui.state.log import changes_in_words
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.scroll import Choices, Scroll

COMPARED = ("loss", "accuracy", "mistakes", "grad_norm", "learning_rate")
COLUMNS = ("here", "there", "difference")
NAME_WIDTH, LONGEST_NAME = 14, 45
ROOM_BESIDE = 72
"""The least width with the table beside the tree; below it, the table goes under the tree."""
AT_ONCE = 1000
"""The number of positions compared at a time."""
DIFFERING = [at for at, name in enumerate(STORED) if name not in ("learning_rate", "seconds")]
"""The columns of a record that are compared: neither the setting nor the time."""


class Tree(Choices):
    """The list of branches; enter goes to the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("branch_tree")]


class BranchesPane(Horizontal):
    """The tree, and the run's branch compared with the highlighted one."""

    CARES = Topic.RUN | Topic.RECORDS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("branches")]

    @dataclass
    class Chosen(Message):
        """The user chose a branch to go to."""

        number: int

    @dataclass
    class Rename(Message):
        """The user wants to rename a branch."""

        branch: BranchInfo

    @dataclass
    class Delete(Message):
        """The user wants to delete a branch."""

        number: int

    def __init__(self) -> None:
        super().__init__(id="branches")
        self.list = Tree(id="branch-tree", markup=False, compact=True)
        self._table = Static(markup=False)
        self._state: RunState | None = None
        self._shown: tuple[tuple[int, Content], ...] = ()
        self._compared: tuple[object, ...] = ()
        self._alike = 0
        """The last position up to which both branches have been compared and are equal."""

    def compose(self) -> ComposeResult:
        yield self.list
        with Scroll():
            yield self._table

    def show(self, state: RunState, _topics: Topic) -> None:
        self._state = state
        lines = tuple(_tree(state))
        before, self._shown = self._shown, lines
        numbers = [number for number, _ in lines]
        if numbers == [number for number, _ in before]:
            for at, (old, new) in enumerate(zip(before, lines, strict=True)):
                if old != new:
                    self.list.replace_option_prompt_at_index(at, new[1])
        else:
            highlighted = self.list.highlighted_option
            self.list.clear_options()
            for number, prompt in lines:
                self.list.add_option(Option(prompt, id=str(number)))
            chosen = highlighted.id if highlighted is not None else str(state.branch)
            ids = list(map(str, numbers))
            self.list.highlighted = ids.index(chosen) if chosen in ids else 0
        self._compare()

    def on_resize(self) -> None:
        self.set_class(self.size.width < ROOM_BESIDE, "-stacked")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._compare()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.post_message(self.Chosen(int(event.option_id)))

    def action_rename(self) -> None:
        if (branch := self._highlighted()) is not None:
            self.post_message(self.Rename(branch))

    def action_delete(self) -> None:
        if (branch := self._highlighted()) is not None:
            self.post_message(self.Delete(branch.number))

    def _highlighted(self) -> BranchInfo | None:
        option = self.list.highlighted_option
        if self._state is None or option is None or option.id is None:
            return None
        return self._state.branches.get(int(option.id))

    def _compare(self) -> None:
        """Compare the run's branch with the highlighted one, at the run's position."""
        state, other = self._state, self._highlighted()
        if state is None or other is None or state.branch not in state.branches:
            return
        here = state.branches[state.branch]
        if other.number == here.number:
            self._say(Content.styled("↑↓ compares with a branch, enter goes there, f forks here", "$muted"))
            return
        mine, theirs = state.history, state.histories[other.number]
        position = min(state.position, len(mine) - 1, len(theirs) - 1)
        if position < 0:
            return  # the records of a new branch are still to come
        first = last_shared(state, other.number)
        lines: list[str | tuple[str, str]] = []
        for column, branch in zip(COLUMNS, (here, other), strict=False):
            lines += [(f"{column:7}", "$muted"), (_cut(text.plain(branch.name)), "bold"), "\n"]
        lines += [(f"from step {first:,} on; at step {position:,}, here − there:", "$muted"), "\n"]
        lines += [" " * NAME_WIDTH, *((f"{column:>{text.NUMBER_WIDTH}} ", "bold") for column in COLUMNS)]
        for field in COMPARED:
            a, b = mine.record(position)[field], theirs.record(position)[field]
            if a is not None or b is not None:
                lines += ["\n", (f"{field:{NAME_WIDTH}}", "$muted")]
                lines.append(" ".join((_number(field, a), _number(field, b), _difference(field, a, b))))
        lines += ["\n", (self._first_difference(state, other.number, first), "$muted")]
        self._say(Content.assemble(*lines))

    def _first_difference(self, state: RunState, other: int, first: int) -> str:
        """Return the first position whose records differ, in words; search each position once."""
        mine, theirs = state.history, state.histories[other]
        if (compared := (state.branch, other, state.revision)) != self._compared:
            self._compared, self._alike = compared, first
        last = min(len(mine), len(theirs)) - 1
        while self._alike < last:
            begin, end = self._alike + 1, min(self._alike + 1 + AT_ONCE, last + 1)
            a, b = (history.rows(begin, end)[:, DIFFERING] for history in (mine, theirs))
            differing = np.flatnonzero(((a != b) & ~(np.isnan(a) & np.isnan(b))).any(1))
            if len(differing):
                self._alike = begin + int(differing[0]) - 1
                return f"first differs at step {self._alike + 1:,}"
            self._alike = end - 1
        return f"no difference up to step {last:,}"

    def _say(self, content: Content) -> None:
        if content != self._table.content:  # each update is a layout of the whole screen
            self._table.update(content)


def _cut(name: str) -> str:
    """Shorten a branch's name to one line of the table."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _number(field: str, value: float | None) -> str:
    """Format a field's value, padded to a column."""
    return text.field(field, value).rjust(text.NUMBER_WIDTH)


def _difference(field: str, here: float | None, there: float | None) -> str:
    """Format the difference with its sign, padded to a column."""
    if here is None or there is None:
        return text.number(None).rjust(text.NUMBER_WIDTH)
    more = here - there
    said = f"{more:+,}" if counts(field) and isinstance(more, int) else text.change(more)
    return ("0" if more == 0 else said).rjust(text.NUMBER_WIDTH)


def _tree(state: RunState) -> Iterator[tuple[int, Content]]:
    """Yield number and line of each branch, below its parent and indented."""

    def below(parent: int | None, depth: int) -> Iterator[tuple[int, Content]]:
        for branch in state.branches.values():
            if branch.parent == parent:
                yield branch.number, _line(state, branch, depth)
                yield from below(branch.number, depth + 1)

    yield from below(None, 0)


def _line(state: RunState, branch: BranchInfo, depth: int) -> Content:
    here = branch.number == state.branch
    changes = "; ".join(changes_in_words(changed) for _, changed in branch.changes)
    if changes.replace(" = ", " ") == text.plain(branch.name):
        changes = ""
    return Content.assemble(
        ("● " if here else "  ", "$primary"),
        "  " * depth + ("└ " if depth else ""),
        (text.plain(branch.name), "bold" if here else ""),
        (f"  {branch.fork:,} to {len(state.histories[branch.number]) - 1:,}", "$muted"),
        (f"  {changes}" if changes else "", "$accent"),
    )
