"""Textual's frame rate, which decides how soon a change is drawn."""

from __future__ import annotations

import os

FRAMES_A_SECOND = "240"
"""Changes within 1/240 s are drawn together. Textual's own 1/60 s is a third of the time to answer a key.

Only --fps decides how often a running run is drawn.
"""


def refresh_soon() -> None:
    """Set Textual's frame rate, unless the user has set it. Call before Textual is imported."""
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_A_SECOND)
