"""Names of the parts of the state that an event changes."""

from enum import Flag, auto


class Topic(Flag):
    """A part of the state. Only panes that show a changed part are drawn again."""

    RECORDS = auto()
    RUN = auto()
    STATUS = auto()
    EDITS = auto()
    LOG = auto()
    CLAIMS = auto()
    BREAKPOINTS = auto()
    PROBES = auto()


NOTHING = Topic(0)
EVERYTHING = ~NOTHING
