"""How each kind of line looks: told apart by marker and weight, not by hue alone."""

from dataclasses import dataclass

from rich.color import Color
from rich.style import Style

from gradstep.tui.charts.series import Role

# Of the terminal's sixteen, but for magenta: Textual's palette for those has one colour for it and red.
CYAN, GREY, RED, YELLOW, BRIGHT_CYAN, WHITE = 6, 8, 9, 11, 14, 15
MAGENTA = 170


@dataclass(frozen=True)
class LineStyle:
    """Number of the colour, plotext's word for the attribute, marker, the same in ASCII, symbol in a legend.

    A joined line is drawn from point to point, in braille dots or plain markers; a dashed one has gaps.
    """

    colour: int
    attribute: str
    marker: str
    plain: str
    symbol: str
    joined: bool = False
    dashed: bool = False

    @property
    def style(self) -> Style:
        """The same for Rich."""
        bold, dim = self.attribute == "bold", self.attribute == "dim"
        return Style(color=Color.from_ansi(self.colour), bold=bold or None, dim=dim or None)


LINE_STYLES = {
    Role.TRAIN: LineStyle(CYAN, "default", "", "*", "─", joined=True),
    Role.RAW: LineStyle(CYAN, "dim", "", ".", "┄", joined=True),
    Role.SMOOTHED: LineStyle(BRIGHT_CYAN, "bold", "", "*", "━", joined=True),
    Role.VALIDATION: LineStyle(YELLOW, "default", "•", "o", "•"),
    Role.GHOST: LineStyle(GREY, "default", "", ":", "╌", joined=True, dashed=True),
}
BACK_TO_FRONT = (Role.GHOST, Role.RAW, Role.TRAIN, Role.SMOOTHED, Role.VALIDATION)

NAN = LineStyle(RED, "bold", "✗", "x", "✗")
RISEN = LineStyle(RED, "bold", "▲", "^", "▲")
FALLEN = LineStyle(RED, "bold", "▼", "v", "▼")
NOT_POSITIVE = LineStyle(YELLOW, "default", "▽", "_", "▽")
MARK = LineStyle(MAGENTA, "default", "┊", "!", "┊")
FORK = LineStyle(YELLOW, "bold", "┬", "+", "┬")
BRANCH_END = LineStyle(WHITE, "bold", "", "", "")
BRANCH_SIGNS = "abcdefghijklmnopqrstuvwxyz"
"""Each other branch's in the legend, and where its line ends."""
CURSOR = LineStyle(WHITE, "bold", "│", "|", "│")
AXIS = LineStyle(GREY, "default", "", "", "")
