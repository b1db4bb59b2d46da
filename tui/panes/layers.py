"""The tab on layers: the distribution of pre-activations and gradients, and silent or equal units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from gradstep.engine.errors import UserError
from gradstep.engine.probes.results import Histogram, LayerReport, LayersResult
from gradstep.engine.records.ranges import Ints, evenly, is_one_number
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.beside import GAP, beside, in_a_line
from gradstep.tui.charts.blocks import columns, rebinned
from gradstep.tui.panes.numbers import KEPT, REFERENCE, listed
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.state.probes import Probes, Wish
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.ask import Ask

NAME_WIDTH = 13
BINS, LEAST_BINS = 32, 8
RANGE_WIDTH = 22
"""The cells of the longest range of a histogram: -0.000123 … -1.23e-05."""


@dataclass(frozen=True, order=True)
class Unit:
    """A unit by its layer and its number there, both counted from 0."""

    layer: int
    number: int

    def __str__(self) -> str:
        return f"unit {self.number} of layer{self.layer + 1}"


class LayersPane(ProbePane):
    """All layers on the batch, and one unit.

    `enter` looks at the whole training set and at the weights' ranks. `,` and `.` go through the dead units,
    or through the silent ones while no dead ones are known. `x` goes to the update that killed the unit.
    """

    PROBES = ("layers",)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("layers")]

    @dataclass
    class UnitDeath(Message):
        """The user wants to go to the update that killed a unit."""

        unit: Unit

    def __init__(self) -> None:
        super().__init__("layers")
        self._unit: Unit | None = None
        self._run: Probes | None = None

    def automatic(self, state: RunState) -> Iterator[Wish]:
        yield Wish("layers")

    def on_request(self, state: RunState) -> Iterator[Wish]:
        yield Wish("layers", {"whole": True, "ranks": True})

    def show(self, state: RunState, topics: Topic) -> None:
        """Show the state; forget the chosen unit in another run."""
        if state.probes is not self._run:
            self._run, self._unit = state.probes, None
        super().show(state, topics)

    def lines(self, state: RunState, width: int) -> Iterator[Content]:

        def view(result: LayersResult, other: LayersResult | None) -> list[Content]:
            titles = self.titles(state, "layers", _bins(width)) if other is not None else None
            still = [Content.styled(result.gradient, "bold")] if result.gradient else []
            return [*still, *self._told(result), *_layers(width, titles, result, other)]

        yield from self.section(state, "layers", "Layers", "not computed yet", view)

    def action_move(self, distance: int) -> None:
        if (unit := self._shown(self._result)) is None:
            return
        _, units = _listed(self._result)
        later, earlier = [each for each in units if each > unit], [each for each in units if each < unit]
        if beside := later[:1] if distance > 0 else earlier[-1:]:
            self._unit = beside[0]
            self.draw()

    async def action_ask(self) -> None:
        state = self._state
        if state is None or state.info is None:
            return
        counts = [layer.shape[0] for layer in state.info.layers]

        def asked(answer: str | None) -> None:
            if answer is not None:
                self._unit = unit_of(answer, counts)
                self.draw()

        hint = f"its number, 0 to {counts[0] - 1:,}"
        if len(counts) > 1:
            hint += "; 2:17 is unit 17 of layer2"
        await self.app.push_screen(Ask("Show a unit", hint, lambda answer: unit_of(answer, counts)), asked)

    def action_unit_death(self) -> None:
        if (unit := self._shown(self._result)) is not None:
            self._unit = unit  # stays chosen at the other position
            self.post_message(self.UnitDeath(unit))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action is possible now: keys on units need units that can fall silent."""
        if action in ("move", "unit_death"):
            return self._shown(self._result) is not None
        return super().check_action(action, parameters)

    @property
    def _result(self) -> LayersResult | None:
        found = self.found(self._state, "layers") if self._state is not None else None
        return found.result if found is not None else None

    def _shown(self, result: LayersResult | None) -> Unit | None:
        """Return the chosen unit if the result has it, or else the first one listed."""
        if result is None:
            return None
        unit, layers = self._unit, result.layers
        if unit is not None and unit.layer < len(layers) and unit.number < layers[unit.layer].units:
            return unit
        return next(iter(_listed(result)[1]), None)

    def _told(self, result: LayersResult) -> Iterator[Content]:
        """Yield the place of the shown unit in the list, and whether it is silent or dead."""
        if (unit := self._shown(result)) is None:
            return
        (kind, units), layer = _listed(result), result.layers[unit.layer]
        at = f"{units.index(unit) + 1} of {len(units)} {kind}" if unit in units else f"{len(units)} {kind}"
        yield Content.assemble(
            ("‹ " if units and units[0] < unit else "  ", "$primary"),
            (at, "$muted"),
            (" › " if units and units[-1] > unit else "   ", "$primary"),
            (f"{unit}", "bold"),
            (f"  {_since_when(layer, unit)}", ""),
        )
        if said := _deadness(layer, unit):
            yield Content.assemble("  ", *said)


def unit_of(answer: str, counts: Sequence[int]) -> Unit:
    """Return the unit typed, such as 17 or 2:17; `counts` has the units of each layer. Raises UserError."""
    before, colon, after = answer.strip().replace(",", "").rpartition(":")
    layer, number = (before.strip() if colon else "1"), after.strip()
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (layer, number)):
        raise UserError(f"given {answer!r}; allowed: a unit's number, such as 17, or 2:17 for one of layer2")
    if not 1 <= int(layer) <= len(counts):
        raise UserError(f"there is no layer {int(layer)}; allowed: 1 to {len(counts)}")
    if int(number) >= counts[int(layer) - 1]:
        raise UserError(
            f"layer{int(layer)} has no unit {number}; allowed: 0 to {counts[int(layer) - 1] - 1:,}"
        )
    return Unit(int(layer) - 1, int(number))


def _listed(result: LayersResult | None) -> tuple[str, list[Unit]]:
    """Return "dead" and the dead units in order, or "silent" and the silent ones if none is known as dead."""
    layers = result.layers if result is not None else ()
    dead = [Unit(at, number) for at, layer in enumerate(layers) for number in _numbers(layer.dead)]
    if dead:
        return "dead", dead
    return "silent", [
        Unit(at, number) for at, layer in enumerate(layers) for number in _numbers(layer.silent)
    ]


def _numbers(units: Ints | None) -> list[int]:
    return [] if units is None else units.tolist()


def _since_when(layer: LayerReport, unit: Unit) -> str:
    if layer.silent is None:
        return f"{layer.activation} cannot fall silent"
    if unit.number not in layer.silent:
        return "fires on this batch, so it is not dead"
    if layer.silent_since is None:
        return "silent on this batch"
    since = int(layer.silent_since[layer.silent.tolist().index(unit.number)])
    if since == layer.watched_from:
        return f"silent since step {since:,} at least" if since else "silent on every batch so far"
    return f"silent since the update of step {since - 1:,}"


def _deadness(layer: LayerReport, unit: Unit) -> list[tuple[str, str]]:
    if layer.silent is None or unit.number not in layer.silent:
        return []
    if layer.dead is None:
        return [("enter: does it fire on any sample?  x: go to the update that killed it", "$muted")]
    if unit.number in layer.dead:
        return [
            ("dead on all training samples", "bold $error"),
            ("  x: go to the update that killed it", "$muted"),
        ]
    return [("not dead: other training samples make it fire", "$success")]


def _layers(
    width: int,
    titles: tuple[Content, Content] | None,
    result: LayersResult,
    other: LayersResult | None,
) -> list[Content]:
    others = {layer.name: layer for layer in other.layers} if other is not None else {}
    lines = []
    if titles is not None:
        now, then = titles
        lines += beside([Content(" " * (NAME_WIDTH - GAP))], beside([now], [then], _bins(width)))
    for layer in result.layers:
        lines += _layer(layer, others.get(layer.name), width)
    on = f"on the batch of {result.samples:,}"
    more = (
        "; dead and constant: on the whole training set"
        if result.whole
        else "; enter looks at all samples and at ranks"
    )
    return [*lines, Content.styled(on + more, "$muted")]


def _layer(layer: LayerReport, other: LayerReport | None, width: int) -> list[Content]:
    alike = layer.distinct < layer.units
    counted = Content.assemble(
        (f"{layer.name} ", "bold"),
        (f"{layer.activation}  ", "$muted"),
        (
            f"{layer.units:,} unit{'s' * (layer.units != 1)}, {layer.distinct:,} distinct",
            "bold $warning" if alike else "",
        ),
        (f" ({KEPT} {other.distinct:,})" if other and other.distinct != layer.distinct else "", REFERENCE),
    )
    gradient = Content.assemble(
        ("mean |g| ", "$muted"),
        text.number(layer.mean_abs_gradient, 3),
        (f" ({KEPT} {text.number(other.mean_abs_gradient, 3)})" if other is not None else "", REFERENCE),
    )
    lines = in_a_line(counted, gradient, width)
    lines += [Content.styled(f"  {note}", "$warning") for note in layer.notes]
    if alike:
        lines.append(_named("alike", _alike(layer, width - NAME_WIDTH)))
    for name, field in (("into units", "pre_activations"), ("gradient", "gradients")):
        then = getattr(other, field) if other is not None else None
        lines.append(_histogram(name, getattr(layer, field), then, width))
    for name, units, then in (
        ("silent", layer.silent, other.silent if other is not None else None),
        ("dead", layer.dead, other.dead if other is not None else None),
        ("saturated", layer.saturated, other.saturated if other is not None else None),
        ("constant", layer.constant, other.constant if other is not None else None),
    ):
        if units is None or not (len(units) or (then is not None and len(then))):
            continue
        count = f"{len(units):,} of {layer.units:,}"
        if then is not None:
            count += f" ({KEPT} {len(then):,})"
        room = width - NAME_WIDTH - len(count) - 2
        which = f": {listed(units.tolist(), room)}" if len(units) else ""
        lines.append(_named(name, f"{count}{which}"))
    if layer.silent_since is not None and len(layer.silent_since):
        lines.append(_named("since", _since(layer, width - NAME_WIDTH)))
    if layer.rank is not None:
        lines.append(_named("rank", _rank(layer, other)))
    return lines


def _named(name: str, said: str) -> Content:
    return Content.assemble((f"  {name:<{NAME_WIDTH - 2}}", "$muted"), said)


def _alike(layer: LayerReport, room: int) -> str:
    """Return the units with bitwise equal weights, or that they differ only by outgoing weights."""
    groups = sorted(layer.twins, key=len, reverse=True)
    if not groups:
        return "none by incoming weights"
    gradients = (
        f"; {layer.distinct_gradients:,} distinct gradient{'s' if layer.distinct_gradients > 1 else ''}"
    )
    largest = listed(groups[0], room - 24 - len(gradients))
    return f"{len(groups)} group{'s' if len(groups) > 1 else ''}; {largest}{gradients}"


def _bins(width: int) -> int:
    """Return the bins of one of two histograms side by side."""
    return max(LEAST_BINS, min(BINS, (width - NAME_WIDTH - GAP - RANGE_WIDTH) // 2))


def _histogram(name: str, now: Histogram, then: Histogram | None, width: int) -> Content:
    """Draw a histogram in one line, and the kept one beside it with the same bins and scale."""
    seen = [now] if then is None else [now, then]
    said, ends = "", (0.0, 1.0)
    if there := [each for each in seen if each.counts.any()]:
        ends = min(float(each.edges[0]) for each in there), max(float(each.edges[-1]) for each in there)
        said = _range(*ends)
    alone = max(LEAST_BINS, min(BINS, width - NAME_WIDTH - max(RANGE_WIDTH, len(said))))
    counts = [_counted(each, ends, alone if then is None else _bins(width)) for each in seen]
    parts: list[str | tuple[str, str]] = [(f"  {name:<{NAME_WIDTH - 2}}", "$muted")]
    parts.append((columns(counts[0], counts[-1]), "$primary on $highlight"))
    if then is not None:
        parts += [" " * GAP, (columns(counts[1], counts[0]), f"{REFERENCE} on $highlight")]
    parts.append(f" {said}")
    lost = [each.not_finite for each in seen]
    if any(lost):
        said = f"  {lost[0]:,} not finite" + (f" ({KEPT} {lost[1]:,})" if then is not None else "")
        parts.append((said, "bold $error"))
    return Content.assemble(*parts)


def _counted(histogram: Histogram, ends: tuple[float, float], bins: int) -> list[float]:
    """Return the counts in `bins` bins over a range; all in the middle one if its ends are one number."""
    if is_one_number(*ends):
        alone = [0.0] * bins
        alone[bins // 2] = float(histogram.counts.sum())
        return alone
    counts: list[float] = rebinned(histogram.counts, histogram.edges, evenly(*ends, bins + 1)).tolist()
    return counts


def _range(low: float, high: float) -> str:
    """Format a histogram's ends, or the one number that all values are."""
    if is_one_number(low, high):
        return text.number(high if abs(high) < abs(low) else low, 3)
    digits = text.digits_apart(low, high, least=3)
    return f"{text.number(low, digits)} … {text.number(high, digits)}"


def _since(layer: LayerReport, room: int) -> str:
    """Return since which updates units are silent, the earliest first, as many as fit."""
    assert layer.silent is not None
    assert layer.silent_since is not None
    counts, said, left = Counter(layer.silent_since.tolist()), "", len(layer.silent)
    for position in sorted(counts):
        units = layer.silent[layer.silent_since == position].tolist()
        which = f"unit {units[0]}" if len(units) == 1 else f"{len(units):,} units"
        if position == layer.watched_from:
            when = f"step {position:,} at least" if position else "the start"
        else:
            when = f"{'of' if 'update' in said else 'the update of'} step {position - 1:,}"
        joined = f"{said}; {when}: {which}" if said else f"{when}: {which}"
        if said and len(joined) + len(f"; later: {left:,}") > room:
            return f"{said}; later: {left:,}"
        said, left = joined, left - len(units)
    return said


def _rank(layer: LayerReport, other: LayerReport | None) -> str:
    said = f"{layer.rank:,} of the weights"
    if other is not None and other.rank is not None:
        said = f"{layer.rank:,} ({KEPT} {other.rank:,})"
    if layer.singular_values is not None and len(layer.singular_values):
        values = layer.singular_values
        said += f", singular values {text.number(float(values[0]), 3)} … {text.number(float(values[-1]), 3)}"
    return said
