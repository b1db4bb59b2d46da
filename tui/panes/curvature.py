"""How curved the loss is: against what the rule is stable below, by eigendirections, and as a map."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.binding import BindingType
from textual.content import Content

from gradstep.engine.probes.results import CurvatureResult, Floats, SpectrumResult, SurfaceResult
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.blocks import bar
from gradstep.tui.charts.contours import band_limits, contours
from gradstep.tui.charts.curve import curve
from gradstep.tui.panes.numbers import KEPT, NAME_WIDTH, NUMBER_WIDTH, REFERENCE, Entry, grid, number
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Found, Wish
from gradstep.tui.state.run import RunState

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
LEGEND_WIDTH = 24
"""Where less is left to the right of the map, what its signs mean stands below it."""
LARGEST_EIGENVALUE = "λmax(H)"
STATES = {"solved": "$success", "falling": "$primary", "frozen": "$warning", "diverging": "$error"}
STATE_WIDTH = max(map(len, STATES))


class CurvaturePane(ProbePane):
    """`enter` asks for the eigenvalues, `a` for those of all samples, `v` for the view from above, which from
    then on `enter` renews as well."""

    PROBES = ("curvature", "spectrum", "surface")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("curvature")]

    def __init__(self) -> None:
        super().__init__("curvature")
        self._awaited: tuple[Found | None] | None = None
        """The map there was when `v` asked for another one, which is to be in sight when it comes."""

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
            view, found = self._view(self._state), self._state.probes.found.get("surface")
            if found is None or not found.answers(view, self._state.place):
                self._awaited = (found,)
            self.post_message(self.Asked([view]))
            self.scroll_end(animate=False)

    def draw(self) -> None:
        """Show the state once more; the map, which stands last, in sight when it has come."""
        super().draw()
        if self._awaited is not None and self._state is not None:
            probes = self._state.probes
            if probes.found.get("surface") is not self._awaited[0]:
                self._awaited = None
                self.scroll_end(animate=False)
            elif "surface" in probes.failed:
                self._awaited = None

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


def _eigenvalues(name: str, result: CurvatureResult, style: str, width: int) -> Content:
    """The largest, as many as there is room for."""
    room = (width - NAME_WIDTH) // (1 + NUMBER_WIDTH)
    values = " ".join(number(float(value)) for value in result.largest[:room])
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
    order = np.argsort(-np.nan_to_num(result.shares), kind="stable")[:DIRECTIONS]
    if result.rank:
        lines += _directions(sorted(order.tolist()), result, other, width)
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
    if result.states is None or result.factors is None or result.steps_left is None:
        return ""
    if not (result.rank and 0 < result.loss < math.inf):
        return ""
    at = int(np.argmax(np.nan_to_num(result.shares)))
    if result.states[at] != "frozen":
        return ""
    left = float(result.steps_left[at])
    to_go = f"{text.number(left, 2)} steps until a hundredth of it is left"
    needs = to_go if math.isfinite(left) else "for ever"
    share, factor = float(result.shares[at]) / result.loss, abs(float(result.factors[at]))
    return (
        f"The loss stays: {share:.0%} of it is in direction {at + 1}, where a step goes {1 - factor:.1e} "
        f"of the way. It would take {needs}."
    )


@dataclass(frozen=True)
class Column:
    """Of the table of directions: its heading, and what stands in each line, all as wide, with its style."""

    title: str
    cells: list[tuple[str, str]]
    gap: int = 1
    spared: int = 0
    """Where there is no room, the columns with the most go first; those with 0 stay."""

    @property
    def width(self) -> int:
        """With the gap before it."""
        return self.gap + max(len(self.title), *(len(said) for said, _ in self.cells))


def _directions(
    at: Sequence[int], result: SpectrumResult, other: SpectrumResult | None, width: int
) -> Iterator[Content]:
    """What is told of these directions. What is compared with stands where the bars would be."""
    shares = [float(result.shares[i]) / result.loss if result.loss else 0.0 for i in at]

    def numbers(values: Floats, style: str = "") -> list[tuple[str, str]]:
        return [(number(float(values[i]) if i < len(values) else None), style) for i in at]

    columns = [
        Column("", [(f"{i + 1:>2}", "$muted") for i in at], gap=0),
        Column("eigenvalue", numbers(result.eigenvalues)),
        Column("its loss", numbers(result.shares)),
        Column("", [(bar(share, SHARE_WIDTH), "$primary on $highlight") for share in shares], spared=3)
        if other is None
        else Column(KEPT, numbers(other.shares, REFERENCE)),
        Column(
            "share", [(f"{share:4.0%}" if math.isfinite(share) else "   –", "") for share in shares], spared=1
        ),
    ]
    if result.factors is not None and result.steps_left is not None and result.states is not None:
        states = [result.states[i] for i in at]
        columns += [
            Column("1 − factor", numbers(1 - result.factors), gap=2, spared=2),
            Column("steps left", numbers(result.steps_left), gap=2),
            Column("", [(f"{state:<{STATE_WIDTH}}", STATES[state]) for state in states]),
        ]
    for column in sorted((each for each in columns if each.spared), key=lambda each: -each.spared):
        if sum(each.width for each in columns) > width:
            columns.remove(column)
    titles = (" " * each.gap + each.title.rjust(each.width - each.gap) for each in columns)
    yield Content.styled("".join(titles).rstrip(), "$muted")
    for line in range(len(at)):
        yield Content.assemble(
            *(
                part
                for each in columns
                for part in (" " * (each.width - len(each.cells[line][0])), each.cells[line])
            )
        )


def _map_width(width: int) -> int:
    """The width of one of two maps side by side."""
    return min(MAP[0], (width - GAP) // 2)


def _surface(
    width: int, titles: tuple[Content, Content], result: SurfaceResult, other: SurfaceResult | None
) -> list[Content]:
    """The bands of the loss, darker where it is lower, with the way walked, where it stands, the lowest. Two
    maps have the same bands, and the same lengths along both directions from where each stands."""
    if other is None:
        size = (min(MAP[0], width), MAP[1])
        lines, room = _map(result, size, None), width - size[0] - GAP
        if room < LEGEND_WIDTH:
            return [*lines, *_told(result, width)]
        return beside(lines, _told(result, room))
    half = _map_width(width)

    def side(title: Content, each: SurfaceResult) -> list[Content]:
        drawn = _map(each, (half, MAP[1] * half // MAP[0]), (result, other))
        return [title, *drawn, *_told(each, half)]

    return beside(side(titles[0], result), side(titles[1], other), half)


def _map(
    result: SurfaceResult, size: tuple[int, int], both: tuple[SurfaceResult, SurfaceResult] | None
) -> list[Content]:
    signs = [(float(x), float(y), "•") for x, y in result.path]
    lowest = _lowest(result)
    if lowest is not None:
        row, column = lowest
        signs.append((float(result.x[column]), float(result.y[row]), "×"))
    signs.append((0.0, 0.0, "◉"))
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


def _lowest(result: SurfaceResult) -> tuple[int, int] | None:
    """The grid point of the least loss, where that is below the loss here."""
    losses = np.where(np.isfinite(result.losses), result.losses, np.inf)
    row, column = divmod(int(np.argmin(losses)), len(result.x))
    return (row, column) if losses[row, column] < result.loss else None


def _told(result: SurfaceResult, width: int) -> list[Content]:
    """The map's signs and axes, in lines of so many cells."""
    said = [f"◉ here: {text.number(result.loss, 4)}"]
    lowest = _lowest(result)
    if lowest is not None:
        said.append(f"× lowest: {text.number(float(result.losses[lowest]), 4)}")
    else:
        said.append("no point of the grid is lower" + _narrower(result))
    said += [
        f"→ {_length(result.x)}{_eigenvalue(result, 0)}",
        f"↑ {_length(result.y)}{_eigenvalue(result, 1)}",
    ]
    if len(result.path):
        said += ["• the way walked", f"  up to {text.number(float(result.off_plane.max()), 2)} off the plane"]
    return [part for line in said for part in Content.styled(line, "$muted").wrap(width)]


def _narrower(result: SurfaceResult) -> str:
    """Whether all of the grid is above here, so that what is as low lies between its points."""
    least = float(np.min(result.losses, initial=math.inf, where=np.isfinite(result.losses)))
    if not least > result.loss:
        return ""
    return f" (least: {text.number(least, 4)}): the valley is narrower than its cells"


def _length(axis: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    first, last = float(axis[0]), float(axis[-1])
    return text.number(last - first, 2)


def _eigenvalue(result: SurfaceResult, at: int) -> str:
    return f", λ {text.number(float(result.eigenvalues[at]), 3)}" if result.eigenvalues is not None else ""
