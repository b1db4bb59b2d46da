"""How each kind of line looks: told apart by marker and weight, not by hue alone."""

from dataclasses import dataclass
from enum import Enum

from rich.color import Color
from rich.style import Style

# Of the terminal's sixteen, but for magenta: Textual's palette for those has one colour for it and red.
CYAN, GREY, RED, YELLOW, BRIGHT_CYAN, WHITE = 6, 8, 9, 11, 14, 15
MAGENTA = 170


class Role(Enum):
    """What a line is: training alone, training behind its average, that average, validation, a branch."""

    TRAIN = "train"
    RAW = "raw"
    SMOOTHED = "smoothed"
    VALIDATION = "validation"
    GHOST = "ghost"


@dataclass(frozen=True)
class Look:
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


LOOKS = {
    Role.TRAIN: Look(CYAN, "default", "", "*", "─", joined=True),
    Role.RAW: Look(CYAN, "dim", "", ".", "┄", joined=True),
    Role.SMOOTHED: Look(BRIGHT_CYAN, "bold", "", "*", "━", joined=True),
    Role.VALIDATION: Look(YELLOW, "default", "•", "o", "•"),
    Role.GHOST: Look(GREY, "default", "", ":", "╌", joined=True, dashed=True),
}
BACK_TO_FRONT = (Role.GHOST, Role.RAW, Role.TRAIN, Role.SMOOTHED, Role.VALIDATION)

NAN = Look(RED, "bold", "✗", "x", "✗")
RISEN = Look(RED, "bold", "▲", "^", "▲")
FALLEN = Look(RED, "bold", "▼", "v", "▼")
NOT_POSITIVE = Look(YELLOW, "default", "▽", "_", "▽")
MARK = Look(MAGENTA, "default", "┊", "!", "┊")
FORK = Look(YELLOW, "bold", "┬", "+", "┬")
BRANCH_END = Look(WHITE, "bold", "", "", "")
BRANCH_SIGNS = "abcdefghijklmnopqrstuvwxyz"
"""Each other branch's in the legend, and where its line ends."""
CURSOR = Look(WHITE, "bold", "│", "|", "│")
AXIS = Look(GREY, "default", "", "", "")
