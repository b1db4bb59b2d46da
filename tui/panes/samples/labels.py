"""A sample with a label: its image beside the probability of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from gradstep.tui import text
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.blocks import bar
from gradstep.tui.charts.image import fitting, image
from gradstep.tui.panes.samples.images import pixel_range
from gradstep.tui.panes.samples.sample import Chosen, Pair, value_lines

BAR_WIDTH = 9
CLASS_WIDTH = 26
"""The cells of a class in a table of two columns."""


def labelled_lines(above: list[Content], each: Chosen, pair: Pair, width: int, rows: int) -> list[Content]:
    """Return the image, and right of it the lines `above` and the classes."""
    sample, then, shape = pair.sample, pair.then, pair.result.image_shape
    label = sample.target if isinstance(sample.target, int) else -1
    before, after = (each.flip.before, each.flip.after) if each.flip is not None else (None, sample.output)

    def classes(room: int) -> list[Content]:
        if then is None:
            return class_bars(label, before, after, room)
        now, kept = (class_bars(label, None, values, 0) for values in (sample.output, then.output))
        titles = pair.titles(max(now[0].cell_length, (room - GAP) // 2))
        return beside([titles[0], *now], [titles[1], *kept])

    if shape is None:
        return [*above, *value_lines(sample), *classes(width)]
    size = fitting(shape, width // 2, rows)
    low, high = pixel_range(sample.input)
    picture = image((sample.input.reshape(shape) - low) / (high - low), size)
    room = width - size[0] - GAP
    return beside(picture, [*(part for line in above for part in line.wrap(room)), *classes(room)])


def class_bars(label: int, before: NDArray[Any] | None, after: NDArray[Any], width: int) -> list[Content]:
    """Return each class's probability as a bar, after the one `before` the update if given."""
    cells = []
    with np.errstate(all="ignore"):
        top = int(np.argmax(np.nan_to_num(after, nan=-np.inf)))
    for number, value in enumerate(after.tolist()):
        right, taken = number == label, number == top
        style = "bold $success" if right else "bold $error" if taken else "$muted"
        was = f"{_output(float(before[number]))} → " if before is not None else ""
        cells.append(
            Content.assemble(
                (f"{number} ", style),
                (bar(value, BAR_WIDTH), f"{'$success' if right else '$primary'} on $highlight"),
                (f" {was}", "$muted"),
                _output(value),
            )
        )
    across = 2 if width >= 2 * CLASS_WIDTH else 1
    down = -(-len(cells) // across)
    columns = [cells[at : at + down] for at in range(0, len(cells), down)]
    wide = max(map(len, cells))
    return [
        Content(" " * GAP).join(
            column[at].pad_right(wide - len(column[at])) for column in columns if at < len(column)
        )
        for at in range(down)
    ]


def _output(value: float) -> str:
    """Format a probability with three decimals, a huge output with three digits."""
    return f"{value:5.3f}" if abs(value) < 10 else text.number(value, 3)
