"""The session file: a run with its branches, records and some of its states, in SQLite.

Records are blobs of rows, states are safetensors: nothing in a file can run code.
"""

from __future__ import annotations

import contextlib
import json
import os
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

SCHEMA = 2
"""2 has measured quantities and, in its states, since when units are silent; 1 is read too."""
APPLICATION_ID = 0x67726473
"""Marks a SQLite file as gradstep's: "grds"."""

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


class SessionFile:
    """An open session file. Every method raises StoreError for what the disk or the contents refuse."""

    def __init__(self, path: Path, *, create: bool = False, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        with self._explained():
            if not create and not path.exists():
                raise StoreError(f"{path}: no such file")
            if not create and (path.is_dir() or path.stat().st_size == 0):
                raise StoreError(f"{path}: this is no gradstep session")
            if not create:
                path.open("rb").close()  # the system says why it can't be read, SQLite does not
            self._db = self._connect(str(path))
            try:
                if create:
                    self._create()
                else:
                    self._check()
                self._db.execute("pragma synchronous = normal")
                if read_only:
                    self._db.execute("pragma query_only = on")
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within it is in the file, or nothing is."""
        with self._explained():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("rollback")
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read within it is of one moment, whatever another process writes meanwhile."""
        with self._explained():
            self._db.execute("begin")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("rollback")

    def check_writable(self) -> None:
        """Make the file one of this format. Raises StoreError if nothing can be written."""
        with self.transaction():
            self._db.execute(_MEASURED)
            self._db.execute(f"pragma user_version = {SCHEMA}")

    def put_meta(self, **values: str) -> None:
        self._db.executemany("insert or replace into meta values (?, ?)", values.items())

    def meta(self) -> dict[str, str]:
        with self._explained():
            return dict(self._db.execute("select key, value from meta"))

    def put_branches(self, branches: list[StoredBranch]) -> None:
        """Replace what is stored of the branches; of a branch that is no more, records and states go too."""
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
        """The branches, parents before children."""
        with self._explained():
            found = self._db.execute("select number, name, parent, fork from branches order by number")
            return [self._branch(*row) for row in found.fetchall()]

    def _branch(self, number: int, name: str, parent: int | None, fork: int) -> StoredBranch:
        """A row of `branches` with what belongs to it. Any column of a damaged file can hold anything."""
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
            raise StoreError(f"{self.path}: the file is damaged: branch {number} is none")
        return StoredBranch(number, name, parent, fork, configs, changes)

    def put_rows(self, branch: int, first: int, rows: NDArray[np.float64]) -> None:
        """Add rows (positions, columns) from a position on; they replace any stored before."""
        blob = rows.astype("<f8").tobytes()
        self._db.execute("insert into records values (?, ?, ?)", (branch, first, blob))

    def rows(self, branch: int, fork: int) -> NDArray[np.float64]:
        """A branch's own rows, from its fork on."""
        width = 8 * len(COLUMNS)
        with self._explained():
            chunks = self._db.execute(
                "select first, rows from records where branch = ? order by rowid", (branch,)
            ).fetchall()
            length = max((first - fork + len(blob) // width for first, blob in chunks), default=0)
            if length * width > sum(len(blob) for _, blob in chunks):
                raise StoreError(f"{self.path}: the file is damaged: records are missing")
            whole = np.empty((length, len(COLUMNS)))
            filled = 0
            for first, blob in chunks:
                rows = np.frombuffer(blob, "<f8").reshape(-1, len(COLUMNS))
                at = first - fork
                # what is written over begins within what there is, and what is new right after it
                if not 0 <= at <= filled:
                    raise StoreError(f"{self.path}: the file is damaged: records are missing")
                whole[at : at + len(rows)] = rows
                filled = max(filled, at + len(rows))
            return whole

    def put_measured(self, branch: int, values: QuantityValues) -> None:
        """Add values of a quantity; they replace any stored before."""
        name, positions, numbers = values
        blobs = positions.astype("<i8").tobytes(), numbers.astype("<f8").tobytes()
        self._db.execute("insert into measured values (?, ?, ?, ?)", (branch, name, *blobs))

    def measured(self, branch: int) -> Iterator[QuantityValues]:
        """What was measured on a branch, in the order written; nothing in a file of format 1."""
        with self._explained():
            there = self._db.execute("select 1 from sqlite_master where name = 'measured'").fetchone()
            stored = "select name, positions, numbers from measured where branch = ? order by rowid"
            found = self._db.execute(stored, (branch,)).fetchall() if there else []
        for name, positions, numbers in found:
            with self._explained():
                values = np.frombuffer(positions, "<i8"), np.frombuffer(numbers, "<f8")
            if not isinstance(name, str) or len(values[0]) != len(values[1]):
                raise StoreError(f"{self.path}: the file is damaged: what was measured is no column")
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
        """The number of records in all branches, and the last loss of the branch written to last."""
        with self._explained():
            (total,) = self._db.execute("select coalesce(sum(length(rows)), 0) from records").fetchone()
            last = self._db.execute("select rows from records order by rowid desc limit 1").fetchone()
            row_bytes = 8 * len(COLUMNS)
            loss = float(np.frombuffer(last[0][-row_bytes:], "<f8")[0]) if last and len(last[0]) else None
            return total // row_bytes, loss

    def _connect(self, database: str, *, uri: bool = False) -> sqlite3.Connection:
        # the front end reads the list of sessions in another thread than it opened this one
        return sqlite3.connect(database, isolation_level=None, timeout=2.0, check_same_thread=False, uri=uri)

    def _create(self) -> None:
        self._db.execute(f"pragma application_id = {APPLICATION_ID}")
        self._db.execute(f"pragma user_version = {SCHEMA}")
        self._db.execute("pragma journal_mode = wal")
        self._db.executescript(f"begin; {_TABLES} commit;")

    def _check(self) -> None:
        """Whether this is a session that this version can read."""
        try:
            application, version, others = self._kind()
        except sqlite3.OperationalError:
            if not self.read_only or os.access(self.path.parent, os.W_OK):
                raise
            # SQLite can't make the files that it shares a database with: nobody writes to this one either
            self._db.close()
            self._db = self._connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True)
            application, version, others = self._kind()
        if application != APPLICATION_ID or others:
            raise StoreError(f"{self.path}: this is no gradstep session")
        if version > SCHEMA:
            raise StoreError(
                f"{self.path}: written by a newer gradstep (format {version}; this one reads {SCHEMA})"
            )

    def _kind(self) -> tuple[int, int, int]:
        """The application and version that the file says, and how many views and triggers it has: they
        would be carried out as it is read."""
        try:
            (application,) = self._db.execute("pragma application_id").fetchone()
            (version,) = self._db.execute("pragma user_version").fetchone()
            (others,) = self._db.execute(
                "select count(*) from sqlite_master where type not in ('table', 'index')"
            ).fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            raise StoreError(f"{self.path}: this is no gradstep session") from None
        return application, version, others

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: {error}") from None
        except (sqlite3.Error, ValueError, TypeError, RecursionError, MemoryError) as error:
            raise StoreError(f"{self.path}: the file is damaged: {error}") from None
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from None


def refuse_existing(path: Path) -> None:
    """Raise StoreError where a new session can't begin, since there is something already."""
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
