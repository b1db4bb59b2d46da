"""Looks of cells as SGR attributes and colours, and the codes from one look to the next."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.style import Style

ATTRIBUTES = {
    "bold": ("1", "22"),
    "dim": ("2", "22"),
    "italic": ("3", "23"),
    "underline": ("4", "24"),
    "reverse": ("7", "27"),
    "strike": ("9", "29"),
}
"""Codes to set and to reset each attribute (ECMA-48, 8.3.117). Bold and dim are reset together."""
ON_BLANKS = frozenset(("underline", "reverse", "strike"))
"""Attributes that show on a blank."""
SET_OFF = 0x40
"""The brightness, of 255, from which a background is shown in reverse if there are no colours."""
CHROMA, BRIGHT, GREYS = 0x28, 0x90, (0x28, 0xB0, 0xE8)
"""Limits, of 255, for sixteen colours. Less chroma than CHROMA is grey, a colour from BRIGHT on is bright.

GREYS separates black, dark grey, light grey and white.
"""
CUBE = (0, 95, 135, 175, 215, 255)
PALETTE = {
    **{
        (r, g, b): 16 + 36 * i + 6 * j + k
        for i, r in enumerate(CUBE)
        for j, g in enumerate(CUBE)
        for k, b in enumerate(CUBE)
    },
    **{(8 + 10 * level,) * 3: 232 + level for level in range(24)},
}
"""Numbers of the 256 colours that all terminals agree on, by (red, green, blue).

A number takes half the bytes of true colour.
"""


class Look(NamedTuple):
    """Attributes and the codes of both colours; "" is the terminal's own colour.

    A blank's foreground is None: it may keep the previous one.
    """

    attributes: frozenset[str]
    foreground: str | None
    background: str


PLAIN = Look(frozenset(), "", "")


@lru_cache(maxsize=4096)
def look(style: Style | None, colours: ColorSystem | None) -> Look:
    """Return the look of a style on a terminal with these colours, or with none if None."""
    if style is None:
        return PLAIN
    attributes = frozenset(name for name in ATTRIBUTES if getattr(style, name))
    if colours is None:
        background = style.bgcolor
        set_off = (
            background is not None
            and not background.is_default
            and max(background.get_truecolor()) >= SET_OFF
        )
        return Look(attributes ^ {"reverse"} if set_off else attributes, "", "")
    return Look(attributes, _code(style.color, colours, True), _code(style.bgcolor, colours, False))


@lru_cache(maxsize=4096)
def blank(of: Look) -> Look:
    """Return the look of a blank."""
    return of if "reverse" in of.attributes else Look(of.attributes & ON_BLANKS, None, of.background)


@lru_cache(maxsize=4096)
def change(now: Look, wanted: Look) -> tuple[str, Look]:
    """Return the shortest code from one look to another, and the look after it."""
    if wanted.foreground is None:
        weight = now.attributes - ON_BLANKS
        wanted = Look(wanted.attributes | weight, now.foreground, wanted.background)
    if wanted == now:
        return "", now
    set_all = [ATTRIBUTES[name][0] for name in ATTRIBUTES if name in wanted.attributes]
    set_all += [code for code in (wanted.foreground, wanted.background) if code]
    anew = ";".join(["", *set_all]) if set_all else ""
    return f"\x1b[{min(anew, _difference(now, wanted), key=len)}m", wanted


def _difference(now: Look, wanted: Look) -> str:
    gone = {ATTRIBUTES[name][1] for name in now.attributes - wanted.attributes}
    kept = now.attributes if "22" not in gone else now.attributes - {"bold", "dim"}
    codes = [
        *sorted(gone),
        *(code for name, (code, _) in ATTRIBUTES.items() if name in wanted.attributes - kept),
    ]
    if now.foreground != wanted.foreground:
        codes.append(wanted.foreground or "39")
    if now.background != wanted.background:
        codes.append(wanted.background or "49")
    return ";".join(codes)


def _code(colour: Color | None, colours: ColorSystem, foreground: bool) -> str:
    if colour is None or colour.is_default:
        return ""
    if colour.triplet is not None and colours is not ColorSystem.STANDARD:
        number = PALETTE.get((colour.triplet.red, colour.triplet.green, colour.triplet.blue))
        if number is not None:
            return f"{38 if foreground else 48};5;{number}"
    if colour.triplet is not None and colours is ColorSystem.STANDARD:
        colour = Color.from_ansi(sixteen(*colour.triplet))
    return ";".join(colour.downgrade(colours).get_ansi_codes(foreground))


def sixteen(red: int, green: int, blue: int) -> int:
    """Return the colour, of sixteen, with the same hue. The nearest one in the cube is mostly a grey."""
    least, most = min(red, green, blue), max(red, green, blue)
    if most - least < CHROMA:
        return (0, 8, 7, 15)[bisect_right(GREYS, most)]
    hue = sum(bit for bit, part in ((1, red), (2, green), (4, blue)) if 2 * part > least + most)
    return hue + 8 * (most >= BRIGHT)
