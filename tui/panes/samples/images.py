"""A sample that the network is to copy: its input, its output and their difference as images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray
from textual.content import Content

from gradstep.engine.probes.results import SampleRow
from gradstep.engine.records.ranges import is_one_number
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.image import fitting, grey, image, signed
from gradstep.tui.panes.samples.sample import Pair

LEAST_ROWS = 6


def copied_lines(pair: Pair, shape: tuple[int, int], width: int, rows: int) -> list[Content]:
    """Return input, output and difference; with a kept result the output and difference of both."""
    sample, then = pair.sample, pair.then
    low, high = pixel_range(sample.input)

    def pixels(values: NDArray[Any]) -> NDArray[Any]:
        scaled: NDArray[Any] = (values.reshape(shape) - low) / (high - low)
        return scaled

    def difference(row: SampleRow) -> NDArray[Any]:
        scaled: NDArray[Any] = row.difference.reshape(shape) / (high - low)
        return scaled

    pictures: list[tuple[str, NDArray[Any], Callable[[float], str]]] = [
        ("output", pixels(sample.output), grey),
        ("difference", difference(sample), signed),
    ]
    if then is None:
        pictures.insert(0, ("input", pixels(sample.input), grey))
    else:
        pictures += [("output", pixels(then.output), grey), ("difference", difference(then), signed)]
    across = len(pictures)
    size = fitting(shape, (width - (across - 1) * GAP) // across, max(rows - (then is not None), LEAST_ROWS))
    gap = " " * GAP
    titles = gap.join(f"{title:<{size[0]}}"[: size[0]] for title, *_ in pictures)
    drawn = [image(values, size, colour) for _, values, colour in pictures]
    lines = [
        Content.styled(titles + ("  red: too much" if width > len(titles) + 16 else ""), "$muted"),
        *(Content(gap).join(line) for line in zip(*drawn, strict=True)),
    ]
    if then is None:
        return lines
    half = 2 * size[0] + GAP
    now, kept = pair.titles(half)
    return [*beside([now], [kept], half), *lines]


def pixel_range(pixels: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the greatest pixel; of a uniform image, two values 1 apart."""
    low, high = float(pixels.min()), float(pixels.max())
    return (low, low + 1.0) if is_one_number(low, high) else (low, high)
