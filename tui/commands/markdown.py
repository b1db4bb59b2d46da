"""Tables in Markdown, for presets/README.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradstep.tui.text import plain


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in GitHub's Markdown. Line ends in a cell become spaces."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, cells))} |" for cells in lines)


def code(text: str) -> str:
    """Text as it is, in the type of code; "" stays ""."""
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|").replace("\n", " ")
