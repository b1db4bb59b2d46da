"""What is in sight at which size."""

import pytest
from fake_engine import Bench, bench, classifier, explorer

PANES = ("#charts", "#model", "#hyperparameters", "#inspector")


def in_sight(b):
    return [pane for pane in PANES if b.app.screen.query_one(pane).region.area]


async def test_everything_is_in_sight_at_120_by_40():
    async with bench(classifier()) as b:
        assert in_sight(b) == list(PANES)
        assert b.app.screen.query_one("#charts").region.width >= 70


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_the_panes_are_tabs_where_the_terminal_is_small(size):
    async with bench(classifier(), size=size) as b:
        for key, pane in (("2", "#model"), ("3", "#hyperparameters"), ("4", "#inspector"), ("1", "#charts")):
            await b.press(key)
            assert in_sight(b) == [pane]
            assert b.app.screen.query_one(pane).has_focus_within
            assert b.app.screen.query_one("#transport").region.height == 2
        assert all(
            "? help" in b.key_bar() and key in b.key_bar() for key in ("n step", "space run", "q quit")
        )


@pytest.mark.parametrize("size", [(59, 20), (60, 19), (20, 5)])
async def test_below_60_by_20_a_sentence_says_what_is_needed(size):
    async with bench(classifier(), size=size) as b:
        said = " ".join(b.text().split())
        assert said == f"gradstep needs 60 columns and 20 lines; here are {size[0]} and {size[1]}."
        await b.pilot.resize_terminal(80, 24)
        await b.until(lambda: in_sight(b) == ["#charts"])


async def test_a_pane_with_the_focus_stays_in_sight_when_the_terminal_shrinks():
    async with bench(classifier()) as b:
        await b.press("e")
        await b.pilot.resize_terminal(80, 24)
        await b.until(lambda: in_sight(b) == ["#hyperparameters"])


@pytest.mark.parametrize("key", "136")
async def test_the_focus_outlives_a_terminal_that_was_too_small(key):
    async with bench(classifier(), size=(80, 24)) as b:
        await b.press(key)
        focused, keys = b.app.focused, b.key_bar()
        await b.pilot.resize_terminal(50, 15)
        await b.until(lambda: in_sight(b) == [])
        await b.settled()
        await b.pilot.resize_terminal(80, 24)
        await b.until(lambda: in_sight(b) != [])
        await b.settled()
        assert (b.app.focused, b.key_bar()) == (focused, keys)


@pytest.mark.parametrize("size", [(120, 40), (70, 22)])
async def test_the_time_strip_reaches_from_edge_to_edge_at_the_new_size(size):
    async with bench(classifier(), size=(80, 24)) as b:
        await b.advanced(2)
        strip = b.app.screen.query_one("#time-strip")
        await b.until(lambda: len(str(strip.render())) == strip.content_size.width)
        before = strip.content_size.width
        await b.pilot.resize_terminal(*size)
        await b.until(lambda: strip.content_size.width not in (0, before))
        await b.until(lambda: len(str(strip.render())) == strip.content_size.width)
        assert str(strip.render()).endswith("●")


async def test_the_inspector_s_tabs_go_round():
    async with bench(classifier(), size=(80, 24)) as b:
        await b.press("4")
        assert b.app.screen.query_one("#story").region.area
        await b.press("4")
        assert b.app.screen.query_one("#step").region.area
        await b.press("less_than_sign")
        assert b.app.screen.query_one("#story").region.area
        await b.press("less_than_sign")
        assert b.app.screen.query_one("#log").region.area


async def test_a_click_on_a_tab_shows_its_pane():
    async with bench(classifier(), size=(80, 24)) as b:
        await b.pilot.click("#pane-tabs", offset=(14, 0))
        await b.until(lambda: in_sight(b) == ["#model"])


async def test_the_numbers_stay_in_their_columns():
    async with bench(classifier()) as b:
        columns = set()
        for count in (1, 9, 90):
            await b.advanced(count)
            line = b.text("#transport").splitlines()[1]
            columns.add((line.index("epoch"), line.index("loss"), line.index("Δ")))
        assert len(columns) == 1


async def test_the_open_preset_is_in_sight_in_the_list():
    async with bench("linear-1-layer") as b:
        await b.until(lambda: "● linear-1-layer" in b.text("#model"))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (160, 50)])
async def test_the_names_of_the_inspector_s_tabs_fit(size):
    async with bench(classifier(), size=size) as b:
        await b.press("4")
        strip = b.text("#inspector-tabs")
        for name in ("Story", "Step", "Layers", "Curv", "Samples", "Func", "Branches", "Break", "Log"):
            assert name in strip


@pytest.mark.parametrize(
    ("key", "pane"),
    [("2", "#presets"), ("e", "#settings"), ("6", "LayersPane"), ("greater_than_sign", "StepPane")],
)
async def test_a_pane_comes_for_a_key_typed_at_the_first_frame(key, pane):
    app, engine = explorer()
    async with app.run_test(size=(80, 24)) as pilot:
        b = Bench(app, engine, pilot)
        await b.press(key)
        await b.until(lambda: app.explorer.query_one(pane).region.area)
