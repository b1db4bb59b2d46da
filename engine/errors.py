"""What goes wrong: mistakes of the user, memory that runs out, and faults of gradstep's own.

Imports that only a fault needs wait for one: every start imports this module.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NO_MEMORY = "this needs more memory than there is"
OTHER_METHODS = {
    *("mae", "msle", "rmse", "half_mae"),
    *("adamw", "nadam", "radam"),
    *("elu", "celu", "selu", "gelu", "silu", "prelu", "crelu", "relu6"),
    *("emnist", "fmnist", "kmnist", "qmnist"),
}
"""Losses, rules, activations and data that differ from gradstep's in a letter, and are no slip of the pen."""
FAULT_STATUS = 70
"""The exit status after a fault, as in sysexits.h (EX_SOFTWARE: internal software error)."""

_kept: dict[tuple[object, ...], Path] = {}
"""The files of this process, by kind and place of the fault."""


class UserError(Exception):
    """A mistake in what the user gave; its text says what, where, and what is allowed."""


# --- names that were probably meant ----------------------------------------------------------------


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """The end of an error's text: the allowed name that was probably meant; "" if none is close."""
    found = meant(given, allowed)
    return f"; did you mean {found!r}?" if found else ""


def meant(given: str, allowed: Iterable[str]) -> str:
    """The name that begins with what was given, is a slip or two from it, or has its letters as initials.

    Returns "" if there is none, or if what was given is the name of another method.
    """
    if given.lower() in OTHER_METHODS:
        return ""
    names = list(allowed)
    longer = sorted((name for name in names if len(given) > 2 and name.startswith(given)), key=len)
    slips = [(_slips(given.lower(), name.lower()), name) for name in names]
    close = [name for count, name in sorted(slips, key=lambda slip: slip[0]) if count <= 1 + (len(name) > 7)]
    return next(iter(longer + close + [name for name in names if is_short_for(given, name)]), "")


def is_short_for(given: str, name: str) -> bool:
    """Whether what was given is the initials of a name: lr of learning_rate."""
    return "_" in name and given == "".join(word[:1] for word in name.split("_"))


def _slips(given: str, name: str) -> int:
    """How many letters were left out, added, mistaken or exchanged with the next; 3 stands for more."""
    if not given or abs(len(given) - len(name)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(name) + 1))
    for i, letter in enumerate(given, 1):
        last, before, row = before, row, [i]
        for j, other in enumerate(name, 1):
            count = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == name[j - 2] and given[i - 2] == other:
                count = min(count, last[j - 2] + 1)
            row.append(count)
    return min(row[-1], 3)


# --- what nothing foresaw ---------------------------------------------------------------------------


def is_no_memory(error: Exception) -> bool:
    """Whether it says that memory is short: Python's and NumPy's, or torch's, of a processor or a device."""
    said = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in said or "out of memory" in said


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


def keep_traceback(error: BaseException) -> Fault:
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


def explain(error: Exception) -> str:
    """What to tell of an exception that nothing foresaw; its traceback is kept."""
    return NO_MEMORY if is_no_memory(error) else str(keep_traceback(error))


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
