"""The user's folder of sessions: list, search, names and deletion."""

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
"""Endings of file names, which a session's name may not have."""
LONGEST_NAME = 60
"""Characters in a session's name."""
OLD_SECONDS = 30 * 24 * 3600
"""The age in seconds from which unnamed sessions are offered for deletion."""


@dataclass(frozen=True)
class SessionSummary:
    """A session in the list. `problem` says why its file can't be read; the other fields are then empty."""

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
    """The position where the run was left."""
    problem: str | None = None

    @property
    def old(self) -> bool:
        """Whether the session is offered for deletion: unnamed and old."""
        return not self.name and self.problem is None and time.time() - self.saved > OLD_SECONDS


def sessions_folder() -> Path:
    """Return the folder of sessions, in the platform's place for a user's data."""
    return user_data_path("gradstep") / "sessions"


def new_session_path(preset: str) -> Path:
    """Return the path of a new file, named after the preset and the time."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder, number = sessions_folder(), 1
    while (path := folder / f"{preset or 'run'}-{stamp}{f'-{number}' * (number > 1)}{SUFFIX}").exists():
        number += 1
    return path


def find_session(given: str) -> Path | None:
    """Return a session by path, file name, given name, or the beginning of its file name.

    Returns None if there is none, or several.
    """
    for path in (Path(given), sessions_folder() / given, sessions_folder() / f"{given}{SUFFIX}"):
        if path.is_file():
            return path
    found = sessions_called(given) or sessions_beginning(given)
    return found[0] if len(found) == 1 else None


def may_be_session(path: Path) -> bool:
    """Return whether a file is named as a session or begins as one."""
    if path.suffix == SUFFIX:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


def sessions_called(name: str) -> list[Path]:
    """Return the user's sessions with this given name."""
    return [session.path for session in list_sessions() if name and session.name == name]


def sessions_beginning(start: str) -> list[Path]:
    """Return the user's sessions with a file name that begins with `start`."""
    return [path for path in _paths(sessions_folder()) if start and path.name.startswith(start)]


def session_names() -> list[str]:
    """Return the file names of the user's sessions, newest first, without the suffix."""
    return [path.stem for path in _paths(sessions_folder())]


def session_name(path: Path) -> str:
    """Return the text that `find_session` accepts: the file name, or outside the folder the path."""
    return path.stem if path.parent == sessions_folder() else str(path)


def list_sessions(folder: Path | None = None) -> list[SessionSummary]:
    """Return the sessions of a folder, newest first."""
    return [summarise(path) for path in _paths(folder or sessions_folder())]


def recent_sessions(count: int = 12) -> list[SessionSummary]:
    """Return the `count` newest sessions, without the unreadable ones."""
    summaries = [summarise(path) for path in _paths(sessions_folder())[:count]]
    return [summary for summary in summaries if summary.problem is None]


def newest_of(preset: str, sessions: Sequence[SessionSummary]) -> SessionSummary | None:
    """Return a preset's newest session with a step, or None. `sessions` begin with the newest."""
    return next((saved for saved in sessions if saved.preset == preset and saved.positions > 1), None)


def summarise(path: Path) -> SessionSummary:
    """Return the summary of a session file. An unreadable file has a `problem`."""
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
    """Return the name without surrounding blanks. Raises UserError if it is too long or taken."""
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
    """Name a session, or remove its name with "". A named session is never offered for deletion.

    The file keeps its modification time. Raises UserError for a bad name, and StoreError if writing fails.
    """
    name, stat = checked_name(name), path.stat()
    file = SessionFile(path)
    try:
        with file.transaction():
            file.put_meta(name=name)
    finally:
        file.close()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def delete_session(path: Path) -> None:
    """Delete a session file. Raises StoreError if it is another file, or open elsewhere."""
    SessionFile(path, read_only=True).close()
    with locked(path):
        delete_files(path)


def _bytes(path: Path) -> int:
    """Return a file's size in bytes, 0 if it is missing: another process may be closing the session."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _paths(folder: Path) -> list[Path]:
    """Return the session files of a folder, newest first, without files deleted meanwhile."""
    written = {}
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            written[path] = path.stat().st_mtime
    return sorted(written, key=lambda path: -written[path])
