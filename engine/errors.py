"""The errors that a user can cause. Front ends print their text and nothing else."""

from collections.abc import Iterable


class UserError(Exception):
    """A mistake in what the user gave; its text says what, where, and what is allowed."""


NO_MEMORY = "this needs more memory than there is"
OTHER_METHODS = {
    *("mae", "msle", "rmse", "half_mae"),
    *("adamw", "nadam", "radam"),
    *("elu", "celu", "selu", "gelu", "silu", "prelu", "crelu", "relu6"),
    *("emnist", "fmnist", "kmnist", "qmnist"),
}
"""Losses, rules, activations and data that differ from gradstep's in a letter, and are no slip of the pen."""


def is_no_memory(error: Exception) -> bool:
    """Whether it says that memory is short: Python's and NumPy's, or torch's, of a processor or a device."""
    said = str(error)
    return isinstance(error, MemoryError) or "can't allocate memory" in said or "out of memory" in said


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
