"""Where sessions are kept when nobody says otherwise, and what is there."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from gradstep.engine.config.files import preset_names
from gradstep.engine.config.preset_file import SQLITE
from gradstep.engine.errors import UserError
from gradstep.engine.session.file import SessionFile, StoreError, delete_files
from gradstep.engine.session.lock import locked

SUFFIX = ".gradstep"
MEANT = (".toml", SUFFIX)
"""What ends so is meant as a file."""
LONGEST_NAME = 60
OLD_SECONDS = 30 * 24 * 3600
"""Unnamed sessions not written to for so long are offered for deletion."""


@dataclass(frozen=True)
class SessionSummary:
    """A line of the list; `problem` says why a file can't be read, and the rest is then empty."""

    path: Path
    size: int
    saved: float
    name: str = ""
    preset: str = ""
    title: str = ""
    branches: int = 0
    positions: int = 0
    loss: float | None = None
    position: int = 0
    """Where the run was left."""
    problem: str | None = None

    @property
    def old(self) -> bool:
        """Whether it is offered for deletion: nobody named it, and it is old."""
        return not self.name and self.problem is None and time.time() - self.saved > OLD_SECONDS


def sessions_folder() -> Path:
    """The platform's place for a user's data."""
    return user_data_path("gradstep") / "sessions"


def new_session_path(preset: str) -> Path:
    """A file that is not there yet, named after the preset and the time."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder, number = sessions_folder(), 1
    while (path := folder / f"{preset or 'run'}-{stamp}{f'-{number}' * (number > 1)}{SUFFIX}").exists():
        number += 1
    return path


def find_session(given: str) -> Path | None:
    """A session by its path, by its file's name among the user's, by the name that it was given, or by the
    beginning of its file's name; None if there is none, or several."""
    for path in (Path(given), sessions_folder() / given, sessions_folder() / f"{given}{SUFFIX}"):
        if path.is_file():
            return path
    found = sessions_called(given) or sessions_beginning(given)
    return found[0] if len(found) == 1 else None


def may_be_session(path: Path) -> bool:
    """Whether a file is named as a session or begins as one: any other is a preset, or is none."""
    if path.suffix == SUFFIX:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


def sessions_called(name: str) -> list[Path]:
    """The user's sessions that were given this name."""
    return [session.path for session in list_sessions() if name and session.name == name]


def sessions_beginning(start: str) -> list[Path]:
    """The user's sessions whose file's name begins so."""
    return [path for path in _paths(sessions_folder()) if start and path.name.startswith(start)]


def session_names() -> list[str]:
    """What the user's sessions are called, the one written to last first."""
    return [path.stem for path in _paths(sessions_folder())]


def session_name(path: Path) -> str:
    """What finds a session again: its file's name among the user's, its path anywhere else."""
    return path.stem if path.parent == sessions_folder() else str(path)


def list_sessions(folder: Path | None = None) -> list[SessionSummary]:
    """The sessions of a folder, the one written to last first."""
    return [summarise(path) for path in _paths(folder or sessions_folder())]


def recent_sessions(count: int = 12) -> list[SessionSummary]:
    """The sessions written to last that can be read, without looking into the older ones."""
    summaries = [summarise(path) for path in _paths(sessions_folder())[:count]]
    return [summary for summary in summaries if summary.problem is None]


def newest_of(preset: str, sessions: Sequence[SessionSummary]) -> SessionSummary | None:
    """The session of a preset that was written to last, of those given from the newest on; None if none."""
    return next((saved for saved in sessions if saved.preset == preset and saved.positions > 1), None)


def summarise(path: Path) -> SessionSummary:
    """What a session file holds."""
    try:
        stat = path.stat()
    except OSError as error:
        return SessionSummary(path, 0, 0.0, problem=f"{path}: {error.strerror}")
    size = stat.st_size + _bytes(Path(f"{path}-wal"))
    try:
        file = SessionFile(path, read_only=True)
    except StoreError as error:
        return SessionSummary(path, size, stat.st_mtime, problem=str(error))
    try:
        meta, branches = file.meta(), file.branches()
        positions, loss = file.record_counts()
        return SessionSummary(
            path,
            size,
            stat.st_mtime,
            meta.get("name", ""),
            meta.get("preset", ""),
            meta.get("title", ""),
            len(branches),
            positions,
            loss,
            int(at) if (at := meta.get("position", "")).isdecimal() else 0,
        )
    except StoreError as error:
        return SessionSummary(path, size, stat.st_mtime, problem=str(error))
    finally:
        file.close()


def checked_name(name: str) -> str:
    """The name without blanks around it, "" for none. Raises UserError for one that is no session's alone."""
    name = name.strip()
    if not name.isprintable() or len(name) > LONGEST_NAME or name.endswith(MEANT):
        raise UserError(
            f"{name!r}: no name for a session; allowed: up to {LONGEST_NAME} printable characters, no "
            f"{' or '.join(MEANT)} at the end"
        )
    if name in preset_names():
        raise UserError(f"{name}: this is a preset's name")
    if name in session_names():
        raise UserError(f"{name}: this is another session's file")
    return name


def rename_session(path: Path, name: str) -> None:
    """Give a session a name, or take it away with ""; a named one is never offered for deletion. When it was
    saved stays. Raises UserError for a bad name, StoreError for a file that can't be written."""
    name, stat = checked_name(name), path.stat()
    file = SessionFile(path)
    try:
        with file.transaction():
            file.put_meta(name=name)
    finally:
        file.close()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def delete_session(path: Path) -> None:
    """Delete a session file, if it is one. Raises StoreError, also for one that is open elsewhere."""
    SessionFile(path, read_only=True).close()
    with locked(path):
        delete_files(path)


def _bytes(path: Path) -> int:
    """A file's size; 0 where it is none any more, since another process may be closing the session."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _paths(folder: Path) -> list[Path]:
    """The session files of a folder, the one written to last first; without those that are gone meanwhile."""
    written = {}
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            written[path] = path.stat().st_mtime
    return sorted(written, key=lambda path: -written[path])
