"""Samples with a number as target: outputs over targets, and the worst samples."""

from __future__ import annotations

import numpy as np
from textual.content import Content

from gradstep.engine.probes.results import SamplesResult
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.curve import curve
from gradstep.tui.panes.numbers import heading, row
from gradstep.tui.panes.samples.sample import Pair

WIDTH, ROWS = 32, 7


def scatter_lines(pair: Pair, width: int) -> list[Content]:
    """Return the scatter with a table of the worst samples; with a kept result both scatters."""
    lines = [heading("number", ["target", "output", "loss"], 6)]
    for sample in pair.result.worst:
        values = [float(np.ravel(sample.target)[0]), float(np.ravel(sample.output)[0]), sample.loss]
        lines.append(row(f"{sample.number}", values, 6))
    if pair.other is None:
        return beside(scatter(pair.result, None, WIDTH), lines)
    half = min(WIDTH, (width - GAP) // 2)
    now, kept = pair.titles(half)
    drawings = scatter(pair.result, pair.other, half), scatter(pair.other, pair.result, half)
    return [*beside([now, *drawings[0]], [kept, *drawings[1]], half), *lines]


def scatter(result: SamplesResult, other: SamplesResult | None, width: int) -> list[Content]:
    """Return outputs over targets, on axes that hold those of `other` too."""
    seen = [each for each in (result, other) if each is not None]
    targets, predictions = (
        [np.asarray(getattr(each, name), np.float64) for each in seen] for name in ("targets", "predictions")
    )
    axes = np.concatenate(targets), np.concatenate(predictions)
    drawing = curve(targets[0], predictions[0], (width, ROWS), behind=targets[0], joined=False, axes=axes)
    caption = Content.styled("output over target; faint: right", "$muted")
    return [*drawing, caption.truncate(width)]
