"""The chart widget in a Textual app without a terminal. Its own calls show what it repaints."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from gradstep.tui.charts.series import Mark, Role
from gradstep.tui.widgets.chart import Chart, changed


class ChartApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Chart("loss")

    @property
    def chart(self) -> Chart:
        return self.query_one(Chart)


def text(chart: Chart) -> str:
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        await pilot.pause(0.01)


def test_changed_returns_lines_that_differ() -> None:
    red = Style(color="red")
    before = [Strip([Segment("abcdef")]), Strip([Segment("same")]), Strip([Segment("xyz")])]
    after = [
        Strip([Segment("aXcdYf")]),
        Strip([Segment("same")]),
        Strip([Segment("x"), Segment("y", red), Segment("z")]),
    ]
    assert changed(before, after) == [Region(0, 0, 6, 1), Region(0, 2, 3, 1)]
    assert changed(after, after) == []
    assert changed([], after[:1]) == [Region(0, 0, 6, 1)]


async def test_batch_of_changes_makes_one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)) as pilot:
        chart = app.chart
        await until(pilot, lambda: "no steps yet" in text(chart))
        drawings: list[int] = []
        redraw = chart.redraw
        monkeypatch.setattr(chart, "redraw", lambda: (drawings.append(1), redraw()))
        for _ in range(5):
            chart.append("train", np.ones(10))
        chart.append("val", [2.0], steps=[30], role=Role.VALIDATION)
        chart.set_marks([Mark(20)])
        chart.cursor = 30
        await until(pilot, lambda: "step 30: 1" in text(chart))
        assert len(drawings) == 1
        assert "• val 2" in text(chart)


async def test_only_changed_lines_are_repainted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = ChartApp()
    async with app.run_test(size=(60, 12)) as pilot:
        chart = app.chart
        chart.append("train", np.linspace(2, 1, 70))
        await until(pilot, lambda: "⠤" in text(chart) or "⠒" in text(chart))
        asked: list[tuple[Region, ...]] = []
        refresh = chart.refresh
        monkeypatch.setattr(
            chart, "refresh", lambda *regions, **k: (asked.append(regions), refresh(*regions, **k))[1]
        )
        chart.redraw()
        assert asked == []
        before = [chart.render_line(y) for y in range(12)]
        chart.append("train", [1.0, 1.0])
        chart.redraw()
        after = [chart.render_line(y) for y in range(12)]
        assert len(asked) == 1
        assert set(asked[0]) == set(changed(before, after))
        assert 0 < len(asked[0]) < 12


async def test_settings_change_the_picture() -> None:
    app = ChartApp()
    async with app.run_test(size=(100, 14)) as pilot:
        chart = app.chart
        chart.append("train", np.exp(-np.arange(1000) / 100))
        await until(pilot, lambda: " lin " in text(chart))
        chart.toggle_log()
        await until(pilot, lambda: " log " in text(chart) and "1e-2" in text(chart))
        chart.smoothing = 0.9
        await until(pilot, lambda: "━ train" in text(chart) and "┄ raw" in text(chart))
        chart.window = 100
        await until(pilot, lambda: "950" in text(chart).splitlines()[-1])
        chart.window = None
        chart.append("fork", [1.0, 2.0], steps=[150, 151], role=Role.GHOST)
        await until(pilot, lambda: "╌a fork" in text(chart))
        chart.clear()
        await until(pilot, lambda: "no steps yet" in text(chart))


async def test_smoothing_continues_with_new_values() -> None:
    """Appending in pieces gives the average of the whole: the legend ends on the same value."""
    values = np.random.default_rng(0).random(500)
    app = ChartApp()
    legends = []
    async with app.run_test(size=(100, 14)) as pilot:
        chart = app.chart
        chart.smoothing = 0.99
        for pieces in (1, 7):
            chart.clear()
            for piece in np.array_split(values, pieces):
                chart.append("train", piece)
                chart.redraw()
            legends.append(text(chart).splitlines()[0])
        await pilot.pause()
    assert legends[0] == legends[1]
    assert "━ train 0." in legends[0]


async def test_chart_is_drawn_again_at_new_size() -> None:
    app = ChartApp()
    async with app.run_test(size=(100, 14)) as pilot:
        app.chart.append("train", np.arange(50.0))
        await pilot.resize_terminal(40, 8)
        await until(pilot, lambda: app.chart.size.width == 40 and "loss  lin  49" in text(app.chart))
        assert {len(line) for line in text(app.chart).splitlines()} == {40}
