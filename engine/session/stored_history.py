"""The records of a saved run's branch, and what was measured beside them. Imports no torch."""

from __future__ import annotations

from gradstep.engine.errors import UserError
from gradstep.engine.records.history import History
from gradstep.engine.records.quantities import find_quantity
from gradstep.engine.session.file import SessionFile, StoredBranch, StoreError


def read_history(file: SessionFile, stored: StoredBranch, parent: History | None, batches: int) -> History:
    """A branch's history on that of its parent; an epoch has so many batches.

    Raises StoreError where the file is damaged, or the branch does not fit on its parent.
    """
    if (parent is None) != (stored.number == 0):
        raise StoreError(f"{file.path}: the file is damaged: branch {stored.number} has no parent")
    if not (parent.inherited <= stored.fork < len(parent) if parent is not None else stored.fork == 0):
        raise StoreError(f"{file.path}: the file is damaged: branch {stored.number} begins nowhere")
    history = History(batches, parent, stored.fork)
    history.extend(file.rows(stored.number, stored.fork))
    if len(history) == stored.fork:
        raise StoreError(f"{file.path}: the file is damaged: branch {stored.number} has no records")
    history.mark_saved()
    for name, positions, values in file.measured(stored.number):
        try:
            find_quantity(name)
        except UserError as error:
            raise StoreError(f"{file.path}: the file is damaged: {error}") from None
        if not ((positions >= stored.fork) & (positions < len(history))).all():
            raise StoreError(f"{file.path}: the file is damaged: {name!r} was measured nowhere")
        for position, value in zip(positions.tolist(), values.tolist(), strict=True):
            history.measured.put(name, position, value)
    return history
