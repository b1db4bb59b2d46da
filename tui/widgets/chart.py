"""A live chart that repaints only the lines that changed."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from numpy.typing import ArrayLike
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from gradstep.tui.charts.axis import ValueAxis, recent_range, whole_range
from gradstep.tui.charts.draw import NO_STEPS, draw
from gradstep.tui.charts.reduce import Envelope
from gradstep.tui.charts.series import Mark, Role, Series
from gradstep.tui.charts.smooth import Smoother


class Chart(Widget, can_focus=True):
    """A chart of series over the steps of a run. Changes in a row cause one drawing."""

    DEFAULT_CSS = """
    Chart { width: 1fr; height: 1fr; }
    """

    log_scale: reactive[bool] = reactive(False, repaint=False)
    smoothing: reactive[float] = reactive(0.0, repaint=False)
    window: reactive[int | None] = reactive(None, repaint=False)
    reach: reactive[tuple[int, int] | None] = reactive(None, repaint=False)
    """The first and the last step of the horizontal axis. None takes them from the series."""
    cursor: reactive[int | None] = reactive(None, repaint=False)

    def __init__(
        self,
        title: str,
        *,
        count: bool = False,
        ascii: bool = False,  # noqa: A002
        name: str | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.chart_title = title
        self._count = count
        self._ascii = ascii
        self._tracks: dict[str, _Track] = {}
        self._marks: Sequence[Mark] = ()
        self._empty = NO_STEPS
        self._strips: list[Strip] = []
        self._scale: ValueAxis | None = None
        self._due = False

    def append(
        self, name: str, values: ArrayLike, *, steps: ArrayLike | None = None, role: Role = Role.TRAIN
    ) -> None:
        """Append values to the series `name`, or begin it.

        Steps must ascend, without nulls. To replace values, clear the chart first.
        """
        self._tracks.setdefault(name, _Track(Envelope(), role)).append(values, steps)
        self._change()

    def clear(self) -> None:
        """Remove the series, marks and cursor."""
        self._tracks.clear()
        self._marks = ()
        self.cursor = None
        self._scale = None
        self._change()

    def set_marks(self, marks: Iterable[Mark]) -> None:
        """Replace the vertical marks."""
        self._marks = tuple(marks)
        self._change()

    def explain(self, why: str) -> None:
        """Set the text of an empty chart: why it has nothing to draw."""
        if why != self._empty:
            self._empty = why
            self._change()

    def toggle_log(self) -> None:
        self.log_scale = not self.log_scale

    def redraw(self) -> None:
        """Draw now, and repaint the lines that changed."""
        self._due = False
        width, height = self.size
        if not width or not height:
            return
        series = [s for name, track in self._tracks.items() for s in track.series(name, self.smoothing)]
        picture = draw(
            series,
            width,
            height,
            title=self.chart_title,
            x_range=self._x_range(),
            log=self.log_scale,
            before=self._scale,
            marks=self._marks,
            cursor=self.cursor,
            count=self._count,
            empty=self._empty,
            ascii=self._ascii,
        )
        before, self._strips, self._scale = self._strips, picture.strips, picture.axis
        regions = changed(before, self._strips)
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        if y < len(self._strips):
            return self._strips[y].apply_style(self.rich_style)
        return Strip.blank(self.size.width, self.rich_style)

    def on_resize(self) -> None:
        self.redraw()

    def watch_log_scale(self) -> None:
        self._change()

    def watch_smoothing(self) -> None:
        self._change()

    def watch_window(self) -> None:
        self._scale = None
        self._change()

    def watch_reach(self) -> None:
        self._change()

    def watch_cursor(self) -> None:
        self._change()

    @property
    def ends(self) -> tuple[int, int] | None:
        """The first and the last step of all series; None without values."""
        ends = [track.raw.steps[[0, -1]].tolist() for track in self._tracks.values() if len(track.raw)]
        return (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else None

    def _x_range(self) -> tuple[int, int]:
        if (ends := self.ends) is None:
            return 0, 10
        first, last = ends if self.reach is None else self.reach
        return whole_range(first, last) if self.window is None else recent_range(last, self.window)

    def _change(self) -> None:
        """Draw once, after the messages in the queue."""
        if self.is_mounted and not self._due:
            self._due = True
            self.call_later(self.redraw)


class _Track:
    """The values of a series, and their moving average once it is shown."""

    def __init__(self, raw: Envelope, role: Role) -> None:
        self.raw = raw
        self._role = role
        self._factor = 0.0
        self._smoother = Smoother(0.0)
        self._smooth = Envelope()

    def append(self, values: ArrayLike, steps: ArrayLike | None) -> None:
        self.raw.append(values, steps)

    def series(self, name: str, factor: float) -> list[Series]:
        """Return the lines to draw: validation values as they are, others with their average."""
        if factor == 0 or self._role is Role.VALIDATION:
            return [Series(name, self.raw, self._role)]
        smooth = self._smoothed(factor)
        if self._role is Role.GHOST:
            return [Series(name, smooth, Role.GHOST)]
        return [Series(name, smooth, Role.SMOOTHED), Series("raw", self.raw, Role.RAW)]

    def _smoothed(self, factor: float) -> Envelope:
        """Return the moving average of all values, computed on from the last call."""
        if factor != self._factor:
            self._factor, self._smoother, self._smooth = factor, Smoother(factor), Envelope()
        new = slice(len(self._smooth), len(self.raw))
        self._smooth.append(self._smoother.push(self.raw.values[new]), self.raw.steps[new])
        return self._smooth


def changed(before: Sequence[Strip], after: Sequence[Strip]) -> list[Region]:
    """Return the regions of the lines that differ. The compositor skips all others."""
    lines = enumerate(zip_longest(before, after, fillvalue=Strip([])))
    return [Region(0, y, max(old.cell_length, new.cell_length), 1) for y, (old, new) in lines if old != new]
