"""All colours of the explorer.

The theme and the colour scales are from the 256-colour cube, so that they look the same without true colour.
Lines of charts have the terminal's own colours.
"""

from textual.theme import Theme

THEME = Theme(
    name="gradstep",
    dark=True,
    primary="#5fafd7",
    secondary="#5f87af",
    accent="#5fd7d7",
    foreground="#d0d0d0",
    background="#121212",
    surface="#121212",
    panel="#262626",
    success="#87d787",
    warning="#ffd75f",
    error="#ff5f5f",
    variables={
        "border": "#5fafd7",
        "border-blurred": "#444444",
        "muted": "#8a8a8a",
        "faint": "#585858",
        "train": "#5fafff",
        "validation": "#ffaf5f",
        "highlight": "#303030",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#005f87",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-foreground": "#d0d0d0",
        "block-cursor-blurred-background": "#303030",
        "block-cursor-blurred-text-style": "none",
        "scrollbar": "#444444",
        "scrollbar-hover": "#585858",
        "scrollbar-active": "#5fafd7",
        "scrollbar-background": "#121212",
        "scrollbar-background-hover": "#121212",
        "scrollbar-background-active": "#121212",
        "scrollbar-corner-color": "#121212",
        "input-selection-background": "#005f87",
        "text-muted": "#8a8a8a",
        "text-disabled": "#8a8a8a",
    },
)

# --- lines of charts --------------------------------------------------------------------------------

CYAN, GREY, RED, YELLOW, BRIGHT_CYAN, WHITE = 6, 8, 9, 11, 14, 15
"""Of the terminal's sixteen colours."""
MAGENTA = 170
"""Of the 256: Textual shows the sixteen's magenta and red in one colour."""

# --- colour scales ----------------------------------------------------------------------------------

HEAT = (
    "#00005f", "#00005f", "#005f87", "#008787", "#00875f",
    "#5faf5f", "#87af00", "#d7af00", "#ffaf00", "#ffd787",
)  # fmt: skip
"""From the least number to the greatest, lighter from step to step."""
HEAT_TEXT = ("#d0d0d0", "#121212")
"""Text on the first five, and on the others."""
HEAT_BORDER = "#ff0000"
HEIGHTS = ("#1c1c1c", "#303030", "#444444", "#585858", "#6c6c6c", "#808080", "#949494", "#a8a8a8")
"""Bands of a surface from the lowest up."""
NO_HEIGHT, BEYOND_HEIGHTS = "#5f0000", "#000000"
HEIGHT_TEXT, HEIGHT_SIGN = "#000000", "#ffffff"
GREYS = (
    "#000000",
    *(f"#{8 + 10 * level:02x}" + f"{8 + 10 * level:02x}" * 2 for level in range(24)),
    "#ffffff",
)
"""Pixels from 0 to 1."""
BLUES = ("#00005f", "#000087", "#0000af", "#0000d7", "#0000ff", "#5f87ff", "#87afff")
REDS = ("#5f0000", "#870000", "#af0000", "#d70000", "#ff0000", "#ff5f5f", "#ff8787")
"""Pixels of negative and of positive numbers, from 0 out."""
NO_PIXEL = "#d75faf"
"""A pixel that is not finite."""
