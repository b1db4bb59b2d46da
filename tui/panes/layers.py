"""Layer by layer: what goes into the units, and which of them do nothing or the same as another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

from textual.content import Content

from engine.probes.results import Histogram, LayerReport, LayersResult
from tui import text
from tui.charts.blocks import columns
from tui.panes.numbers import REFERENCE, listed
from tui.panes.probe_pane import ProbePane
from tui.probes import Wish
from tui.state import RunState

NAME_WIDTH = 13
SINCE = 4
"""So many positions from which on units are silent are listed, the earliest."""


class LayersPane(ProbePane):
    """`enter` looks at the whole training set, and at the weights' ranks."""

    PROBES = ("layers",)

    def __init__(self) -> None:
        super().__init__("layers")

    def automatic(self, state: RunState) -> Iterator[Wish]:
        """The layers on the batch."""
        yield Wish("layers")

    def on_request(self, state: RunState) -> Iterator[Wish]:
        """The layers on the whole training set."""
        yield Wish("layers", {"whole": True, "ranks": True})

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        """All layers, one below the other."""
        yield from self.section(state, "layers", "Layers", "not computed yet", partial(_layers, width))


def _layers(width: int, result: LayersResult, other: LayersResult | None) -> list[Content]:
    others = {layer.name: layer for layer in other.layers} if other is not None else {}
    lines = []
    for layer in result.layers:
        lines += _layer(layer, others.get(layer.name), width)
    on = f"on the batch of {result.samples:,}"
    more = (
        "; dead and constant: on the whole training set"
        if result.whole
        else "; enter looks at all samples, and at ranks"
    )
    return [*lines, Content.styled(on + more, "$muted")]


def _layer(layer: LayerReport, other: LayerReport | None, width: int) -> list[Content]:
    alike = layer.distinct < layer.units
    lines = [
        Content.assemble(
            (f"{layer.name} ", "bold"),
            (f"{layer.activation}  ", "$muted"),
            (f"{layer.units:,} units, {layer.distinct:,} distinct", "bold $warning" if alike else ""),
            (f" (then {other.distinct:,})" if other is not None else "", REFERENCE),
            ("  mean |g| ", "$muted"),
            text.number(layer.mean_abs_gradient, 3),
            (f" (then {text.number(other.mean_abs_gradient, 3)})" if other is not None else "", REFERENCE),
        )
    ]
    lines += [Content.styled(f"  {note}", "$warning") for note in layer.notes]
    if alike:
        lines.append(_named("alike", _alike(layer, width - NAME_WIDTH)))
    lines.append(_histogram("into units", layer.pre_activations))
    if other is not None:
        lines.append(_histogram("  then", other.pre_activations, REFERENCE))
    lines.append(_histogram("gradient", layer.gradients))
    if other is not None:
        lines.append(_histogram("  then", other.gradients, REFERENCE))
    for name, units, then in (
        ("silent", layer.silent, other.silent if other is not None else None),
        ("dead", layer.dead, other.dead if other is not None else None),
        ("saturated", layer.saturated, other.saturated if other is not None else None),
        ("constant", layer.constant, other.constant if other is not None else None),
    ):
        if units is None or not (len(units) or (then is not None and len(then))):
            continue
        count = f"{len(units):,} of {layer.units:,}" + (f" (then {len(then):,})" if then is not None else "")
        room = width - NAME_WIDTH - len(count) - 2
        which = f": {listed(units.tolist(), room)}" if len(units) else ""
        lines.append(_named(name, f"{count}{which}"))
    if layer.silent_since is not None and len(layer.silent_since):
        lines.append(_named("since", _since(layer)))
    if layer.rank is not None:
        lines.append(_named("rank", _rank(layer, other)))
    return lines


def _named(name: str, said: str) -> Content:
    return Content.assemble((f"  {name:<{NAME_WIDTH - 2}}", "$muted"), said)


def _alike(layer: LayerReport, room: int) -> str:
    """Which units have the same weights, bit for bit, or that only what goes out of them tells them apart."""
    groups = sorted(layer.twins, key=len, reverse=True)
    if not groups:
        return "none by what comes in"
    largest = listed(groups[0], room - 24)
    return f"{len(groups)} group{'s' if len(groups) > 1 else ''}; {largest}"


def _histogram(name: str, histogram: Histogram, style: str = "$primary") -> Content:
    low, high = float(histogram.edges[0]), float(histogram.edges[-1])
    return Content.assemble(
        (f"  {name:<{NAME_WIDTH - 2}}", "$muted"),
        (columns(histogram.counts.tolist()), f"{style} on $highlight"),
        (f" {text.number(low, 3)} … {text.number(high, 3)}", "" if style == "$primary" else style),
        (f"  {histogram.not_finite:,} not finite" if histogram.not_finite else "", "bold $error"),
    )


def _since(layer: LayerReport) -> str:
    """From which positions on the silent units are silent, the earliest first."""
    assert layer.silent is not None
    assert layer.silent_since is not None
    counts = Counter(layer.silent_since.tolist())
    said = []
    for position in sorted(counts)[:SINCE]:
        units = layer.silent[layer.silent_since == position].tolist()
        which = f"unit {units[0]}" if len(units) == 1 else f"{len(units)} units"
        said.append(f"{which} from {position:,} on")
    if len(counts) > SINCE:
        said.append(f"{sum(counts.values()) - sum(counts[p] for p in sorted(counts)[:SINCE])} later")
    return ", ".join(said)


def _rank(layer: LayerReport, other: LayerReport | None) -> str:
    said = f"{layer.rank:,} of the weights"
    if layer.singular_values is not None and len(layer.singular_values):
        values = layer.singular_values
        said += f", singular values {text.number(float(values[0]), 3)} … {text.number(float(values[-1]), 3)}"
    return said + (f"  then {other.rank:,}" if other is not None and other.rank is not None else "")
