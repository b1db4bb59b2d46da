"""The branches of a run: their forks, names and configs."""

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
"""(position, config in force from there on), ascending."""


@dataclass
class Branch:
    """The positions from `fork` on. Earlier ones belong to the parent; the root begins at 0."""

    number: int
    name: str
    parent: int | None
    fork: int
    history: History
    keyframes: Keyframes
    configs: Schedule
    """The first one applies from `fork` on."""
    changes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """(position, changed settings as the user gave them)."""

    @property
    def tip(self) -> int:
        """The last recorded position."""
        return len(self.history) - 1

    @property
    def empty(self) -> bool:
        """Whether a branch other than the root has no step of its own."""
        return self.parent is not None and self.tip == self.fork


class Branches(Mapping[int, Branch]):
    """Branches by their numbers, parents before children; 0 is the root.

    `revision` counts the changes of names and configs, the new and the deleted branches.
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
        """Return a branch by its number. Raises UserError for an unknown one."""
        if number not in self._branches:
            raise UserError(f"no branch {number}; there are: {', '.join(map(str, self._branches))}")
        return self._branches[number]

    def add(self, branch: Branch) -> None:
        """Add a branch, whose number is `next_number`."""
        self._branches[branch.number] = branch
        self.next_number = branch.number + 1
        self.revision += 1

    def rename(self, number: int, name: str) -> None:
        """Rename a branch. Raises UserError for an empty name, or another branch's."""
        branch, name = self.find(number), name.strip()
        if not name:
            raise UserError("a branch needs a name")
        self._check_unused(name, but=branch)
        branch.name = name
        self.revision += 1

    def delete(self, number: int, present: Branch) -> None:
        """Delete a branch. Raises UserError for the root, the current branch, and a parent of others."""
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
        """Set the watched names in all configs, and add quantities to measure."""
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
        """Yield the branch, its parent, and so on to the root."""
        yield branch
        while branch.parent is not None:
            branch = self._branches[branch.parent]
            yield branch

    def owner(self, branch: Branch, position: int) -> Branch:
        """Return the branch, this one or an ancestor, that holds a position."""
        while position < branch.fork and branch.parent is not None:
            branch = self._branches[branch.parent]
        return branch

    def schedule(self, branch: Branch) -> Schedule:
        """Return the configs along a branch, from position 0 on."""
        schedule: Schedule = []
        limit = math.inf
        for ancestor in self.lineage(branch):
            schedule = [entry for entry in ancestor.configs if entry[0] < limit] + schedule
            limit = ancestor.fork
        return schedule

    def new_name(self, name: str | None, changes: Mapping[str, Any]) -> str:
        """Return the given name, or else one from the changes or the number of the next branch.

        Raises UserError if the given name is another branch's.
        """
        if name and name.strip():
            self._check_unused(name.strip())
            return name.strip()
        said = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in changes.items())
        return self.free_name(said or f"branch {self.next_number}")

    def free_name(self, name: str) -> str:
        """Return the name, followed by a number if a branch has it already."""
        taken, number, free = {branch.name for branch in self.values()}, self.next_number, name
        while free in taken:
            free, number = f"{name} #{number}", number + 1
        return free

    def share(self, budget: int, present: Branch) -> None:
        """Share the bytes for saved states: half for this lineage, half for the other branches."""
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
