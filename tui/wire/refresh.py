"""How soon Textual draws what has changed: to be called before it is loaded."""

from __future__ import annotations

import os

FRAMES_A_SECOND = "240"
"""What changes within so short a time is drawn together. Textual's own sixtieth of a second is a third of
what a key may take to be answered; how often a run is drawn does not follow from it, but from --fps."""


def refresh_soon() -> None:
    """Have Textual wait no longer than that before it draws, unless the user has said how often it may."""
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_A_SECOND)
