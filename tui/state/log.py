"""Lines of the log, and the words for changed settings and ended processes."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any, Literal

from gradstep.engine.worker.events import Died
from gradstep.tui import text

LOG_LINES = 500
"""The most lines kept; the oldest are removed."""

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class LogLine:
    position: int
    level: Level
    text: str


def changes_in_words(changes: dict[str, Any]) -> str:
    """Return changed settings by their last names, with new values: `learning_rate = 0.5`."""
    return text.plain(", ".join(f"{key.split('.')[-1]} = {text.value(v)}" for key, v in changes.items()))


def ending_in_words(died: Died) -> str:
    """Return how a process ended: its exit status, or the signal that killed it."""
    status = died.exit_status
    if status is None:
        return "it sent no exit status"
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
