"""presets/README.md, read back: its tables as dictionaries, its walks as doctests."""

import doctest
import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "presets" / "README.md").read_text("utf-8")


def table(command):
    """The rows of the table that a command wrote, by column, without Markdown's quotes and escapes."""
    (text,) = re.findall(rf"<!-- {command} -->\n(.*?)\n?<!-- end -->", PAGE, re.DOTALL)
    columns, _, *rows = (_cells(line) for line in text.splitlines())
    return [dict(zip(columns, cells, strict=True)) for cells in rows]


def _cells(line):
    parts = re.split(r"(?<!\\)\|", line)[1:-1]
    return [part.strip().strip("`").replace("\\|", "|") for part in parts]


def claims(preset):
    """The claims of a preset in the page."""
    return [row for row in table("gradstep check --all --markdown") if row["preset"] == preset]


def walks():
    """The page's walks by their headings."""
    section = PAGE.partition("## Four questions")[2].partition("\n## ")[0]
    texts = section.split("\n### ")[1:]
    parser = doctest.DocTestParser()
    return {
        heading: parser.get_doctest(text, {}, heading, "presets/README.md", 0)
        for heading, _, text in (text.partition("\n") for text in texts)
    }
