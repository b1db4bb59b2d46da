"""A sample of the list, and the same sample in the kept result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from textual.content import Content

from gradstep.engine.probes.results import Flip, SampleRow, SamplesResult
from gradstep.tui import text

SHOWN_VALUES = 6
"""The most numbers of a sample that are written, where it is no image."""


@dataclass(frozen=True)
class Chosen:
    """A sample of the list, and why it is listed."""

    why: str
    number: int
    style: str = ""
    flip: Flip | None = None


@dataclass(frozen=True)
class Pair:
    """A sample's outcome now, and the result kept to compare with."""

    result: SamplesResult
    sample: SampleRow
    other: SamplesResult | None
    titles: Callable[[int], tuple[Content, Content]]
    """Return the titles over both, at most as wide as given."""

    @property
    def then(self) -> SampleRow | None:
        """The same sample in the kept result, if that has it."""
        rows: Sequence[SampleRow] = (*self.other.chosen, *self.other.worst) if self.other is not None else ()
        return next((row for row in rows if row.number == self.sample.number), None)


def value_lines(sample: SampleRow) -> list[Content]:
    """Return the first numbers of its input, output and target."""
    lines = []
    for name, values in (("input", sample.input), ("output", sample.output), ("target", sample.target)):
        numbers = np.ravel(np.asarray(values)).tolist()
        said = "  ".join(text.number(float(value), 4) for value in numbers[:SHOWN_VALUES])
        more = f"  … {len(numbers) - SHOWN_VALUES} more" if len(numbers) > SHOWN_VALUES else ""
        lines.append(Content.assemble((f"{name:<8}", "$muted"), said, (more, "$muted")))
    return lines
