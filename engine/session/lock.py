"""The lock of a session file: one process at a time writes to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gradstep.engine.session.file import StoreError

if TYPE_CHECKING:
    from filelock import FileLock

PATIENCE_SECONDS = 0.1
"""The lock is tried again for so long: its holder may be about to delete the lock file."""


class SessionInUseError(StoreError):
    """Another process has the session open."""


def lock(path: Path) -> FileLock:
    """Lock a session until `unlock`, or until this process ends, however it does.

    Raises SessionInUseError if another process holds the lock, StoreError if the folder can't be written.
    """
    from filelock import FileLock, Timeout  # only here: the list of sessions on the first screen needs none

    held = FileLock(_lock_file(path), timeout=PATIENCE_SECONDS, mode=0o600, thread_local=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire(poll_interval=PATIENCE_SECONDS / 4)
    except Timeout:
        raise SessionInUseError(f"{path}: another gradstep has this session open") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    return held


def unlock(path: Path, held: FileLock) -> None:
    """Delete the lock file and release the lock."""
    # while it is still held: a process that then locks the deleted file notices that, and tries again
    with contextlib.suppress(OSError):
        _lock_file(path).unlink(missing_ok=True)
    held.release()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    held = lock(path)
    try:
        yield
    finally:
        unlock(path, held)


def _lock_file(path: Path) -> Path:
    return Path(f"{path}.lock")
