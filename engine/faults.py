"""Faults of gradstep's own: one sentence for the user, the traceback in a file that the sentence names.

Imports that only a fault needs wait for one: every start imports this module.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from gradstep.engine.errors import NO_MEMORY, is_no_memory

STATUS = 70
"""The exit status after a fault, as in sysexits.h (EX_SOFTWARE: internal software error)."""

_kept: dict[tuple[object, ...], Path] = {}
"""The files of this process, by kind and place of the fault."""


@dataclass(frozen=True)
class Fault:
    """What is said of a fault; `traceback` is empty where a file holds it."""

    sentence: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.traceback}".rstrip()


def faults_folder() -> Path:
    """The platform's place for a user's state, in which tracebacks are kept."""
    from platformdirs import user_state_path

    return user_state_path("gradstep", appauthor=False) / "faults"


def keep(error: BaseException) -> Fault:
    """Write the traceback of an exception to a file. A fault that repeats in a process names its first file,
    so that one in each of many steps fills no disk."""
    said = f"gradstep met a fault of its own ({type(error).__name__})"
    # a traceback may itself need what failed: no stack, no memory, a `__str__` that raises
    try:
        where = _where(error)
        path = _kept.get(where)
        if path is None or path.parent != faults_folder() or not path.exists():
            path = _kept[where] = _written("".join(traceback.format_exception(error)))
    except Exception as problem:
        reason = problem.strerror if isinstance(problem, OSError) else type(problem).__name__
        return Fault(f"{said}; no file could be written ({reason}).", _formatted(error))
    return Fault(f"{said}; the traceback is in {path}.")


def told(error: Exception) -> str:
    """What to tell of an exception that nothing foresaw; its traceback is kept."""
    return NO_MEMORY if is_no_memory(error) else str(keep(error))


def _where(error: BaseException) -> tuple[object, ...]:
    """The kind of an exception and the lines that it came through."""
    lines = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
    return type(error), *lines


def _formatted(error: BaseException) -> str:
    with contextlib.suppress(Exception):
        return "".join(traceback.format_exception(error))
    return ""


def _written(text: str) -> Path:
    """A new file of the user's alone with the text, and what a bug report should say."""
    import platform
    import shlex

    folder = faults_folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(".txt", f"{time.strftime('%Y%m%d-%H%M%S')}-", folder, text=True)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{shlex.join(sys.argv)}\n{_version()}, Python {platform.python_version()}\n\n{text}")
    return Path(name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"gradstep {version('gradstep')}"
    except PackageNotFoundError:
        return "gradstep"
