"""A SQLite file of gradstep's, with a table `meta` and errors that name the file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from gradstep.engine.errors import UserError


class SqliteFile(ABC):
    """An open file of one kind, which a subclass describes. Every method raises `error`, a UserError.

    Raised for whatever the disk or the contents refuse; the text names the file.
    """

    application_id: ClassVar[int]
    """Marks a SQLite file as one of this kind."""
    version: ClassVar[int] = 0
    """The newest format that this gradstep reads."""
    kind: ClassVar[str]
    """The kind in words, to complete "this is no …"."""
    error: ClassVar[type[UserError]]

    def __init__(self, path: Path, *, create: bool = False, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        with self._explained():
            if not create and not path.exists():
                raise self.error(f"{path}: no such file")
            if not create and (path.is_dir() or path.stat().st_size == 0):
                raise self._foreign()
            if not create:
                path.open("rb").close()  # the system says why it can't be read, SQLite does not
            self._db = self._connect(str(path))
            try:
                if create:
                    self._create()
                else:
                    self._check()
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
        """Write everything within it, or nothing."""
        with self._explained():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("rollback")
                raise

    def put_meta(self, **values: str) -> None:
        self._db.executemany("insert or replace into meta values (?, ?)", values.items())

    def meta(self) -> dict[str, str]:
        with self._explained():
            return dict(self._db.execute("select key, value from meta"))

    def damaged(self, reason: str) -> UserError:
        """Return an error that says why the contents can't be used."""
        return self.error(f"{self.path}: the file is damaged: {reason}")

    @abstractmethod
    def _create(self) -> None:
        """Make the tables of a new file."""

    def _connect(self, database: str, *, uri: bool = False) -> sqlite3.Connection:
        # the front end reads the list of sessions in another thread than it opened this one
        return sqlite3.connect(database, isolation_level=None, timeout=2.0, check_same_thread=False, uri=uri)

    def _check(self) -> None:
        """Raise unless the file is of this kind and of a format that this version can read."""
        try:
            application, version, others = self._marks()
        except sqlite3.OperationalError:
            if not self.read_only or os.access(self.path.parent, os.W_OK):
                raise
            # SQLite can't make the files that it shares a database with: nobody writes to this one either
            self._db.close()
            self._db = self._connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True)
            application, version, others = self._marks()
        if application != self.application_id or others:
            raise self._foreign()
        if version > self.version:
            raise self.error(
                f"{self.path}: written by a newer gradstep (format {version}; this one reads {self.version})"
            )

    def _marks(self) -> tuple[int, int, int]:
        """Return the file's application id, its format, and its number of views and triggers.

        SQLite would execute views and triggers while it reads.
        """
        try:
            (application,) = self._db.execute("pragma application_id").fetchone()
            (version,) = self._db.execute("pragma user_version").fetchone()
            (others,) = self._db.execute(
                "select count(*) from sqlite_master where type not in ('table', 'index')"
            ).fetchone()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            raise self._foreign() from None
        return application, version, others

    def _foreign(self) -> UserError:
        return self.error(f"{self.path}: this is no {self.kind}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite and the system raise into `error`."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self.error(f"{self.path}: {error}") from None
        except (sqlite3.Error, ValueError, TypeError, RecursionError, MemoryError) as error:
            raise self.damaged(str(error)) from None
        except OSError as error:
            raise self.error(f"{self.path}: {error.strerror}") from None
