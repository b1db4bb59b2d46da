"""The branches of a run: which begins where on which, what they are called, and what is in force on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.engine.records.history import History
from gradstep.engine.timeline.keyframes import Keyframes

Schedule = list[tuple[int, Preset]]
"""What is in force from which position on."""


@dataclass
class Branch:
    """A time line from position `fork` of its parent's on (the root's from 0)."""

    number: int
    name: str
    parent: int | None
    fork: int
    history: History
    keyframes: Keyframes
    configs: Schedule
    """The first from `fork`."""
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """What was changed where, as the user said it."""

    @property
    def tip(self) -> int:
        """The last recorded position."""
        return len(self.history) - 1

    @property
    def empty(self) -> bool:
        """Whether it left another one and has no step of its own."""
        return self.parent is not None and self.tip == self.fork


class Branches(Mapping[int, Branch]):
    """Branches by their numbers, parents before children; 0 is the root.

    `revision` counts the changes of the branches themselves: their names, configs, coming and going.
    """

    def __init__(self, branches: Iterable[Branch]) -> None:
        self._branches = {branch.number: branch for branch in branches}
        self.next_number = max(self._branches) + 1
        self.revision = 0

    def __getitem__(self, number: int) -> Branch:
        return self._branches[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._branches)

    def __len__(self) -> int:
        return len(self._branches)

    def find(self, number: int) -> Branch:
        """The branch of a number that someone gave. Raises UserError."""
        if number not in self._branches:
            raise UserError(f"no branch {number}; there are: {', '.join(map(str, self._branches))}")
        return self._branches[number]

    def add(self, branch: Branch) -> None:
        """One more, of the number `next_number`."""
        self._branches[branch.number] = branch
        self.next_number = branch.number + 1
        self.revision += 1

    def rename(self, number: int, name: str) -> None:
        """Give a branch a name that no other has. Raises UserError."""
        branch, name = self.find(number), name.strip()
        if not name:
            raise UserError("a branch needs a name")
        self._check_unused(name, but=branch)
        branch.name = name
        self.revision += 1

    def delete(self, number: int, present: Branch) -> None:
        """Forget a branch. Raises UserError for the root, the present one and another's parent."""
        branch = self.find(number)
        children = [other.name for other in self.values() if other.parent == number]
        if number == 0:
            raise UserError(f"{branch.name!r} is where every branch begins: it can't be deleted")
        if children:
            raise UserError(f"{branch.name!r} can't be deleted while {', '.join(children)} begins on it")
        if branch is present:
            raise UserError(f"{branch.name!r} is where the run stands: switch to another branch first")
        del self._branches[number]
        self.revision += 1

    def watch(self, names: Sequence[str], measure: Mapping[str, int]) -> None:
        """Have the configs of all branches watch these, and measure these too."""
        for branch in self.values():
            branch.configs = [
                (
                    position,
                    preset.model_copy(
                        update={"watch": list(names), "measure": {**preset.measure, **measure}}
                    ),
                )
                for position, preset in branch.configs
            ]
        self.revision += 1

    def lineage(self, branch: Branch) -> Iterator[Branch]:
        """The branch, its parent, and so on to the root."""
        yield branch
        while branch.parent is not None:
            branch = self._branches[branch.parent]
            yield branch

    def owner(self, branch: Branch, position: int) -> Branch:
        """The branch of this one's lineage on which a position lies."""
        while position < branch.fork and branch.parent is not None:
            branch = self._branches[branch.parent]
        return branch

    def schedule(self, branch: Branch) -> Schedule:
        """What is in force along a branch, from position 0 on."""
        schedule: Schedule = []
        limit = math.inf
        for ancestor in self.lineage(branch):
            schedule = [entry for entry in ancestor.configs if entry[0] < limit] + schedule
            limit = ancestor.fork
        return schedule

    def new_name(self, name: str | None, changes: Mapping[str, Any]) -> str:
        """A name for the next branch: the given one, or what is changed on it, or its number. Raises
        UserError where the given one is another's."""
        if name and name.strip():
            self._check_unused(name.strip())
            return name.strip()
        said = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in changes.items())
        return self.free_name(said or f"branch {self.next_number}")

    def free_name(self, name: str) -> str:
        """The name, with a number behind it where a branch has it already."""
        taken, number, free = {branch.name for branch in self.values()}, self.next_number, name
        while free in taken:
            free, number = f"{name} #{number}", number + 1
        return free

    def share(self, budget: int, present: Branch) -> None:
        """Share bytes for saved states: half to the present branch and those it began on, the rest to the
        others."""
        line = {branch.number for branch in self.lineage(present)}
        others = len(self) - len(line)
        share = budget // len(line) // (2 if others else 1)
        rest = min(share, budget // 2 // max(1, others))
        for branch in self.values():
            branch.keyframes.limit(
                share if branch.number in line else rest, len(branch.history), root=branch.number == 0
            )

    def _check_unused(self, name: str, but: Branch | None = None) -> None:
        if any(branch.name == name for branch in self.values() if branch is not but):
            raise UserError(f"there is a branch {name!r} already")
