"""The errors that a user can cause. Front ends print their text and nothing else."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in what the user gave; its text says what, where, and what is allowed."""


NO_MEMORY = "this needs more memory than there is"


def is_no_memory(error: Exception) -> bool:
    """Whether it says that memory is short: Python's and NumPy's, or torch's, of a processor or a device."""
    said = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in said or "out of memory" in said


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """The end of an error's text: the allowed name that was probably meant; "" if none is close."""
    found = meant(given, allowed)
    return f"; did you mean {found!r}?" if found else ""


def meant(given: str, allowed: Iterable[str]) -> str:
    """The name that begins with what was given, is like it, or has its letters as initials; "" if none."""
    names = list(allowed)
    longer = sorted((name for name in names if given and name.startswith(given)), key=len)
    close = difflib.get_close_matches(given, names, n=1)
    short = [name for name in names if "_" in name and given == "".join(w[:1] for w in name.split("_"))]
    return next(iter(longer + close + short), "")
