"""The errors that a user can cause. Front ends print their text and nothing else."""

import difflib
from collections.abc import Collection


class UserError(Exception):
    """A mistake in what the user gave; its text says what, where, and what is allowed."""


def did_you_mean(given: str, allowed: Collection[str]) -> str:
    """The end of an error's text: the allowed name that was probably meant; "" if none is close."""
    close = difflib.get_close_matches(given, list(allowed), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
