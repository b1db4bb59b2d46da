"""The largest and smallest Hessian eigenvalues, against the rule's stability limit."""

from __future__ import annotations

import math

from textual.content import Content

from gradstep.engine.probes.results import CurvatureResult
from gradstep.tui import text
from gradstep.tui.charts.blocks import bar
from gradstep.tui.panes.numbers import KEPT, NAME_WIDTH, REFERENCE, Entry, grid
from gradstep.tui.text import COLUMN_WIDTH, column

BAR_WIDTH = 30
EDGE = 2 / 3
"""The position of the threshold on the bar, as a share of its width."""
LARGEST_EIGENVALUE = "λmax(H)"


def eigenvalue_lines(
    width: int, total: int, result: CurvatureResult, other: CurvatureResult | None
) -> list[Content]:
    """Return the verdict, the bar against the limit and the eigenvalues, for `total` training samples."""
    beyond = result.ratio is not None and result.ratio > 1
    lines = [Content.styled(result.words, f"bold {'$error' if beyond else '$success'}")]
    if result.threshold is not None:
        lines += _against_threshold(result, other)
    entries = []
    measure_shown = result.threshold is not None and result.measure == LARGEST_EIGENVALUE
    if not measure_shown:
        reference = other.sharpness if other is not None else None
        entries.append(Entry(LARGEST_EIGENVALUE, result.sharpness, reference))
    if result.smallest is not None:
        entries.append(Entry("λmin(H)", result.smallest, other.smallest if other is not None else None))
    lines += grid(entries, width, compared=other is not None)
    if len(result.largest) > 1:
        lines.append(_eigenvalues("largest λ", result, "", width))
        if other is not None:
            lines.append(_eigenvalues(KEPT, other, REFERENCE, width))
    found = "exact" if result.method == "dense" else f"Lanczos, {result.products} products"
    if not result.converged:
        found += ", not converged"
    bound = f"each within ±{text.number(result.resolution, 2)}"
    part = f" of {total:,}" if result.samples < total else ""
    lines.append(Content.styled(f"on {result.samples:,}{part} samples · {found} · {bound}", "$muted"))
    if result.method == "lanczos" and len(result.largest) > 1:
        lines.append(Content.styled("Near-equal eigenvalues below the largest may be missing.", "$muted"))
    return lines


def _against_threshold(result: CurvatureResult, other: CurvatureResult | None) -> list[Content]:
    """Return the measure and its ratio to the threshold as a bar; the kept result's below."""
    assert result.threshold is not None
    then = f"  ({KEPT} {text.number(other.measured, 4)})" if other is not None else ""
    return [
        Content.assemble(
            (f"{result.measure:<12} ", "$muted"),
            column(result.measured),
            (f"  {result.threshold_formula} = ", "$muted"),
            text.number(result.threshold, 4),
            (then, REFERENCE),
        ),
        _ratio("ratio", result),
        *([_ratio(KEPT, other)] if other is not None and other.ratio is not None else []),
    ]


def _ratio(name: str, result: CurvatureResult) -> Content:
    ratio = result.ratio if result.ratio is not None else math.nan
    edge = round(BAR_WIDTH * EDGE)
    drawn = bar(ratio * EDGE, BAR_WIDTH)
    kept = name == KEPT
    style = REFERENCE if kept else "$error" if ratio > 1 else "$success"
    return Content.assemble(
        (name.ljust(13), "$muted"),
        (text.number(ratio, 3).rjust(COLUMN_WIDTH), style if kept else f"bold {style}"),
        "  ",
        (drawn[:edge], f"{style} on $highlight"),
        ("│", "bold $foreground on $highlight"),
        (drawn[edge:], f"{style} on $highlight"),
    )


def _eigenvalues(name: str, result: CurvatureResult, style: str, width: int) -> Content:
    """Return one line of the largest eigenvalues, as many as fit."""
    room = (width - NAME_WIDTH) // (1 + COLUMN_WIDTH)
    values = " ".join(column(float(value)) for value in result.largest[:room])
    return Content.assemble((f"{name:<12} ", "$muted"), (values, style))
