"""The session file: a run with its branches, records and some of its states, in SQLite.

Records are blobs of rows, states are safetensors: nothing in a file can run code.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.errors import UserError
from gradstep.engine.records.quantity_columns import QuantityValues
from gradstep.engine.records.record import COLUMNS
from gradstep.engine.session.sqlite_file import SqliteFile

_MEASURED = """
create table if not exists measured (
    branch integer, name text not null, positions blob not null, numbers blob not null
);
"""
_TABLES = f"""
create table meta (key text primary key, value text not null);
create table branches (number integer primary key, name text not null, parent integer, fork integer not null);
create table configs (branch integer, position integer, toml text not null, primary key (branch, position));
create table changes (branch integer, position integer, changes text not null);
create table records (branch integer, first integer, rows blob not null);
create index records_of on records (branch);
create table keyframes (
    branch integer, position integer, state blob not null, primary key (branch, position)
);
{_MEASURED}
"""


class StoreError(UserError):
    """A session file that can't be read or written; the text names it and says why."""


@dataclass(frozen=True)
class StoredBranch:
    number: int
    name: str
    parent: int | None
    fork: int
    configs: list[tuple[int, str]]
    changes: list[tuple[int, dict[str, Any]]]


class SessionFile(SqliteFile):
    """An open session file. Every method raises StoreError for what the disk or the contents refuse."""

    application_id = 0x67726473  # "grds"
    version = 2
    """Format 2 adds measured quantities and, in the states, when each unit fired last; 1 is readable."""
    kind = "gradstep session"
    error = StoreError

    def __init__(self, path: Path, *, create: bool = False, read_only: bool = False) -> None:
        super().__init__(path, create=create, read_only=read_only)
        with self._explained():
            self._db.execute("pragma synchronous = normal")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read everything within it as of one moment, whatever another process writes meanwhile."""
        with self._explained():
            self._db.execute("begin")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("rollback")

    def check_writable(self) -> None:
        """Update the file to this format. Raises StoreError if nothing can be written."""
        with self.transaction():
            self._db.execute(_MEASURED)
            self._db.execute(f"pragma user_version = {self.version}")

    def put_branches(self, branches: list[StoredBranch]) -> None:
        """Replace the stored branches. Records and states of deleted branches are deleted too."""
        db = self._db
        for table in ("branches", "configs", "changes"):
            db.execute(f"delete from {table}")
        for branch in branches:
            db.execute(
                "insert into branches values (?, ?, ?, ?)",
                (branch.number, branch.name, branch.parent, branch.fork),
            )
            db.executemany(
                "insert into configs values (?, ?, ?)",
                [(branch.number, position, toml) for position, toml in branch.configs],
            )
            db.executemany(
                "insert into changes values (?, ?, ?)",
                [(branch.number, position, json.dumps(made)) for position, made in branch.changes],
            )
        numbers = ",".join(str(branch.number) for branch in branches)
        for table in ("records", "keyframes", "measured"):
            db.execute(f"delete from {table} where branch not in ({numbers})")

    def branches(self) -> list[StoredBranch]:
        """Return the branches, parents before children."""
        with self._explained():
            found = self._db.execute("select number, name, parent, fork from branches order by number")
            return [self._branch(*row) for row in found.fetchall()]

    def _branch(self, number: int, name: str, parent: int | None, fork: int) -> StoredBranch:
        """Return a stored branch. Any column of a damaged file can hold anything."""
        of = (number,)
        configs = self._db.execute(
            "select position, toml from configs where branch = ? order by position", of
        ).fetchall()
        changes = [
            (position, json.loads(made))
            for position, made in self._db.execute(
                "select position, changes from changes where branch = ? order by rowid", of
            )
        ]
        if not (
            isinstance(name, str)
            and isinstance(fork, int)
            and isinstance(parent, int | None)
            and all(isinstance(at, int) and isinstance(toml, str) for at, toml in configs)
            and all(isinstance(at, int) and isinstance(made, dict) for at, made in changes)
        ):
            raise self.damaged(f"branch {number} is none")
        return StoredBranch(number, name, parent, fork, configs, changes)

    def put_rows(self, branch: int, first: int, rows: NDArray[np.float64]) -> None:
        """Add rows (positions, columns) from position `first` on. They replace stored ones."""
        blob = rows.astype("<f8").tobytes()
        self._db.execute("insert into records values (?, ?, ?)", (branch, first, blob))

    def rows(self, branch: int, fork: int) -> NDArray[np.float64]:
        """Return a branch's own rows (positions, columns), from its fork on."""
        width = 8 * len(COLUMNS)
        with self._explained():
            chunks = self._db.execute(
                "select first, rows from records where branch = ? order by rowid", (branch,)
            ).fetchall()
            length = max((first - fork + len(blob) // width for first, blob in chunks), default=0)
            if length * width > sum(len(blob) for _, blob in chunks):
                raise self.damaged("records are missing")
            whole = np.empty((length, len(COLUMNS)))
            filled = 0
            for first, blob in chunks:
                rows = np.frombuffer(blob, "<f8").reshape(-1, len(COLUMNS))
                at = first - fork
                # a chunk that overwrites begins within the filled rows, a new one right behind them
                if not 0 <= at <= filled:
                    raise self.damaged("records are missing")
                whole[at : at + len(rows)] = rows
                filled = max(filled, at + len(rows))
            return whole

    def put_measured(self, branch: int, values: QuantityValues) -> None:
        """Add values of a quantity. They replace stored ones."""
        name, positions, numbers = values
        blobs = positions.astype("<i8").tobytes(), numbers.astype("<f8").tobytes()
        self._db.execute("insert into measured values (?, ?, ?, ?)", (branch, name, *blobs))

    def measured(self, branch: int) -> Iterator[QuantityValues]:
        """Yield measured values of a branch in the order written. A file of format 1 has none."""
        with self._explained():
            there = self._db.execute("select 1 from sqlite_master where name = 'measured'").fetchone()
            stored = "select name, positions, numbers from measured where branch = ? order by rowid"
            found = self._db.execute(stored, (branch,)).fetchall() if there else []
        for name, positions, numbers in found:
            with self._explained():
                values = np.frombuffer(positions, "<i8"), np.frombuffer(numbers, "<f8")
            if not isinstance(name, str) or len(values[0]) != len(values[1]):
                raise self.damaged("the measured values are no column")
            yield name, *values

    def put_keyframe(self, branch: int, position: int, state: bytes) -> None:
        self._db.execute("insert or replace into keyframes values (?, ?, ?)", (branch, position, state))

    def drop_keyframe(self, branch: int, position: int) -> None:
        self._db.execute("delete from keyframes where branch = ? and position = ?", (branch, position))

    def keyframe_sizes(self) -> list[tuple[int, int, int]]:
        """(branch, position, bytes) of each stored state, in order."""
        with self._explained():
            return self._db.execute(
                "select branch, position, length(state) from keyframes order by branch, position"
            ).fetchall()

    def keyframe(self, branch: int, position: int) -> bytes:
        with self._explained():
            (state,) = self._db.execute(
                "select state from keyframes where branch = ? and position = ?", (branch, position)
            ).fetchone()
            return bytes(state)

    def record_counts(self) -> tuple[int, float | None]:
        """Return the number of records in all branches, and the last loss written, if any."""
        with self._explained():
            (total,) = self._db.execute("select coalesce(sum(length(rows)), 0) from records").fetchone()
            last = self._db.execute("select rows from records order by rowid desc limit 1").fetchone()
            row_bytes = 8 * len(COLUMNS)
            loss = float(np.frombuffer(last[0][-row_bytes:], "<f8")[0]) if last and len(last[0]) else None
            return total // row_bytes, loss

    def _create(self) -> None:
        self._db.execute(f"pragma application_id = {self.application_id}")
        self._db.execute(f"pragma user_version = {self.version}")
        self._db.execute("pragma journal_mode = wal")
        self._db.executescript(f"begin; {_TABLES} commit;")


def refuse_existing(path: Path) -> None:
    """Raise StoreError if the path of a new session is taken."""
    if path.is_dir():
        raise StoreError(f"{path}: there is a folder of that name")
    if path.exists():
        raise StoreError(f"{path}: there is a file already")


def delete_files(path: Path) -> None:
    """Delete a session file and what SQLite keeps beside it. Raises StoreError."""
    try:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot be deleted: {error.strerror}") from None
