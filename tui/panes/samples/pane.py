"""The tab on single samples: flipped by the update, worst, or chosen by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar, Literal

from textual.binding import BindingType
from textual.content import Content

from gradstep.engine.errors import UserError
from gradstep.engine.probes.results import FlipsResult, SampleRow, SamplesResult
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.beside import in_a_line
from gradstep.tui.panes.numbers import KEPT, REFERENCE
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.panes.samples.images import LEAST_ROWS, copied_lines
from gradstep.tui.panes.samples.labels import class_bars, labelled_lines
from gradstep.tui.panes.samples.sample import Chosen, Pair, value_lines
from gradstep.tui.panes.samples.scatter import scatter_lines
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Found, Place, Wish
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.ask import Ask

Part = Literal["training", "validation"]
WORST = 8
MAX_ASKED = 20
MAX_ROWS = 14
"""The most rows of an image with a label."""


class SamplesPane(ProbePane):
    """A pane of one sample at a time.

    `,` and `.` go through the list, `#` adds a sample, `v` switches between training and validation samples.
    """

    PROBES = ("flips", "samples")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("samples")]

    def __init__(self) -> None:
        super().__init__("samples")
        self._at = 0
        self._asked: tuple[int, ...] = ()
        self._part: Part = "training"
        self._of: Place | None = None

    def automatic(self, state: RunState) -> Iterator[Wish]:
        """Yield the flips; once these are known, the samples of the list."""
        if self._shows_flips(state):
            yield Wish("flips")
            if not self._flips_known(state):
                return
        flipped = [chosen.number for chosen in self._flipped(state, state.probes.found.get("flips"))]
        chosen = dict.fromkeys((*self._asked, *flipped, *self._kept_numbers(state)))
        options = {"chosen": tuple(chosen), "worst": WORST, "part": self._part}
        yield Wish("samples", options)

    def _kept_samples(self, state: RunState) -> SamplesResult | None:
        """Return the kept result, if it is of the part shown."""
        kept = state.probes.reference.get("samples")
        return kept.result if kept is not None and kept.result.part == self._part else None

    def _kept_numbers(self, state: RunState) -> list[int]:
        kept = self._kept_samples(state)
        return [] if kept is None else [row.number for row in (*kept.chosen, *kept.worst)]

    def _shows_flips(self, state: RunState) -> bool:
        """Return whether flips apply: they need labels, and exist for training samples only."""
        return self._part == "training" and not unmet("flips", state)

    def _flips_known(self, state: RunState) -> bool:
        found = state.probes.found.get("flips")
        return "flips" in state.probes.failed or (found is not None and found.place == state.place)

    def action_move(self, distance: int) -> None:
        if self._state is not None and (chosen := self._chosen(self._state)):
            self._at = min(max(self._at + distance, 0), len(chosen) - 1)
            self.draw()

    def action_keep(self) -> None:
        self._hold()
        super().action_keep()

    def action_beside_last(self) -> None:
        self._hold()
        super().action_beside_last()

    def _hold(self) -> None:
        """Put the sample in sight first, so that it stays in sight at another position."""
        if self._state is not None and (chosen := self._chosen(self._state)):
            number = chosen[min(self._at, len(chosen) - 1)].number
            self._asked, self._at = self._with(number), 0

    def action_other_part(self) -> None:
        if self._state is not None:
            self._part = "validation" if self._part == "training" else "training"
            self._asked, self._at, self._turned = (), 0, False
            self.post_message(self.Asked([*self.automatic(self._state)][-1:]))
            self.draw()

    async def action_ask(self) -> None:
        state = self._state
        if state is None or state.info is None:
            return
        found = self._samples(state)
        count = found.result.samples if found is not None else state.info.samples

        def asked(answer: str | None) -> None:
            if answer is not None:
                self._ask_for(number_of(answer, count))

        hint = f"a {self._part} sample, 0 to {count - 1:,}"
        await self.app.push_screen(Ask("Show a sample", hint, lambda answer: number_of(answer, count)), asked)

    def _ask_for(self, number: int) -> None:
        if self._state is None:
            return
        self._asked, self._at = self._with(number), 0
        self.post_message(self.Asked([*self.automatic(self._state)][-1:]))

    def _with(self, number: int) -> tuple[int, ...]:
        """Return the numbers asked for, this one first."""
        return (number, *(each for each in self._asked if each != number))[:MAX_ASKED]

    def show(self, state: RunState, topics: Topic) -> None:
        """Show the state; new flips come first in the list."""
        found = state.probes.found.get("flips") or state.probes.found.get("samples")
        if found is None:
            self._asked = ()
        elif found.place != self._of:
            self._of, self._at = found.place, 0
        super().show(state, topics)

    def _flipped(self, state: RunState, found: Found | None) -> list[Chosen]:
        if found is None or not self._shows_flips(state):
            return []
        result: FlipsResult = found.result
        turned = _turned(result)
        return [
            *(Chosen(f"{turned} wrong", flip.number, "bold $error", flip) for flip in result.wrong),
            *(Chosen(f"{turned} right", flip.number, "bold $success", flip) for flip in result.right),
        ]

    def _samples(self, state: RunState) -> Found | None:
        """Return the latest result, if it is of the part shown."""
        found = self.found(state, "samples")
        return found if found is not None and found.result.part == self._part else None

    def _chosen(self, state: RunState) -> list[Chosen]:
        """Return the list, each sample once with its best reason.

        In this order: asked for by number or held in sight, flipped, among the worst, of the kept result.
        """
        found = self._samples(state)
        worst: tuple[SampleRow, ...] = found.result.worst if found is not None else ()
        kept = self._kept_numbers(state)
        reasons = [
            *self._flipped(state, self.found(state, "flips")),
            *(Chosen("among the worst", sample.number, "bold $warning") for sample in worst),
            *(Chosen("kept", number, "bold $accent") for number in kept),
            *(Chosen("asked for", number, "bold $accent") for number in self._asked),
        ]
        by_number: dict[int, Chosen] = {}
        for chosen in reasons:
            by_number.setdefault(chosen.number, chosen)
        return [by_number[number] for number in dict.fromkeys((*self._asked, *by_number))]

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        above = list(self._above(state, width))
        chosen = self._chosen(state)
        if not chosen:
            yield from above
            return
        self._at = min(self._at, len(chosen) - 1)
        each = chosen[self._at]
        found, kept = self._samples(state), self.kept(state, "samples")
        sample = _find(found, each.number)
        above.append(_named(each, self._at, len(chosen)))
        if found is None or sample is None:
            yield from above
            if each.flip is not None:
                yield from class_bars(each.flip.label, each.flip.before, each.flip.after, width)
            return
        other = self._kept_samples(state) if kept is not None and kept is not found else None
        if found.result.kind == "labels":
            above.append(_loss(sample, other))
        else:
            above[-1:] = in_a_line(above[-1], _loss(sample, other), width)
        pair = Pair(found.result, sample, other, partial(self.titles, state, "samples"))
        drawn = _drawn(above, each, pair, (width, max(self.size.height, LEAST_ROWS)))
        stale = found.place != state.place and found is not kept
        yield from (line.stylize("dim") for line in drawn) if stale else drawn

    def _above(self, state: RunState, width: int) -> Iterator[Content]:
        """Yield the heading and the counts over all samples."""
        if self._shows_flips(state):
            found = self.found(state, "flips")
            at_start = found is not None and found.place.position == 0
            title = "What the first update will change" if at_start else "Changed by the last update"
            count = state.info.samples if state.info is not None else 0
            yield from self.section(state, "flips", title, "not computed yet", partial(_flips, count))
        else:
            title = "Samples" if self._part == "training" else "Validation"
            first, *said = self.section(state, "samples", title, "not computed yet", _count)
            if self._samples(state):
                yield from (*in_a_line(first, said[0], width), *said[1:])
            else:
                yield first


def number_of(answer: str, count: int) -> int:
    """Return the sample number typed; `count` samples there are. Raises UserError for any other text."""
    typed = answer.strip().replace(",", "").removeprefix("#")
    if not (typed.isascii() and typed.isdecimal()) or int(typed[:12]) >= count:
        raise UserError(f"given {answer!r}; allowed: 0 to {count - 1:,}")
    return int(typed)


def _find(found: Found | None, number: int) -> SampleRow | None:
    rows: Sequence[SampleRow] = (*found.result.chosen, *found.result.worst) if found is not None else ()
    return next((sample for sample in rows if sample.number == number), None)


def _drawn(above: list[Content], each: Chosen, pair: Pair, size: tuple[int, int]) -> list[Content]:
    """Return the sample's drawing, by the kind of its target."""
    width, rows = size
    result = pair.result
    if result.kind == "labels":
        return labelled_lines(above, each, pair, width, min(rows, MAX_ROWS))
    if result.predictions is not None:
        return [*above, *scatter_lines(pair, width)]
    if result.image_shape is not None:
        return [*above, *copied_lines(pair, result.image_shape, width, rows - len(above) - 1)]
    return [*above, *value_lines(pair.sample)]


def _turned(result: FlipsResult) -> str:
    """At position 0, the flips are of the first update, still to come."""
    return "turned" if result.position else "will turn"


def _flips(count: int, result: FlipsResult, other: FlipsResult | None) -> list[Content]:
    worse = result.mistakes_after > result.mistakes_before
    then = f" ({KEPT} {other.mistakes_before:,} → {other.mistakes_after:,})" if other is not None else ""
    return [
        Content.assemble(
            (f"mistakes {result.mistakes_before:,} → {result.mistakes_after:,}", "bold"),
            (f" of {count:,}", "$muted"),
            (then, REFERENCE),
            (" more" if worse else "", "bold $error"),
        ),
        Content.assemble(
            (f"{result.became_wrong:,} wrong", "$error"),
            ", ",
            (f"{result.became_right:,} right", "$success"),
            (f", {result.changed_wrong:,} wrong in a new way", "$muted"),
        ),
    ]


def _count(result: SamplesResult, other: SamplesResult | None) -> list[Content]:
    then = f" ({KEPT} {other.mistakes:,})" if other is not None else ""
    wrong = "wrong" if result.kind == "labels" else "off by more than the tolerance"
    said = [Content.assemble(f"{result.mistakes:,} of {result.samples:,} {wrong}", (then, REFERENCE))]
    if result.kind == "identity":
        said.append(Content.styled("in at least one output; the chart counts outputs", "$muted"))
    return said


def _named(each: Chosen, at: int, count: int) -> Content:
    return Content.assemble(
        ("‹ " if at > 0 else "  ", "$primary"),
        (f"{at + 1} of {count} listed", "$muted"),
        (" › " if at < count - 1 else "   ", "$primary"),
        (f"#{each.number} ", "bold"),
        (each.why, each.style),
    )


def _loss(sample: SampleRow, other: SamplesResult | None) -> Content:
    parts: list[str | tuple[str, str]] = [("loss ", "$muted"), text.number(sample.loss, 4)]
    if other is not None and sample.number < len(other.losses):
        parts.append((f" ({KEPT} {text.number(float(other.losses[sample.number]), 4)})", REFERENCE))
    if sample.max_error is not None:
        parts += [("  largest error ", "$muted"), text.number(sample.max_error, 4)]
    if isinstance(sample.target, int):
        parts += [("  label ", "$muted"), (f"{sample.target}", "bold $success"), ("  predicted ", "$muted")]
        parts.append((f"{sample.predicted}", "bold $success" if sample.right else "bold $error"))
    return Content.assemble(*parts)
