"""The file of a sweep's results: SQLite, a row per run, so that a sweep resumes where it stopped."""

from __future__ import annotations

import contextlib
import hashlib
import json
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
from gradstep.engine.session.sqlite_file import SqliteFile

SUFFIX = ".sweep"


class SweepFileError(UserError):
    """A file of results can't be read or written, or belongs to another sweep. The text names it."""


def identity(plan: Plan, data_dir: Path | None) -> dict[str, str]:
    """Return the texts that identify a sweep, by names for messages. Equal texts have equal results."""
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
    """Return the text with version 0.1's name of the exam's loss, so that old files still match."""
    return text.replace('"exam_cross_entropy"', '"binary_cross_entropy"')


def own_path(plan: Plan, meant: dict[str, str]) -> Path:
    """Return the default path of a sweep's results: the same for the same sweep."""
    digest = hashlib.blake2b(json.dumps(meant).encode(), digest_size=6).hexdigest()
    return user_data_path("gradstep") / "sweeps" / f"{plan.preset.name or 'sweep'}-{digest}{SUFFIX}"


class ResultsFile(SqliteFile):
    """An open file of results, locked by this process. Every method raises SweepFileError."""

    application_id = 0x67727377  # "grsw"
    kind = "file of a sweep's results"
    error = SweepFileError

    def __init__(self, path: Path, plan: Plan, meant: dict[str, str]) -> None:
        self._plan = plan
        self._meant = meant
        try:
            self._lock = lock(path)
        except SessionInUseError:
            raise SweepFileError(f"{path}: another gradstep has this sweep open") from None
        try:
            super().__init__(path, create=not (path.exists() and path.stat().st_size > 0))
        except BaseException:
            unlock(path, self._lock)
            raise

    def results(self) -> dict[int, Result]:
        """Return the results by point, without failed runs, which a resumed sweep tries again."""
        with self._explained():
            rows = self._db.execute("select * from results where ending != 'failed'").fetchall()
        return {result.point: result for result in (result_of(self._plan, list(one)) for one in rows)}

    def add(self, result: Result) -> None:
        """Write a result; a later crash does not lose it."""
        values = row(self._plan, result)
        with self._explained():
            marks = ", ".join("?" * len(values))
            self._db.execute(f"insert or replace into results values ({marks})", values)

    def close(self, *, delete: bool = False) -> None:
        super().close()
        if delete:
            with contextlib.suppress(OSError):
                self.path.unlink()
        unlock(self.path, self._lock)

    def _create(self) -> None:
        first, *others = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in columns(self._plan)]
        with self.transaction():
            self._db.execute(f"pragma application_id = {self.application_id}")
            self._db.execute("create table meta (key text primary key, value text not null)")
            self._db.execute(f"create table results ({first} integer primary key, {', '.join(others)})")
            self.put_meta(**self._meant)

    def _check(self) -> None:
        super()._check()
        kept = self.meta()
        differing = [name for name in self._meant if kept.get(name) != self._meant[name]]
        if differing:
            names = " and ".join([", ".join(differing[:-1]), differing[-1]] if differing[1:] else differing)
            verb = "differ" if differing[1:] or names.endswith("s") else "differs"
            raise SweepFileError(f"{self.path}: the results of another sweep: its {names} {verb}")
