"""The screen of a sweep: what it asks of the engine, and what it shows of its results."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from fake_engine import bench, classifier

from gradstep.engine.config.changes import changed
from gradstep.engine.config.files import load_preset
from gradstep.engine.config.sweep import axis_values, parse_axis
from gradstep.engine.records.record import Record
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.runs.result import Result
from gradstep.engine.training.rules.stability import heavy_ball, nesterov, stable_product
from gradstep.engine.worker.commands import (
    CancelSweep,
    Open,
    StartSweep,
)
from gradstep.engine.worker.events import (
    Died,
    SweepEnded,
    SweepSharpness,
    Swept,
)
from gradstep.tui.charts.heat import GREATEST_WIDTH, LEFT, Cell, ColourScale, heat
from gradstep.tui.screens.sweep import SweepScreen
from gradstep.tui.state.sweep import SweepState, suggested_axes
from gradstep.tui.text import fitted

RATES = "lin:0.1:0.8:8"
SWEEP = {
    "axis": [
        {"key": "train.rule.momentum", "values": "lin:0:0.9:4"},
        {"key": "train.rule.learning_rate", "values": RATES},
    ],
    "measure": ["first(loss < 1)"],
}
SEEDS = {"axis": [{"key": "train.seed", "values": "0:6"}]}
FACETS = {"axis": [{"key": "train.seed", "values": "0:3"}, *SWEEP["axis"]]}


def swept(table=SWEEP):
    return changed(classifier(), {"sweep": table})


def record(loss, step=300):
    return Record(step, step, loss, 0.5, 750, None, None, 0.1, 0.01, 4.0, 0.1, 1.5)


def result(point, loss, ending="done"):
    return Result(point, ending, f"reached step {300}", record(loss), (point / 2,), state="ab")


async def begun(b):
    """The screen of the sweep, which the engine was asked to do; its plan."""
    await b.press("S", "space")
    command = b.engine.sent[-1]
    assert isinstance(command, StartSweep)
    return command.plan


async def told(b, *events):
    for event in events:
        b.engine.tell(event)
    await b.settled()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_sweep_of_a_preset_is_shown_run_and_read(size):
    async with bench(swept(), size=size) as b:
        await b.press("S")
        assert "momentum (4) × learning_rate (8)" in b.text()
        assert "0 of 32 runs  space starts" in b.text()
        assert "not run yet; enter opens it" in b.text("#sweep-cell")
        assert "going on" not in b.text("#sweep-map")
        await b.press("space")
        plan = b.engine.sent[-1].plan
        assert (len(plan), plan.config(0).train.threads) == (32, 1)
        await told(b, Swept(plan, (result(0, 2.0), result(9, 1.25e-7, "diverged")), {3: (40, 300)}))
        assert "2 of 32 runs: 1 finished, 1 diverged  1 going on" in b.text("#sweep-progress")
        assert "1.25e-7" in b.text("#sweep-map")
        assert "…" in b.text("#sweep-map").splitlines()[1]
        assert b.text("#sweep-map").splitlines()[6].strip() == "↓ momentum   → learning_rate   … going on"
        await b.press("down", "right")
        assert "momentum 0.3, learning_rate 0.2" in b.text("#sweep-cell")
        assert "reached step 300" in b.text("#sweep-cell")
        assert "first(loss < 1) 4.5" in b.text("#sweep-cell")
        await b.press("m")
        assert b.text("#sweep-map").startswith(" first(loss < 1)")
        assert b.text("#sweep-cell").splitlines()[2].startswith(" first(loss < 1) 4.5   loss 1.25e-7")
        await b.press("enter")
        assert b.engine.sent[-1] == Open(plan.config(9))
        assert not isinstance(b.app.screen, SweepScreen)
        # it goes on meanwhile, and is there when one comes back
        await b.opened(plan.config(9))
        await told(
            b, Swept(plan, (result(31, 3.0),), {}), SweepEnded(plan, "cancelled; finished runs are kept")
        )
        await b.press("S")
        assert "3 of 32 runs" in b.text("#sweep-progress")
        assert "cancelled" in b.text("#sweep-progress")


async def test_cancelled_sweep_is_started_again():
    async with bench(swept()) as b:
        plan = await begun(b)
        assert "x cancel" in b.key_bar()
        await b.press("space")  # it goes on already
        assert len([c for c in b.engine.sent if isinstance(c, StartSweep)]) == 1
        await b.press("x")
        assert b.engine.sent[-1] == CancelSweep()
        await told(b, SweepEnded(plan, "cancelled; finished runs are kept"))
        assert "space begin" in b.key_bar()
        await b.press("space")
        assert b.engine.sent[-1] == StartSweep(plan)


async def test_border_follows_the_formula():
    """Heavy ball is stable below 2(1+β)/λ: with λ = 5, from 0.4 at β = 0 to 0.76 at β = 0.9."""
    async with bench(swept()) as b:
        plan = await begun(b)
        await told(b, Swept(plan, (result(0, 2.0),), {}), SweepSharpness(plan, 5.0))
        rows = b.text("#sweep-map").splitlines()[1:5]
        assert "2(1+β)/λ, λ = 5.000" in b.text("#sweep-map")
        for beta, row in zip((0, 0.3, 0.6, 0.9), rows, strict=True):
            first_beyond = [rate > 2 * (1 + beta) / 5 for rate in axis_values(RATES)].index(True)
            assert (row.index(LEFT) - len(" 0.3 ")) // GREATEST_WIDTH == first_beyond, row
        assert "stable below 0.4" in b.text("#sweep-cell")


@pytest.mark.parametrize(
    ("rates", "at"),
    [
        ("0.1,0.3,0.5", 2),
        ("0.5,0.3,0.1", 1),
        ("0.5,0.6", 0),
        ("0.6,0.5", None),
        ("0.1,0.2", None),
        ("0.2,0.1", 0),
    ],
)
def test_border_separates_stable_from_unstable_rates(rates, at):
    """Descent is stable below 2/λ, 0.4 for λ = 5; where values fall, stable ones lie behind the border."""
    plan = make_plan(load_preset("linear-1-layer"), [parse_axis(f"train.rule.learning_rate={rates}")])
    state = SweepState(plan)
    state.take(SweepSharpness(plan, 5.0))
    screen = SweepScreen(state)
    marks = [screen._edge(point, 0, point) for point in range(len(plan))]
    assert marks == [LEFT if point == at else "" for point in range(len(plan))]


def test_borders_agree_with_stability_limits():
    """Goh, Why Momentum Really Works; Cohen et al. 2021: the table of formulas."""
    assert (heavy_ball(0.9), nesterov(0.9)) == (pytest.approx(3.8), pytest.approx(3.8 / 2.8))
    rules = {"gradient_descent": 2.0, "momentum": 3.8, "nesterov": 3.8 / 2.8, "adam": None}
    for name, product in rules.items():
        rule = changed(classifier(), {"train.rule.name": name})
        assert stable_product(rule) == (None if product is None else pytest.approx(product))


async def test_one_axis_is_a_strip_with_its_spread():
    async with bench(swept(SEEDS)) as b:
        plan = await begun(b)
        await told(
            b, Swept(plan, tuple(result(seed, 10.0**-seed) for seed in range(6)), {}), SweepEnded(plan)
        )
        shown = b.text("#sweep-map")
        assert "spread: 1e-05 ▕" in shown
        assert "median" in shown
        assert "log" in shown
        await b.press(*["right"] * 9)
        assert "seed 5" in b.text("#sweep-cell")
        assert "6 of 6 runs: 6 finished" in b.text("#sweep-progress")
        await b.press("space")
        assert len([c for c in b.engine.sent if isinstance(c, StartSweep)]) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_values_within_rounding_are_one_bar_and_colour(size):
    """The two that have no finite loss are counted; the run that is not done yet is not."""
    low = 0.48101680983971932
    losses = [low, math.nextafter(low, 1), low, math.nan, math.inf]
    async with bench(swept(SEEDS), size=size) as b:
        plan = await begun(b)
        await told(b, Swept(plan, tuple(result(seed, loss) for seed, loss in enumerate(losses)), {}))
        shown = b.text("#sweep-map")
        assert "spread: 0.481 ▕█▏ 0.481, median 0.481, 2 not finite" in shown
        assert shown.splitlines()[0].split() == ["loss", "0.481", "0"]


async def test_three_axes_make_several_maps():
    async with bench(swept(FACETS), size=(120, 40)) as b:
        plan = await begun(b)
        await told(b, Swept(plan, (result(70, 0.125),), {}))
        shown = b.text("#sweep-map")
        for seed in range(3):
            assert f"seed {seed}" in shown
        assert "0.125" in shown
        await b.press(*["right_square_bracket"] * 2, "down", *["right"] * 6, "enter")
    assert b.engine.sent[-1] == Open(plan.config(2 * 32 + 8 + 6))


async def test_map_larger_than_the_screen_follows_the_cursor():
    table = {
        "axis": [{"key": "train.seed", "values": "0:20"}, {"key": "network.layers.0.units", "values": "1:51"}]
    }
    async with bench(swept(table), size=(80, 24)) as b:
        await b.press("S", *["down"] * 19, *["right"] * 49)
        assert "seed 19, units 50" in b.text("#sweep-cell")
        assert "[" in b.text("#sweep-map")
        assert any(line.startswith(" 19 ") for line in b.text("#sweep-map").splitlines())


async def test_settings_with_one_name_are_told_apart_by_longer_keys():
    units = ["network.layers.0.units", "network.layers.1.units", "network.layers.2.units"]
    table = {"axis": [{"key": key, "values": [2, 4]} for key in units]}
    layers = {"network.layers": [{"units": 3}, {"units": 3}, {"units": 3}, {"units": 10}]}
    async with bench(changed(swept(table), layers)) as b:
        await b.press("S")
        shown = b.text()
        assert "0.units (2) × 1.units (2) × 2.units (2)" in shown
        assert "0.units 2, 1.units 2, 2.units 2" in b.text("#sweep-cell")
        assert "↓ 1.units" in shown
        assert "→ 2.units" in shown


async def test_axes_are_asked_for_without_a_sweep_table():
    async with bench(classifier()) as b:
        await b.press("S", *"train.sed=0:3", "enter")
        assert "did you mean" in b.text("#ask")
        await b.press(*["backspace"] * 20, *"train.seed=0:1001", "enter")
        assert "1,001 runs are too many to look at" in b.text("#ask")
        await b.press(*["backspace"] * 20, *"train.seed=0:3 train.rule.momentum=0,0.5", "enter")
        assert "seed (3) × momentum (2)" in b.text()
        await b.press("space")
        assert b.engine.sent[-1].plan.changes(5) == {"train.seed": 2, "train.rule.momentum": 0.5}
        await b.press("a", "enter")  # what is highlighted first
        assert "seed (20)" in b.text()
        await b.press("a", "down", "enter")
        assert "learning_rate (9)" in b.text()


@pytest.mark.parametrize(("rate", "offered"), [(0.1, 3), (1e308, 1), (5e-324, 1)])
def test_offered_rates_have_finite_ends(rate, offered):
    axes = suggested_axes(changed(classifier(), {"train.dtype": "float64", "train.rule.learning_rate": rate}))
    assert len(axes) == offered
    for given, _ in axes:
        [parse_axis(each) for each in given.split()]


async def test_sweep_ends_with_its_engine():
    async with bench(swept()) as b:
        plan = await begun(b)
        await told(b, Swept(plan, (result(0, 2.0),), {3: (40, 300)}), Died(-9, ""))
        await b.press("escape")
        assert "the engine has ended; finished runs are kept" in b.text("#sweep-progress")
        await b.press("space")
        assert "space begin" in b.key_bar()


async def test_events_of_another_sweep_are_ignored():
    async with bench(swept()) as b:
        plan = await begun(b)
        other = narrower(plan)
        await told(b, Swept(other, (result(0, 2.0),), {}))
        assert "0 of 32 runs" in b.text("#sweep-progress")


async def test_running_sweep_survives_opening_another_preset():
    async with bench(swept()) as b:
        plan = await begun(b)
        await told(b, Swept(plan, (result(0, 2.0),), {1: (300, 300), 3: (40, 300)}))
        await b.press("right")
        assert "now running the run to compare with; enter" in b.text("#sweep-cell")
        await b.press("right", "right")
        assert "at step 40 of 300; enter" in b.text("#sweep-cell")
        await b.press("escape")
        await b.opened(load_preset("linear-gap"))
        await b.press("S")
        assert "0 of 20 runs" in b.text("#sweep-progress")
        await told(b, Swept(plan, (result(3, 2.0),), {}))
        assert "0 of 20 runs" in b.text("#sweep-progress")
        assert b.app.sweeps.left.plan == plan
        await b.press("escape")
        await b.opened(swept())
        await b.press("S")
        assert "2 of 32 runs" in b.text("#sweep-progress")
        await told(b, SweepEnded(plan, "cancelled; finished runs are kept"))
        assert b.app.sweeps.left is None


async def test_messages_of_a_sweep_fit():
    """On 60 columns too: a sentence that does not fit in a line goes on in the next."""
    async with bench(swept(), size=(60, 20)) as b:
        plan = await begun(b)
        results = (result(0, 2.0), result(1, 1.0, "condition"), result(2, math.inf, "diverged"))
        failed = Result(3, "failed", "this needs more memory than there is, and says so in many words " * 2)
        said = "/a/path/to/a.sweep: another gradstep has this sweep open"
        await told(b, Swept(plan, (*results, failed), {}), SweepEnded(plan, said))
        for text in ("1 stopped, 1 diverged, 1 failed", "another gradstep has this sweep open"):
            assert text in " ".join(b.text("#sweep-progress").split())
        await b.press("right", "right", "right")
        assert "many words" in b.text("#sweep-cell")
        assert "✗ diverged  ! failed" in b.text("#sweep-map")


async def test_endings_are_counted_with_the_condition():
    async with bench(swept({**SWEEP, "until": "loss > 1e15"}), size=(80, 24)) as b:
        plan = await begun(b)
        reason = "finished at step 300; never reached loss > 1e15"
        fine = Result(0, "done", reason, record(2.0), (None,), (), ("open",), "ab", 1.0)
        await told(b, Swept(plan, (fine, result(1, 1e16, "condition")), {}), SweepEnded(plan))
        assert "2 of 32 runs: 1 finished, 1 stopped at loss > 1e15" in b.text("#sweep-progress")
        assert b.text("#sweep-cell").splitlines()[1].strip() == reason
        assert "mistakes 750" in b.text("#sweep-cell")
        assert "mistakes 750." not in b.text("#sweep-cell")


def test_running_cell_is_not_coloured_as_a_failure():
    scale = ColourScale.of(np.array([np.nan]))

    def style(sign):
        (line, _) = heat([[Cell(math.nan, sign)]], ["a"], ["b"], scale, 20, None)
        return str(line.spans)

    assert "$error" in style("✗")
    assert "$error" not in style("…")


async def test_time_left_is_shown_once_a_run_has_ended(monkeypatch):
    """Until then a run may wait for the one that it is compared with, whatever its steps say."""
    now = [100.0]
    monkeypatch.setattr("gradstep.tui.state.sweep.time", SimpleNamespace(monotonic=lambda: now[0]))
    async with bench(swept(), size=(80, 24)) as b:
        plan = await begun(b)
        await told(b, Swept(plan, (result(5, 1.0),), {}))  # of an earlier time
        now[0] += 10
        await told(b, Swept(plan, (), {0: (300, 300)}))
        assert "left" not in b.text("#sweep-progress")
        said = " ".join(b.text("#sweep-cell").split())
        assert "300 steps done; now running the run to compare with" in said
        assert "enter opens it in the explorer" in said
        await told(b, Swept(plan, (result(0, 2.0),), {}))
        assert "5 min 0 s left" in b.text("#sweep-progress")  # 30 more of 10 s each


async def test_help_begins_with_the_keys_of_the_sweep():
    async with bench(swept(), size=(80, 24)) as b:
        for begins in (True, False):
            if begins:
                await b.press("S")
            await b.press("question_mark")
            assert ("Cancel the sweep" in b.text("#help")) == begins
            assert ("k updates done" in b.text("#help")) != begins
            await b.press("escape", "escape")


def narrower(plan):
    return type(plan)(plan.preset, plan.axes[:1], plan.until, plan.measures)


@pytest.mark.parametrize(
    ("value", "room", "written"),
    [
        (26.5811, 6, "26.6"),
        (1.18e10, 6, "1.2e10"),
        (1.18e10, 5, "1e10"),
        (1.2345e-100, 6, "1e-100"),
        (5, 6, "5"),
    ],
)
def test_short_number_keeps_its_magnitude(value, room, written):
    assert fitted(value, room) == written


def test_number_without_room_is_shown_as_such():
    assert fitted(1e-100, 5) == "#####"
