"""The file of a sweep's results: SQLite, a row a run, so that a sweep goes on where it was left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_data_path

from gradstep.engine.config.files import to_toml
from gradstep.engine.data import load as data
from gradstep.engine.errors import UserError
from gradstep.engine.runs.plan import Plan
from gradstep.engine.runs.result import Result
from gradstep.engine.runs.table import columns, result_of, row
from gradstep.engine.session.lock import SessionInUseError, lock, unlock

APPLICATION_ID = 0x67727377
"""Marks a SQLite file as a sweep's: "grsw"."""
SUFFIX = ".sweep"


class SweepFileError(UserError):
    """A file of results that can't be read or written, or is another sweep's; the text names it."""


def identity(plan: Plan, data_dir: Path | None) -> dict[str, str]:
    """What must be the same for results to be of the same sweep, and what each is called."""
    found = data.load(plan.preset.data, plan.preset.train.dtype, data_dir)
    return {
        "preset": _as_written_before(to_toml(plan.preset.model_copy(update={"sweep": None}))),
        "axes": _as_written_before(json.dumps([[axis.key, axis.values] for axis in plan.axes])),
        "until": plan.until or "",
        "measures": json.dumps(plan.measures),
        "data": found.fingerprint,
        "torch": version("torch"),
        "gradstep": version("gradstep"),
    }


def _as_written_before(text: str) -> str:
    """The text with the name that files of results have for the exam's loss, so that old files still fit."""
    return text.replace('"exam_cross_entropy"', '"binary_cross_entropy"')


def own_path(plan: Plan, meant: dict[str, str]) -> Path:
    """Where results are kept when nobody says otherwise: the same sweep has the same place."""
    digest = hashlib.blake2b(json.dumps(meant).encode(), digest_size=6).hexdigest()
    return user_data_path("gradstep") / "sweeps" / f"{plan.preset.name or 'sweep'}-{digest}{SUFFIX}"


class ResultsFile:
    """An open file of results, this process's alone. Every method raises SweepFileError."""

    def __init__(self, path: Path, plan: Plan, meant: dict[str, str]) -> None:
        self.path = path
        self._plan = plan
        try:
            self._lock = lock(path)
        except SessionInUseError:
            raise SweepFileError(f"{path}: another gradstep is at this sweep") from None
        try:
            with self._explained():
                there = path.exists() and path.stat().st_size > 0
                self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                try:
                    self._check(meant) if there else self._create(meant)
                except BaseException:
                    self._db.close()
                    raise
        except BaseException:
            unlock(path, self._lock)
            raise

    def results(self) -> dict[int, Result]:
        """What is finished, by its point. What has failed is not: it is tried again."""
        with self._explained():
            rows = self._db.execute("select * from results where ending != 'failed'").fetchall()
        return {result.point: result for result in (result_of(self._plan, list(one)) for one in rows)}

    def add(self, result: Result) -> None:
        """Keep a result, from now on whatever happens."""
        values = row(self._plan, result)
        with self._explained():
            marks = ", ".join("?" * len(values))
            self._db.execute(f"insert or replace into results values ({marks})", values)

    def close(self, *, delete: bool = False) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        if delete:
            with contextlib.suppress(OSError):
                self.path.unlink()
        unlock(self.path, self._lock)

    def _create(self, meant: dict[str, str]) -> None:
        first, *others = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in columns(self._plan)]
        with self._db:
            self._db.execute("begin")
            self._db.execute(f"pragma application_id = {APPLICATION_ID}")
            self._db.execute("create table meta (key text primary key, value text not null)")
            self._db.execute(f"create table results ({first} integer primary key, {', '.join(others)})")
            self._db.executemany("insert into meta values (?, ?)", meant.items())

    def _check(self, meant: dict[str, str]) -> None:
        if self._db.execute("pragma application_id").fetchone() != (APPLICATION_ID,):
            raise SweepFileError(f"{self.path}: this is no file of a sweep's results")
        kept = dict(self._db.execute("select key, value from meta"))
        differing = [name for name in meant if kept.get(name) != meant[name]]
        if differing:
            names = " and ".join([", ".join(differing[:-1]), differing[-1]] if differing[1:] else differing)
            verb = "differ" if differing[1:] or names.endswith("s") else "differs"
            raise SweepFileError(f"{self.path}: the results of another sweep: its {names} {verb}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            what = "this is no file of a sweep's results" if "not a database" in str(error) else error
            raise SweepFileError(f"{self.path}: {what}") from None
        except OSError as error:
            raise SweepFileError(f"{self.path}: {error.strerror}") from None
