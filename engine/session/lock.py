"""One process at a time writes to a session file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from gradstep.engine.session.file import StoreError


class SessionInUseError(StoreError):
    """Another process has the session open."""


def lock(path: Path) -> int:
    """Have a session to ourselves until `unlock`, or until this process ends, however it does.

    Raises SessionInUseError where another has it, StoreError where its folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(_lock_file(path), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_nlink:
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # its holder has just deleted it: it keeps nobody out any more
    except BlockingIOError:
        raise SessionInUseError(f"{path}: another gradstep has this session open") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None


def unlock(path: Path, descriptor: int) -> None:
    """Let others have it."""
    with contextlib.suppress(OSError):
        _lock_file(path).unlink(missing_ok=True)
    os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    descriptor = lock(path)
    try:
        yield
    finally:
        unlock(path, descriptor)


def _lock_file(path: Path) -> Path:
    return Path(f"{path}.lock")
