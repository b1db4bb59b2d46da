"""The sharpness along a branch, against the rule's stability limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from gradstep.engine.records.ranges import Floats
from gradstep.tui import text
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.curve import curve
from gradstep.tui.state.run import RunState

WIDTH_ALONE, WIDTH_BESIDE, ROWS = 44, 48, 6
"""The cells of a chart: its greatest width alone and beside another one, and its rows."""
MARKED = 20
"""The most positions that all get a sign; of more, the last one and those on fewer samples do."""


@dataclass(frozen=True)
class SharpnessHistory:
    """The sharpness at the positions of a branch where it is known, and the stability limits there."""

    positions: Floats
    sharpness: Floats
    limits: Floats
    part: NDArray[np.bool_]
    """True where the sharpness was computed on a part of the samples."""

    @classmethod
    def of(cls, state: RunState, branch: int) -> SharpnessHistory:
        """Return the values that the run measured, and elsewhere those that the probe found."""
        total = state.info.samples if state.info is not None else 0
        known = {
            position: (result.measured, result.threshold, result.samples < total)
            for position, result in state.probes.sharpness.get(branch, {}).items()
        }
        measured, limits = (_measured(state, branch, name) for name in ("sharpness", "stability_limit"))
        for at in np.flatnonzero(~np.isnan(measured)).tolist():
            limit = float(limits[at]) if at < len(limits) else math.nan
            asked = known.get(at)
            known[at] = (float(measured[at]), asked[1] if asked and math.isnan(limit) else limit, False)
        positions = sorted(known)
        columns = list(zip(*(known[at] for at in positions), strict=True)) or [(), (), ()]
        return cls(
            np.array(positions, np.float64),
            np.array(columns[0], np.float64),
            np.array([math.nan if limit is None else limit for limit in columns[1]], np.float64),
            np.array(columns[2], np.bool_),
        )

    @property
    def ratios(self) -> Floats:
        """Sharpness over limit: 1 at the edge of stability, NaN without a limit."""
        with np.errstate(all="ignore"):
            return self.sharpness / self.limits


def _measured(state: RunState, branch: int, name: str) -> Floats:
    """Return a quantity by position, NaN where it was not measured; empty for an unknown one."""
    history = state.histories.get(branch)
    try:
        return history[name] if history is not None else np.zeros(0)
    except KeyError:
        return np.zeros(0)


def history_lines(
    histories: Sequence[SharpnessHistory], titles: Sequence[Content], width: int
) -> Iterator[Content]:
    """Yield a chart of one branch, or of two side by side on the same axes; nothing for a single position."""
    if len(histories[0].positions) < 2:
        return
    by_limit = bool(np.isfinite(histories[0].limits).all())
    drawn = [each.ratios if by_limit else each.sharpness for each in histories]
    name = "sharpness / its threshold" if by_limit else "sharpness"
    yield Content.assemble(
        (name, "$secondary"),
        (
            f", known at {len(histories[0].positions):,} positions"
            + ("; faint: the threshold" if by_limit else ""),
            "$muted",
        ),
    )
    wide = min(WIDTH_ALONE if len(histories) == 1 else WIDTH_BESIDE, (width - GAP) // len(histories))
    all_x = np.concatenate([each.positions for each in histories])
    all_y = np.concatenate([*drawn, *([np.ones(1)] if by_limit else [])])  # keep the threshold in sight
    sides = []
    for each, values in zip(histories, drawn, strict=True):
        ends = np.array([all_x.min(), all_x.max()])
        lines = _line(each, values, (wide, ROWS), (all_x, all_y), ends if by_limit else None)
        first, last = f"step {int(ends[0]):,}", f"{int(ends[1]):,}"
        lines.append(Content.styled(f"{first}{last:>{wide - len(first)}}", "$muted"))
        if len(values):
            said = f"{text.number(float(values[-1]), 3)} at step {int(each.positions[-1]):,}"
            said += "; ○ on a part of the samples" if each.part.any() else ""
            lines.append(Content.styled(said, "$muted"))
        sides.append(lines)
    if len(sides) == 1:
        yield from sides[0]
    else:
        yield from beside([titles[0], *sides[0]], [titles[1], *sides[1]], wide)


def _line(
    history: SharpnessHistory,
    values: Floats,
    size: tuple[int, int],
    axes: tuple[Floats, Floats],
    threshold: Floats | None,
) -> list[Content]:
    """Return the curve of one branch; `axes` are all the x and y values to be in sight."""
    positions = history.positions
    signs = [
        (at, value, "○" if part else "●", "$error" if threshold is not None and value > 1 else "$success")
        for at, value, part in zip(positions.tolist(), values.tolist(), history.part.tolist(), strict=True)
    ]
    if len(signs) > MARKED:
        signs = [each for each in signs[:-1] if each[2] == "○"] + signs[-1:]
    if threshold is None:
        return curve(positions, values, size, signs=signs, axes=axes)
    # `curve` wants both lines at the same places, and the threshold's spans the whole axis
    places = np.union1d(positions, threshold)
    known = np.interp(places, positions, values, np.nan, np.nan) if len(positions) else places * np.nan
    return curve(
        places,
        known,
        size,
        behind=np.ones(len(places)),
        signs=signs,
        axes=axes,
    )
