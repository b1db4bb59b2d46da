"""How each kind of line looks: told apart by marker and weight, not by hue alone."""

from dataclasses import dataclass
from enum import Enum

from rich.style import Style


class Role(Enum):
    """What a line is: training alone, training behind its average, that average, validation, a branch."""

    TRAIN = "train"
    RAW = "raw"
    SMOOTHED = "smoothed"
    VALIDATION = "validation"
    GHOST = "ghost"


@dataclass(frozen=True)
class Look:
    """Colour, attribute and marker in plotext's words, the marker in plain ASCII, the symbol in a legend."""

    colour: str
    attribute: str
    marker: str
    plain: str
    symbol: str

    @property
    def style(self) -> Style:
        """The same for Rich."""
        colour = {"orange+": "bright_yellow", "gray": "bright_black"}.get(self.colour)
        colour = colour or (f"bright_{self.colour[:-1]}" if self.colour.endswith("+") else self.colour)
        return Style(color=colour, bold=self.attribute == "bold" or None, dim=self.attribute == "dim" or None)


LOOKS = {
    Role.TRAIN: Look("cyan", "default", "braille", "*", "─"),
    Role.RAW: Look("cyan", "dim", "braille", ".", "┄"),
    Role.SMOOTHED: Look("cyan+", "bold", "braille", "*", "━"),
    Role.VALIDATION: Look("orange+", "default", "•", "o", "•"),
    Role.GHOST: Look("gray", "default", "braille", ":", "┈"),
}
BACK_TO_FRONT = (Role.GHOST, Role.RAW, Role.TRAIN, Role.SMOOTHED, Role.VALIDATION)

NAN = Look("red+", "bold", "✗", "x", "✗")
RISEN = Look("red+", "bold", "▲", "^", "▲")
FALLEN = Look("red+", "bold", "▼", "v", "▼")
NOT_POSITIVE = Look("orange+", "default", "▽", "_", "▽")
MARK = Look("magenta", "default", "┊", "!", "┊")
CURSOR = Look("white", "bold", "│", "|", "│")
AXIS = Look("gray", "default", "", "", "")
