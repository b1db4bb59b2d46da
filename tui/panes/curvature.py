"""How curved the loss is: against what the rule is stable below, by eigendirections, and as a map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.binding import Binding, BindingType
from textual.content import Content

from engine.probes.results import CurvatureResult, Floats, SpectrumResult, SurfaceResult
from tui import text
from tui.charts.beside import GAP, beside
from tui.charts.blocks import bar
from tui.charts.contours import band_limits, contours
from tui.charts.curve import curve
from tui.needs import unmet
from tui.panes.numbers import KEPT, NUMBER_WIDTH, REFERENCE, Entry, grid, number
from tui.panes.probe_pane import ProbePane
from tui.probes import Wish
from tui.state import RunState

LARGEST = 5
SAMPLES = 5000
"""The Hessian is that of so many samples' loss, unless all are asked for; of fewer where the net is large."""
WORK = 4e8
"""Samples times parameters: some 0.1 s of a processor for a Hessian-vector product, of which it takes 80."""
LEAST_SAMPLES = 200
PART_TOLERANCE = 1e-2
"""Of the eigenvalues where not all samples are looked at, or all of many: a part's differ more from all's."""
BAR_WIDTH = 30
EDGE = 2 / 3
"""Where on the bar the threshold is."""
SHARE_WIDTH = 10
DIRECTIONS = 12
"""So many eigendirections are listed, those that hold most of the loss."""
HISTORY = (44, 6)
MARKED = 20
"""Up to so many positions each has a sign on the line; beyond, the last and those on fewer samples."""
MAP = (48, 16)
LARGEST_EIGENVALUE = "λmax(H)"
STATES = {"solved": "$success", "falling": "$primary", "frozen": "$warning", "diverging": "$error"}


class CurvaturePane(ProbePane):
    """`enter` asks for the eigenvalues, `a` for those of all samples, `v` for the view from above, which from
    then on `enter` renews as well."""

    PROBES = ("curvature", "spectrum", "surface")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "all", "all samples", tooltip="The curvature of the whole training set's loss"),
        Binding("v", "surface", "view", tooltip="The loss seen from above, over the two sharpest directions"),
    ]

    def __init__(self) -> None:
        super().__init__("curvature")

    def on_request(self, state: RunState) -> Iterator[Wish]:
        """The spectrum of a linear net's data, and the eigenvalues."""
        if not unmet("spectrum", state.preset):
            yield Wish("spectrum")
        samples = affordable(state)
        if state.info is not None and state.info.samples > samples:
            yield Wish("curvature", {"k": LARGEST, "samples": samples, "tolerance": PART_TOLERANCE})
        else:
            yield Wish("curvature", {"k": LARGEST})
        if "surface" in state.probes.found or "surface" in state.probes.failed:
            yield self._view(state)

    def action_all(self) -> None:
        many = {"k": LARGEST, "samples": None, "tolerance": PART_TOLERANCE}
        self.post_message(self.Asked([Wish("curvature", many)]))

    def action_surface(self) -> None:
        if self._state is not None:
            self.post_message(self.Asked([self._view(self._state)]))

    def _view(self, state: RunState) -> Wish:
        options: dict[str, Any] = {"samples": affordable(state)}
        kept = state.probes.reference.get("surface")
        if kept is not None:  # seen through the same window, to stand side by side
            options["window"] = tuple(
                (float(axis[0]), float(axis[-1])) for axis in (kept.result.x, kept.result.y)
            )
        return Wish("surface", options)

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        """The spectrum, the eigenvalues and their history, the map."""
        total = state.info.samples if state.info is not None else 0
        hint = "enter computes it"
        if not unmet("spectrum", state.preset):
            yield from self.section(
                state, "spectrum", "The data's directions", hint, partial(_spectrum, width)
            )
        yield from self.section(state, "curvature", "Curvature", hint, partial(_curvature, width, total))
        kept = self.kept(state, "curvature")
        branches = [state.branch]
        if kept is not None and kept.place.branch != state.branch:
            branches.append(kept.place.branch)
        names = [
            Content.styled(text.plain(state.branches[each].name) if each in state.branches else "", "bold")
            for each in branches
        ]
        yield from _history([Edge.of(state, each) for each in branches], names, width)
        hint = "v draws it, over the two sharpest directions"
        titles = self.titles(state, "surface", _map_width(width))
        view = partial(_surface, width, titles)
        yield from self.section(state, "surface", "The loss from above", hint, view)


def affordable(state: RunState) -> int:
    """How many samples the curvature is computed on where nothing else is said."""
    parameters = sum(layer.parameters for layer in state.info.layers) if state.info is not None else 0
    return min(SAMPLES, max(LEAST_SAMPLES, int(WORK / max(parameters, 1))))


def _curvature(
    width: int, total: int, result: CurvatureResult, other: CurvatureResult | None
) -> list[Content]:
    beyond = result.ratio is not None and result.ratio > 1
    lines = [Content.styled(result.words, f"bold {'$error' if beyond else '$success'}")]
    if result.threshold is not None:
        lines += _against_threshold(result, other)
    entries = []
    said_above = result.threshold is not None and result.measure == LARGEST_EIGENVALUE
    if not said_above:
        reference = other.sharpness if other is not None else None
        entries.append(Entry(LARGEST_EIGENVALUE, result.sharpness, reference))
    if result.smallest is not None:
        entries.append(Entry("λmin(H)", result.smallest, other.smallest if other is not None else None))
    lines += grid(entries, width, compared=other is not None)
    if len(result.largest) > 1:
        lines.append(_eigenvalues("largest λ", result, ""))
        if other is not None:
            lines.append(_eigenvalues(KEPT, other, REFERENCE))
    found = "exact" if result.method == "dense" else f"Lanczos, {result.products} products"
    if not result.converged:
        found += ", not converged"
    bound = f"each within ±{text.number(result.resolution, 2)}"
    part = f" of {total:,}" if result.samples < total else ""
    lines.append(Content.styled(f"on {result.samples:,}{part} samples · {found} · {bound}", "$muted"))
    if result.method == "lanczos" and len(result.largest) > 1:
        lines.append(Content.styled("of nearly equal λ below the largest some may be missing", "$muted"))
    return lines


def _against_threshold(result: CurvatureResult, other: CurvatureResult | None) -> list[Content]:
    """The measure as a bar that has the threshold marked on it, and the other one's below."""
    assert result.threshold is not None
    then = f"  ({KEPT} {text.number(other.measured, 4)})" if other is not None else ""
    return [
        Content.assemble(
            (f"{result.measure:<12} ", "$muted"),
            number(result.measured),
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
        (text.number(ratio, 3).rjust(NUMBER_WIDTH), style if kept else f"bold {style}"),
        "  ",
        (drawn[:edge], f"{style} on $highlight"),
        ("│", "bold $foreground on $highlight"),
        (drawn[edge:], f"{style} on $highlight"),
    )


def _eigenvalues(name: str, result: CurvatureResult, style: str) -> Content:
    values = " ".join(number(float(value)) for value in result.largest)
    return Content.assemble((f"{name:<12} ", "$muted"), (values, style))


@dataclass(frozen=True)
class Edge:
    """The sharpness along a branch and what it has to stay below, where these are known."""

    positions: Floats
    sharpness: Floats
    limits: Floats
    part: NDArray[np.bool_]
    """Where it is that of a part of the samples."""

    @classmethod
    def of(cls, state: RunState, branch: int) -> Edge:
        """As the run measured them on its way, and as they were asked for in this tab; of both the former."""
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
        """1 at the edge; NaN where there is no limit."""
        with np.errstate(all="ignore"):
            return self.sharpness / self.limits


def _measured(state: RunState, branch: int, name: str) -> Floats:
    """A quantity by position, NaN where it was not measured."""
    history = state.histories.get(branch)
    try:
        return history[name] if history is not None else np.zeros(0)
    except KeyError:
        return np.zeros(0)


def _history(edges: Sequence[Edge], titles: Sequence[Content], width: int) -> Iterator[Content]:
    """The sharpness where it is known, and the threshold; two branches on the same axes."""
    if len(edges[0].positions) < 2:
        return
    by_limit = bool(np.isfinite(edges[0].limits).all())
    drawn = [each.ratios if by_limit else each.sharpness for each in edges]
    name = "sharpness / its threshold" if by_limit else "sharpness"
    yield Content.assemble(
        (name, "$secondary"),
        (
            f", known at {len(edges[0].positions):,} positions"
            + ("; faint: the threshold" if by_limit else ""),
            "$muted",
        ),
    )
    wide = min(HISTORY[0] if len(edges) == 1 else MAP[0], (width - GAP) // len(edges))
    all_x = np.concatenate([each.positions for each in edges])
    all_y = np.concatenate([*drawn, *([np.ones(1)] if by_limit else [])])  # the threshold is in sight
    sides = []
    for each, values in zip(edges, drawn, strict=True):
        ends = np.array([all_x.min(), all_x.max()])
        lines = _line(each, values, (wide, HISTORY[1]), (all_x, all_y), ends if by_limit else None)
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
    edge: Edge,
    values: Floats,
    size: tuple[int, int],
    axes: tuple[Floats, Floats],
    threshold: Floats | None,
) -> list[Content]:
    positions = edge.positions
    signs = [
        (at, value, "○" if part else "●", "$error" if threshold is not None and value > 1 else "$success")
        for at, value, part in zip(positions.tolist(), values.tolist(), edge.part.tolist(), strict=True)
    ]
    if len(signs) > MARKED:
        signs = [each for each in signs[:-1] if each[2] == "○"] + signs[-1:]
    if threshold is None:
        return curve(positions, values, size, signs=signs, axes=axes)
    # the threshold's line reaches over the whole axis, so both are given at the same places
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


def _spectrum(width: int, result: SpectrumResult, other: SpectrumResult | None) -> list[Content]:
    lines = [Content.styled(result.words, "bold")]
    if said := why(result):
        lines.append(Content.styled(said, "bold $warning"))
    reference = other if other is not None else None
    entries = [
        Entry("loss", result.loss, reference.loss if reference else None),
        Entry("unreachable", result.unreachable, reference.unreachable if reference else None),
        Entry("condition", result.condition, reference.condition if reference else None),
        Entry("cond(XᵀX)", result.naive_condition, reference.naive_condition if reference else None),
    ]
    lines += grid(entries, width, compared=other is not None)
    lines.append(Content.styled(_titles(other), "$muted"))
    order = np.argsort(-np.nan_to_num(result.shares), kind="stable")[:DIRECTIONS]
    lines += [_direction(int(at), result, other) for at in sorted(order.tolist())]
    if result.rank > DIRECTIONS:
        lines.append(
            Content.styled(f"… {result.rank - DIRECTIONS} directions with less of the loss", "$muted")
        )
    if result.factors is None:
        lines.append(
            Content.styled(
                "No factor a step: it is for one layer, the whole training set a step, no adaptive rule.",
                "$muted",
            )
        )
    return lines


def why(result: SpectrumResult) -> str:
    """Why the loss stands still, where a frozen direction holds most of it; else nothing."""
    if result.states is None or result.factors is None or result.steps_left is None or not result.loss > 0:
        return ""
    at = int(np.argmax(np.nan_to_num(result.shares)))
    if result.states[at] != "frozen":
        return ""
    left = float(result.steps_left[at])
    needs = f"{text.number(left, 2)} steps" if math.isfinite(left) else "for ever"
    share, factor = float(result.shares[at]) / result.loss, abs(float(result.factors[at]))
    return (
        f"The loss stays: {share:.0%} of it is in direction {at + 1}, where a step goes {1 - factor:.1e} "
        f"of the way. It would take {needs}."
    )


def _titles(other: SpectrumResult | None) -> str:
    """The heading of the table of directions; the numbers compared with stand where the bars would be."""
    titles = ["eigenvalue", "its loss"]
    if other is not None:
        titles.append(KEPT)
    parts = [f"{title:>{NUMBER_WIDTH}}" for title in titles]
    parts.append(" " * (SHARE_WIDTH if other is None else 0) + "share")
    return " ".join(["  ", *parts, *(f"{title:>{NUMBER_WIDTH}}" for title in ("1 − factor", "steps left"))])


def _direction(at: int, result: SpectrumResult, other: SpectrumResult | None) -> Content:
    share = float(result.shares[at]) / result.loss if result.loss else 0.0
    parts: list[str | tuple[str, str]] = [
        (f"{at + 1:>2} ", "$muted"),
        f"{number(float(result.eigenvalues[at]))} {number(float(result.shares[at]))} ",
    ]
    if other is None:
        parts.append((bar(share, SHARE_WIDTH), "$primary on $highlight"))
    else:
        then = float(other.shares[at]) if at < len(other.shares) else None
        parts.append((f"{number(then)} ", REFERENCE))
    parts.append(f"{share:5.0%}")
    if result.factors is not None and result.steps_left is not None and result.states is not None:
        state = result.states[at]
        parts += [
            f" {number(1 - float(result.factors[at]))} {number(float(result.steps_left[at]))}",
            (f" {state}", STATES[state]),
        ]
    return Content.assemble(*parts)


def _map_width(width: int) -> int:
    """The width of one of two maps side by side."""
    return min(MAP[0], (width - GAP) // 2)


def _surface(
    width: int, titles: tuple[Content, Content], result: SurfaceResult, other: SurfaceResult | None
) -> list[Content]:
    """The bands of the loss, darker where it is lower, with the way walked, where it stands, the least. Two
    maps have the same bands, and the same lengths along both directions from where each stands."""
    if other is None:
        size = (min(MAP[0], width), MAP[1])
        lines, said = _map(result, size, None), _told(result)
        room = max(width - size[0] - GAP, 0)
        return beside(lines, [line.truncate(room) for line in said[: len(lines)]])
    half = _map_width(width)

    def side(title: Content, each: SurfaceResult) -> list[Content]:
        drawn = _map(each, (half, MAP[1] * half // MAP[0]), (result, other))
        return [title, *drawn, *(line.truncate(half) for line in _told(each))]

    return beside(side(titles[0], result), side(titles[1], other), half)


def _map(
    result: SurfaceResult, size: tuple[int, int], both: tuple[SurfaceResult, SurfaceResult] | None
) -> list[Content]:
    signs = [(float(x), float(y), "•") for x, y in result.path]
    row, column = _lowest(result)
    signs += [(float(result.x[column]), float(result.y[row]), "×"), (0.0, 0.0, "◉")]
    seen = both or (result,)
    return contours(
        result.x,
        result.y,
        result.losses,
        size,
        signs,
        limits=band_limits(*(each.losses for each in seen)),
        window=(np.concatenate([each.x for each in seen]), np.concatenate([each.y for each in seen])),
    )


def _lowest(result: SurfaceResult) -> tuple[int, int]:
    """The grid point of the least loss."""
    losses = np.where(np.isfinite(result.losses), result.losses, np.inf)
    row, column = divmod(int(np.argmin(losses)), len(result.x))
    return row, column


def _told(result: SurfaceResult) -> list[Content]:
    """The map's signs and axes."""
    said = [
        f"◉ here: {text.number(result.loss, 4)}",
        f"× lowest: {text.number(float(result.losses[_lowest(result)]), 4)}",
        f"→ {_length(result.x)}{_eigenvalue(result, 0)}",
        f"↑ {_length(result.y)}{_eigenvalue(result, 1)}",
    ]
    if len(result.path):
        said.append(f"• the way walked, up to {text.number(float(result.off_plane.max()), 2)} off")
    return [Content.styled(line, "$muted") for line in said]


def _length(axis: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    first, last = float(axis[0]), float(axis[-1])
    return text.number(last - first, 2)


def _eigenvalue(result: SurfaceResult, at: int) -> str:
    return f", λ {text.number(float(result.eigenvalues[at]), 3)}" if result.eigenvalues is not None else ""
