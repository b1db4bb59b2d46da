"""Single samples: those that an update turned right or wrong, the worst, and any by its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from textual.binding import BindingType
from textual.content import Content

from gradstep.engine.errors import UserError
from gradstep.engine.probes.results import Flip, FlipsResult, SampleRow, SamplesResult
from gradstep.engine.records.ranges import is_one_number
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.charts.beside import GAP, beside, in_a_line
from gradstep.tui.charts.blocks import bar
from gradstep.tui.charts.curve import curve
from gradstep.tui.charts.image import fitting, grey, image, signed
from gradstep.tui.panes.numbers import KEPT, REFERENCE, heading, row
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Found, Place, Wish
from gradstep.tui.state.run import RunState
from gradstep.tui.widgets.ask import Ask

Part = Literal["training", "validation"]
WORST = 8
MAX_ASKED = 20
BAR_WIDTH = 9
CLASS_WIDTH = 26
LEAST_ROWS = 6
MAX_ROWS = 14
SCATTER = (32, 7)
SHOWN_VALUES = 6
"""So many of a sample's numbers are written where it is no image."""


@dataclass(frozen=True)
class Chosen:
    """A sample of the list, and why it is on it."""

    why: str
    number: int
    style: str = ""
    flip: Flip | None = None


@dataclass(frozen=True)
class Pair:
    """A sample as it comes out, and the result kept to compare with."""

    result: SamplesResult
    sample: SampleRow
    other: SamplesResult | None
    titles: Callable[[int], tuple[Content, Content]]
    """What stands over both, each so wide."""

    @property
    def then(self) -> SampleRow | None:
        """The same sample as it came out there."""
        rows: Sequence[SampleRow] = (*self.other.chosen, *self.other.worst) if self.other is not None else ()
        return next((row for row in rows if row.number == self.sample.number), None)


class SamplesPane(ProbePane):
    """One sample at a time; `,` and `.` go through the list, `#` puts one on it, `v` changes over between
    the training and the validation samples."""

    PROBES = ("flips", "samples")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("samples")]

    def __init__(self) -> None:
        super().__init__("samples")
        self._at = 0
        self._asked: tuple[int, ...] = ()
        self._part: Part = "training"
        self._of: Place | None = None

    def automatic(self, state: RunState) -> Iterator[Wish]:
        """The samples that flipped; when these are known, they themselves and the worst."""
        if self._shows_flips(state):
            yield Wish("flips")
            if not self._flips_known(state):
                return
        flipped = [chosen.number for chosen in self._flipped(state, state.probes.found.get("flips"))]
        chosen = dict.fromkeys((*self._asked, *flipped, *self._kept_numbers(state)))
        options = {"chosen": tuple(chosen), "worst": WORST, "part": self._part}
        yield Wish("samples", options)

    def _kept_samples(self, state: RunState) -> SamplesResult | None:
        """What was kept to compare with, where it is of the part that is shown."""
        kept = state.probes.reference.get("samples")
        return kept.result if kept is not None and kept.result.part == self._part else None

    def _kept_numbers(self, state: RunState) -> list[int]:
        kept = self._kept_samples(state)
        return [] if kept is None else [row.number for row in (*kept.chosen, *kept.worst)]

    def _shows_flips(self, state: RunState) -> bool:
        """Flips are those of training samples."""
        return self._part == "training" and not unmet("flips", state.preset)

    def _flips_known(self, state: RunState) -> bool:
        found = state.probes.found.get("flips")
        return "flips" in state.probes.failed or (found is not None and found.place == state.place)

    def action_move(self, distance: int) -> None:
        if self._state is not None and (chosen := self._chosen(self._state)):
            self._at = min(max(self._at + distance, 0), len(chosen) - 1)
            self.draw()

    def action_keep(self) -> None:
        """The sample in sight stays in sight, to be seen at another position too."""
        self._hold()
        super().action_keep()

    def action_beside_last(self) -> None:
        """The same."""
        self._hold()
        super().action_beside_last()

    def _hold(self) -> None:
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
        """The samples asked for, this one first."""
        return (number, *(each for each in self._asked if each != number))[:MAX_ASKED]

    def show(self, state: RunState, topics: Any) -> None:
        """Show what is known now; what has flipped anew comes first."""
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
        """The latest result on the part that is shown."""
        found = self.found(state, "samples")
        return found if found is not None and found.result.part == self._part else None

    def _chosen(self, state: RunState) -> list[Chosen]:
        """The list, each sample once and with the best reason: those asked for by number or kept in sight,
        the flipped, the worst, and what else was kept."""
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
        """The sample that the list stands at."""
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
                yield from _classes(each.flip.label, each.flip.before, each.flip.after, width)
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
        """What is said of all samples."""
        if self._shows_flips(state):
            found = self.found(state, "flips")
            at_start = found is not None and found.place.position == 0
            title = "What the first update will turn" if at_start else "Turned by the last update"
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
    """The number of a training sample that was typed. Raises UserError."""
    typed = answer.strip().replace(",", "").removeprefix("#")
    if not (typed.isascii() and typed.isdecimal()) or int(typed[:12]) >= count:
        raise UserError(f"given {answer!r}; allowed: 0 to {count - 1:,}")
    return int(typed)


def _find(found: Found | None, number: int) -> SampleRow | None:
    rows: Sequence[SampleRow] = (*found.result.chosen, *found.result.worst) if found is not None else ()
    return next((sample for sample in rows if sample.number == number), None)


def _drawn(above: list[Content], each: Chosen, pair: Pair, size: tuple[int, int]) -> list[Content]:
    """The sample with what there is to say of it, for the kind of targets that the run has."""
    width, rows = size
    result = pair.result
    if result.kind == "labels":
        return _labelled(above, each, pair, width, min(rows, MAX_ROWS))
    if result.predictions is not None:
        return [*above, *_ramp(pair, width)]
    if result.image_shape is not None:
        return [*above, *_copied(pair, result.image_shape, width, rows - len(above) - 1)]
    return [*above, *_values(pair.sample)]


def _turned(result: FlipsResult) -> str:
    """At the start they are those of the update to come."""
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
            (f"{result.became_wrong:,} {'turned ' if result.position else ''}wrong", "$error"),
            ", ",
            (f"{result.became_right:,} right", "$success"),
            (f", {result.changed_wrong:,} still wrong, as another class", "$muted"),
        ),
    ]


def _count(result: SamplesResult, other: SamplesResult | None) -> list[Content]:
    then = f" ({KEPT} {other.mistakes:,})" if other is not None else ""
    wrong = "wrong" if result.kind == "labels" else "samples not right within the tolerance"
    said = [Content.assemble(f"{result.mistakes:,} of {result.samples:,} {wrong}", (then, REFERENCE))]
    if result.kind == "identity":
        said.append(
            Content.styled("not right: in one output or more; the chart counts the outputs", "$muted")
        )
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


def _labelled(above: list[Content], each: Chosen, pair: Pair, width: int, rows: int) -> list[Content]:
    """The image to the left; what is said and the classes to its right."""
    sample, then, shape = pair.sample, pair.then, pair.result.image_shape
    label = sample.target if isinstance(sample.target, int) else -1
    before, after = (each.flip.before, each.flip.after) if each.flip is not None else (None, sample.output)

    def classes(room: int) -> list[Content]:
        if then is None:
            return _classes(label, before, after, room)
        now, kept = (_classes(label, None, values, 0) for values in (sample.output, then.output))
        titles = pair.titles(max(now[0].cell_length, (room - GAP) // 2))
        return beside([titles[0], *now], [titles[1], *kept])

    if shape is None:
        return [*above, *_values(sample), *classes(width)]
    size = fitting(shape, width // 2, rows)
    low, high = _range(sample.input)
    picture = image((sample.input.reshape(shape) - low) / (high - low), size)
    room = width - size[0] - GAP
    return beside(picture, [*(part for line in above for part in line.wrap(room)), *classes(room)])


def _classes(label: int, before: NDArray[Any] | None, after: NDArray[Any], width: int) -> list[Content]:
    """Each class's probability as a bar, with the one before the update."""
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
    """A probability with three decimals; any other output, which may be huge, with as many digits."""
    return f"{value:5.3f}" if abs(value) < 10 else text.number(value, 3)


def _copied(pair: Pair, shape: tuple[int, int], width: int, rows: int) -> list[Content]:
    """What went in, what came out, and the difference; where one is kept, what came out and differed then."""
    sample, then = pair.sample, pair.then
    low, high = _range(sample.input)

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


def _range(pixels: NDArray[Any]) -> tuple[float, float]:
    """The least and greatest of an image, at least something apart."""
    low, high = float(pixels.min()), float(pixels.max())
    return (low, low + 1.0) if is_one_number(low, high) else (low, high)


def _ramp(pair: Pair, width: int) -> list[Content]:
    """Prediction against target to the left, to its right the worst, or the one kept to compare with."""
    lines = [heading("number", ["target", "output", "loss"], 6)]
    for sample in pair.result.worst:
        values = [float(np.ravel(sample.target)[0]), float(np.ravel(sample.output)[0]), sample.loss]
        lines.append(row(f"{sample.number}", values, 6))
    if pair.other is None:
        return beside(_scatter(pair.result, None, SCATTER[0]), lines)
    half = min(SCATTER[0], (width - GAP) // 2)
    now, kept = pair.titles(half)
    drawings = _scatter(pair.result, pair.other, half), _scatter(pair.other, pair.result, half)
    return [*beside([now, *drawings[0]], [kept, *drawings[1]], half), *lines]


def _scatter(result: SamplesResult, other: SamplesResult | None, width: int) -> list[Content]:
    """Prediction over target, on axes that reach over the other's too."""
    seen = [each for each in (result, other) if each is not None]
    targets, predictions = (
        [np.asarray(getattr(each, name), np.float64) for each in seen] for name in ("targets", "predictions")
    )
    axes = np.concatenate(targets), np.concatenate(predictions)
    drawing = curve(
        targets[0], predictions[0], (width, SCATTER[1]), behind=targets[0], joined=False, axes=axes
    )
    caption = Content.styled("output over target; faint: right", "$muted")
    return [*drawing, caption.truncate(width)]


def _values(sample: SampleRow) -> list[Content]:
    """The numbers themselves."""
    lines = []
    for name, values in (("input", sample.input), ("output", sample.output), ("target", sample.target)):
        numbers = np.ravel(np.asarray(values)).tolist()
        said = "  ".join(text.number(float(value), 4) for value in numbers[:SHOWN_VALUES])
        more = f"  … {len(numbers) - SHOWN_VALUES} more" if len(numbers) > SHOWN_VALUES else ""
        lines.append(Content.assemble((f"{name:<8}", "$muted"), said, (more, "$muted")))
    return lines
