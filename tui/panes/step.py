"""The tab on the next update: its predicted and actual effect, by layer, and at other lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from textual.binding import BindingType
from textual.content import Content

from gradstep.engine.probes.results import (
    FullStep,
    LayerStep,
    LineResult,
    StepResult,
    StepVerdict,
    TrialPoint,
)
from gradstep.engine.records.ranges import Floats
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.curve import curve, is_log
from gradstep.tui.panes.numbers import KEPT, REFERENCE, Entry, grid, heading, row
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.state.probes import Wish
from gradstep.tui.state.run import RunState

STYLES: dict[StepVerdict, str] = {
    "linear": "$success",
    "quadratic": "$success",
    "balanced": "$warning",
    "other": "$warning",
    "none": "$warning",
    "rounding": "$warning",
    "overshoot": "$error",
    "uphill": "$error",
    "not finite": "$error",
}
WHICH_CHANGE = "actual Δ is on this batch; the bottom line's Δ is between batches"
NAME_WIDTH = 7
CURVE = (36, 7)


class StepPane(ProbePane):
    """`enter` computes the loss along the update, `a` the update's effect on all samples."""

    PROBES = ("step", "line")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("step")]

    def __init__(self) -> None:
        super().__init__("step")

    def automatic(self, state: RunState) -> Iterator[Wish]:
        yield Wish("step")

    def on_request(self, state: RunState) -> Iterator[Wish]:
        yield Wish("line")

    def action_all(self) -> None:
        self.post_message(self.Asked([Wish("step", {"full": True})]))

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        batches = state.info.batches if state.info is not None else 1
        view = partial(_step, width, batches)
        yield from self.section(state, "step", "The next update", "not computed yet", view)
        yield from self.section(
            state,
            "line",
            "The loss along it",
            "enter computes it, at 0 to 4 times this update",
            partial(_line, width, self.titles(state, "line", _half(width))),
        )


NAMES = (
    *("loss", "‖g‖", "‖d‖"),
    *("actual Δ", "dᵀg", "actual/dᵀg"),
    *("rate η", "dᵀg+dᵀHd/2", "actual/that"),
    "cos(d, −g)",
)
"""The names of the entries, in rows of three where they fit."""


def _step(width: int, batches: int, result: StepResult, other: StepResult | None) -> list[Content]:
    compared = other is not None
    lines = [Content.styled(result.words, f"bold {STYLES[result.verdict]}")]
    if batches > 1:
        lines.append(Content.styled(WHICH_CHANGE, "$muted"))
    if result.gradient:
        lines.append(Content.styled(result.gradient, "bold"))
    if result.remark:
        lines.append(Content.styled(text.plain(result.remark), "$warning"))
    lines += grid(_entries(result, other), width, compared=compared)
    if result.full is not None:
        lines += _full(result.full, width)
    others = {layer.name: layer for layer in other.layers} if other is not None else {}
    lines.append(heading("layer", ["‖θ‖", "‖g‖", "mean |g|", "‖d‖", "‖d‖/‖θ‖"], NAME_WIDTH))
    for layer in result.layers:
        lines.append(row(layer.name, _norms(layer), NAME_WIDTH))
        if layer.name in others:
            lines.append(row(KEPT, _norms(others[layer.name]), NAME_WIDTH, REFERENCE))
        lines += [Content.styled(f"  {note}", "$warning") for note in layer.notes]
    return lines + _trials(result.trials)


def _entries(result: StepResult, other: StepResult | None) -> list[Entry]:
    def of(step: StepResult) -> list[float | None]:
        return [
            step.loss,
            step.gradient_norm,
            step.update_norm,
            step.actual,
            step.slope,
            step.linear_ratio,
            step.learning_rate,
            step.predicted,
            step.ratio,
            step.descent_cosine,
        ]

    references = of(other) if other is not None else [None] * len(NAMES)
    entries = [Entry(*each) for each in zip(NAMES, of(result), references, strict=True)]
    if result.previous_cosine is not None:
        reference = other.previous_cosine if other is not None else None
        entries.append(Entry("cos(d, last)", result.previous_cosine, reference))
    return entries


def _full(full: FullStep, width: int) -> list[Content]:
    entries = [
        Entry("loss", full.loss),
        Entry("actual Δ", full.actual),
        Entry("dᵀg", full.slope),
        Entry("cos(d, −g)", full.descent_cosine),
        Entry("cos(batch g)", full.gradient_cosine),
    ]
    return [
        Content.styled("on the whole training set", "$secondary"),
        *grid(entries, width, compared=False),
    ]


def _norms(layer: LayerStep) -> list[float | None]:
    return [
        layer.parameter_norm,
        layer.gradient_norm,
        layer.mean_abs_gradient,
        layer.update_norm,
        layer.ratio,
    ]


def _trials(trials: Sequence[TrialPoint]) -> list[Content]:
    if not trials:
        return []
    lines = [heading("trial", ["step length", "loss", "passes"], NAME_WIDTH)]
    for at, trial in enumerate(trials, 1):
        line = row(str(at), [trial.step_length, trial.loss], NAME_WIDTH, "bold" if trial.accepted else "")
        taken = "  taken" if trial.accepted else ""
        lines.append(Content.assemble(line, f" {trial.evaluations:>10}", (taken, "bold $success")))
    return lines


def _half(width: int) -> int:
    """Return the width of one of two curves side by side."""
    return min(CURVE[0], (width - GAP) // 2)


def _line(
    width: int, titles: tuple[Content, Content], result: LineResult, other: LineResult | None
) -> list[Content]:
    """Return the curve with its legend; with a kept result both curves, on the same axes."""
    if other is None:
        said = _said(result)
        drawing = _drawing(result, CURVE[0], result.losses)
        return [
            *beside(drawing, said[: len(drawing)]),
            _axis(result, CURVE[0]),
        ]
    half, losses = _half(width), np.concatenate([result.losses, other.losses])

    def side(title: Content, each: LineResult) -> list[Content]:
        lines = [title, *_drawing(each, half, losses), _axis(each, half), *_said(each)]
        return [line.truncate(half) for line in lines]

    return beside(side(titles[0], result), side(titles[1], other), half)


def _drawing(result: LineResult, width: int, losses: Floats) -> list[Content]:
    """Draw the curve with the taken and the least point marked; `losses` are all to be in sight."""
    chosen, best = result.chosen, result.best
    return curve(
        result.multiples,
        result.losses,
        (width, CURVE[1]),
        behind=result.quadratic,
        signs=[
            (float(result.multiples[best]), float(result.losses[best]), "▼", "bold $success"),
            (float(result.multiples[chosen]), float(result.losses[chosen]), "●", "bold $accent"),
        ],
        axes=(result.multiples, losses),
    )


def _axis(result: LineResult, width: int) -> Content:
    return Content.styled(f"0{'× the update':^{width - 2}}{result.multiples[-1]:.0f}", "$muted")


def _said(result: LineResult) -> list[Content]:
    said = [_point("●", "$accent", "taken", result, result.chosen)]
    finite = np.isfinite(result.losses)
    if finite.any():
        said.append(_point("▼", "$success", "least", result, result.best))
    said.append(Content.styled("  faint: predicted by dᵀg and dᵀHd", "$muted"))
    if is_log(result.losses):
        said.append(Content.styled("  on a log scale", "$muted"))
    if not finite.all():
        where = "where it ends, the loss" if finite.any() else "the loss along it"
        said.append(Content.styled(f"  {where} is not finite", "$error"))
    return said


def _point(sign: str, style: str, name: str, result: LineResult, at: int) -> Content:
    """Return a sign, a multiple of the update and its change of the loss."""
    multiple = float(result.multiples[at])
    rate = f" η {text.number(multiple * result.learning_rate, 3)}" if result.learning_rate is not None else ""
    change = float(result.losses[at]) - result.loss
    return Content.assemble(
        (f"{sign} ", f"bold {style}"),
        f"×{multiple:.3g}",
        (f"{rate}: Δ ", "$muted"),
        text.change(change, 4),
        (f" {name}", "$muted"),
    )
