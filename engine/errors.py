"""Errors: mistakes of the user, names probably meant, and faults of gradstep's own.

A fault is told in one sentence; its traceback goes to a file that the sentence names. Imports that only a
fault needs are made when one happens, since every start imports this module.
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
"""Losses, rules, activations and data sets a letter away from gradstep's: never taken for a slip."""
FAULT_STATUS = 70
"""The exit status after a fault, as in sysexits.h (EX_SOFTWARE: internal software error)."""

_kept: dict[tuple[object, ...], Path] = {}
"""Files that this process wrote, by kind and place of the fault."""


class UserError(Exception):
    """A mistake in the user's input; front ends print its text alone: what, where, and what is allowed."""


# --- names probably meant --------------------------------------------------------------------------


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return the end of an error's text that names the name probably meant; "" if none is close."""
    found = meant(given, allowed)
    return f"; did you mean {found!r}?" if found else ""


def meant(given: str, allowed: Iterable[str]) -> str:
    """Return the allowed name that was meant; "" for none, or if another method has the given name.

    The name begins with the given one, is a slip or two away, or has it as initials.
    """
    if given.lower() in OTHER_METHODS:
        return ""
    names = list(allowed)
    longer = sorted((name for name in names if len(given) > 2 and name.startswith(given)), key=len)
    slips = [(_slips(given.lower(), name.lower()), name) for name in names]
    close = [name for count, name in sorted(slips, key=lambda slip: slip[0]) if count <= 1 + (len(name) > 7)]
    return next(iter(longer + close + [name for name in names if is_short_for(given, name)]), "")


def is_short_for(given: str, name: str) -> bool:
    """Return whether the given letters are a name's initials: lr of learning_rate."""
    return "_" in name and given == "".join(word[:1] for word in name.split("_"))


def _slips(given: str, name: str) -> int:
    """Count the letters left out, added, mistaken or swapped with the next one; 3 stands for more."""
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


# --- faults -----------------------------------------------------------------------------------------


def is_no_memory(error: Exception) -> bool:
    """Return whether the exception means out of memory (Python, NumPy, or torch on CPU or GPU)."""
    said = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in said or "out of memory" in said


@dataclass(frozen=True)
class Fault:
    """A fault in words; `traceback` is empty if a file holds it."""

    sentence: str
    traceback: str = ""

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.traceback}".rstrip()


def faults_folder() -> Path:
    """Return the folder of tracebacks, in the platform's folder for a user's state."""
    from platformdirs import user_state_path

    return user_state_path("gradstep", appauthor=False) / "faults"


def keep_traceback(error: BaseException) -> Fault:
    """Write an exception's traceback to a file, and return the sentence that names it.

    A fault that repeats in a process names its first file, so that one a step fills no disk.
    """
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
    """Return the sentence for an unforeseen exception: out of memory, or a fault whose traceback is kept."""
    return NO_MEMORY if is_no_memory(error) else str(keep_traceback(error))


def _where(error: BaseException) -> tuple[object, ...]:
    """Return the type of an exception and the lines that it came through."""
    lines = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
    return type(error), *lines


def _formatted(error: BaseException) -> str:
    with contextlib.suppress(Exception):
        return "".join(traceback.format_exception(error))
    return ""


def _written(text: str) -> Path:
    """Write the text, under the command and the versions, to a new file that only the user can read."""
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
