"""ASCII for other characters: one for one, so that columns stay in place, and a few as words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from textual.content import Content, Span

UNKNOWN = "?"
ALIKE = {
    " ": "\N{BRAILLE PATTERN BLANK}",
    "+": "╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛┣┫┳┻╋╔╗╚╝▅",
    "-": "─━┄┈╌╍═–—−‐‑▔▃⎺⎽",
    "|": "│┃┊┆╎╏║▏▕▎▍▌‖",
    "#": "█▓▉▊▋▐▀▒■◼",
    "%": "▇◆",
    "*": "▆●•★∗∙",
    "@": "◉",
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
WORDS = {"η": "eta", "±": "+-"}
WITH_BLANKS = re.compile("(η {0,2}(?= )|[η±])")
"""A character with a word, and the blanks after it. The last of several blanks stays."""
BRAILLE = range(0x2801, 0x2900)
RAMP = " .:-=+*#%@"
"""Characters from dark to light."""


@lru_cache(maxsize=1024)
def plain(character: str) -> str:
    """Return an ASCII character, or one that looks like it, or a question mark."""
    if character.isascii():
        return character
    if character[0] in PLAIN:
        return PLAIN[character[0]]
    if ord(character[0]) in BRAILLE:
        return "*"
    letter = unicodedata.normalize("NFKD", character)[0]
    return letter if letter.isascii() and letter.isprintable() else " " if letter.isspace() else UNKNOWN


def spelled(content: Content) -> Content:
    """Return content with WORDS for characters without a similar ASCII one. Call it before layout.

    A word uses up blanks after it, so that columns stay in place.
    """
    before = content.plain
    if not any(character in before for character in WORDS):
        return content
    after, moved = "", []
    for piece in re.split(WITH_BLANKS, before):
        word = WORDS.get(piece[:1])
        moved += [len(after) + (at if word is None else len(word) * (at > 0)) for at in range(len(piece))]
        after += piece if word is None else word
    moved.append(len(after))
    return Content(after, [Span(moved[start], moved[end], style) for start, end, style in content.spans])


def shade(brightness: float) -> str:
    """Return a character of this brightness, from 0 to 1."""
    return RAMP[round(brightness * (len(RAMP) - 1))]
