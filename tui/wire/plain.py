"""Characters in plain ASCII, one for one, so that nothing on the screen moves."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

UNKNOWN = "?"
ALIKE = {
    " ": "\N{BRAILLE PATTERN BLANK}",
    "+": "╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝▅",
    "-": "─━┄┈╌╍═–—−‐‑▔▃⎺⎽",
    "|": "│┃┊┆╎╏║▏▕▎▍▌‖",
    "#": "█▓▉▊▋▐▀▒■◼",
    "%": "▇◆",
    "*": "▆●◉•★∗∙",
    "=": "▄≡",
    ":": "▂░",
    ".": "▁…·‧",
    "o": "○◇◯",
    "x": "✗✘×",
    "v": "✓▼▽↓∨",
    "^": "▲△↑∧",
    ">": "▶▸→›»≥",
    "<": "◀◂←‹«≤",
    "!": "⚠",
    "'": "’‘′╵",
    '"': "“”″",
    "/": "÷∕",
    "~": "≈∼",
    "d": "Δ∂δ",
    "a": "α",
    "b": "β",
    "e": "εϵ",
    "n": "η",
    "q": "θ",
    "k": "κ",
    "l": "λ",
    "m": "μ",
    "p": "ρπ",
    "s": "σ",
    "f": "φ",
    "S": "Σ",
    "V": "√",
}
PLAIN = {character: ascii_one for ascii_one, characters in ALIKE.items() for character in characters}
BRAILLE = range(0x2801, 0x2900)
RAMP = " .:-=+*#%@"
"""From dark to light."""


@lru_cache(maxsize=1024)
def plain(character: str) -> str:
    """The character itself where it is ASCII, else one that looks like it or a question mark."""
    if character.isascii():
        return character
    if character[0] in PLAIN:
        return PLAIN[character[0]]
    if ord(character[0]) in BRAILLE:
        return "*"
    letter = unicodedata.normalize("NFKD", character)[0]
    return letter if letter.isascii() and letter.isprintable() else " " if letter.isspace() else UNKNOWN


def shade(brightness: float) -> str:
    """A character as bright as this, from 0 to 1."""
    return RAMP[round(brightness * (len(RAMP) - 1))]
