"""Styles of lines and signs in charts. Marker and weight tell them apart without colour."""

from dataclasses import dataclass
from typing import Literal

from rich.color import Color
from rich.style import Style

from gradstep.tui.charts.series import Role
from gradstep.tui.theme import BRIGHT_CYAN, CYAN, GREY, MAGENTA, RED, WHITE, YELLOW


@dataclass(frozen=True)
class LineStyle:
    """The style of a line or a sign."""

    colour: int
    """Of the 256 colours."""
    weight: Literal["", "bold", "dim"]
    marker: str
    plain: str
    """The marker in ASCII."""
    symbol: str
    """The marker in the legend."""
    joined: bool = False
    """Draw from point to point, in braille dots or ASCII markers."""
    dashed: bool = False

    @property
    def style(self) -> Style:
        bold, dim = self.weight == "bold", self.weight == "dim"
        return Style(color=Color.from_ansi(self.colour), bold=bold or None, dim=dim or None)


LINE_STYLES = {
    Role.TRAIN: LineStyle(CYAN, "", "", "*", "─", joined=True),
    Role.RAW: LineStyle(CYAN, "dim", "", ".", "┄", joined=True),
    Role.SMOOTHED: LineStyle(BRIGHT_CYAN, "bold", "", "*", "━", joined=True),
    Role.VALIDATION: LineStyle(YELLOW, "", "•", "o", "•"),
    Role.GHOST: LineStyle(GREY, "", "", ":", "╌", joined=True, dashed=True),
}
BACK_TO_FRONT = (Role.GHOST, Role.RAW, Role.TRAIN, Role.SMOOTHED, Role.VALIDATION)

NAN = LineStyle(RED, "bold", "✗", "x", "✗")
RISEN = LineStyle(RED, "bold", "▲", "^", "▲")
FALLEN = LineStyle(RED, "bold", "▼", "v", "▼")
NOT_POSITIVE = LineStyle(YELLOW, "", "▽", "_", "▽")
MARK = LineStyle(MAGENTA, "", "┊", "!", "┊")
FORK = LineStyle(YELLOW, "bold", "┬", "+", "┬")
BRANCH_END = LineStyle(WHITE, "bold", "", "", "")
BRANCH_SIGNS = "abcdefghijklmnopqrstuvwxyz"
"""Letters of the other branches, in the legend and at the ends of their lines."""
CURSOR = LineStyle(WHITE, "bold", "│", "|", "│")
AXIS = LineStyle(GREY, "", "", "", "")
