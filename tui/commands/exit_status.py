"""The exit statuses of all commands."""

from __future__ import annotations

from enum import IntEnum

from gradstep.engine.errors import FAULT_STATUS

OF_A_SIGNAL = 128
"""Shells add a signal's number to it."""


class Exit(IntEnum):
    """An exit status and its meaning. A run that diverges in a sweep is a result, not a failure."""

    says: str

    def __new__(cls, status: int, says: str) -> Exit:
        """Make the integer `status`, with its meaning as an attribute."""
        made = int.__new__(cls, status)
        made._value_ = status
        made.says = says
        return made

    DONE = 0, "done"
    UNEXPECTED = 1, "a verdict is not the expected one"
    BAD_INPUT = 2, "bad input"
    """Also argparse's own."""
    NOT_FINITE = 3, "the loss is not finite"
    NOT_MET = 4, "--until was not met"
    FAILED = 5, "runs of a sweep failed"
    """These runs have no result; the same command tries them again."""
    FAULT = FAULT_STATUS, "a fault of gradstep's own"
    HUNG_UP = OF_A_SIGNAL + 1, "the terminal hung up"
    """SIGHUP."""
    INTERRUPTED = OF_A_SIGNAL + 2, "Ctrl+C"
    """SIGINT."""
    TERMINATED = OF_A_SIGNAL + 15, "ended by SIGTERM"


ALL = f"exit status: {', '.join(f'{status:d} {status.says}' for status in Exit)}"
"""For the end of --help."""
