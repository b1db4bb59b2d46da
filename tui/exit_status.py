"""What the exit status of a command says."""

from enum import IntEnum


class Exit(IntEnum):
    """0 is that all went as it was asked for; a run that diverges in a sweep is a finding, not a failure."""

    DONE = 0
    UNEXPECTED = 1
    """A verdict is not the expected one."""
    BAD_INPUT = 2
    """argparse's own, too."""
    NOT_FINITE = 3
    """The loss of a run is not finite."""
    NOT_MET = 4
    """`--until` did not hold up to the end."""
    FAILED = 5
    """Runs of a sweep failed: they have no result, and the same command tries them again."""
    INTERRUPTED = 130
    """Ctrl+C, as shells have it: 128 and the signal's number."""
