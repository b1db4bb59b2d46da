"""Keys that are typed faster than the screen answers: none is lost, and a dialog closes once."""

import pytest
from fake_engine import bench
from textual.events import Key

from engine.presets import load_preset
from engine.worker.messages import Open, Seek, Watch
from tui.screens.ask import Ask


@pytest.mark.parametrize("key", ["g", "o", "question_mark", "ctrl+p"])
async def test_a_dialog_that_is_closed_twice_takes_nothing_else_away(key):
    async with bench() as b:
        await b.press(key)
        await b.until(lambda: len(b.app.screen_stack) == 2)
        dialog = b.app.screen
        dialog.dismiss(None)
        dialog.dismiss(None)
        await b.settled()
        assert b.app.screen_stack == [b.app.explorer]


@pytest.mark.parametrize("key", ["g", "o", "question_mark", "ctrl+p"])
async def test_a_dialog_that_is_closed_before_it_is_drawn(key):
    async with bench() as b:
        for _ in range(3):
            b.type(key, "escape")
            await b.settled()
            assert b.app.screen_stack == [b.app.explorer]


async def test_help_that_is_closed_before_it_knows_that_it_was_opened():
    async with bench() as b:
        for _ in range(3):
            b.app.action_help()
            b.app.screen.dismiss(None)
            await b.settled()
            assert b.app.screen_stack == [b.app.explorer]


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_page_of_a_list_that_is_not_drawn_yet(key):
    async with bench(size=(80, 24)) as b:
        b.type("2", key)
        await b.settled()
        assert b.app.focused is b.app.explorer.model.presets


@pytest.mark.parametrize("key", ["pageup", "pagedown", "end", "enter"])
@pytest.mark.parametrize("opener", ["o", "ctrl+p"])
async def test_a_key_for_a_dialog_s_list_that_is_not_drawn_yet(opener, key):
    async with bench(size=(80, 24)) as b:
        b.type(opener, key, "escape", "escape")
        await b.settled()
        assert b.app.screen_stack == [b.app.explorer]


async def test_one_that_has_another_above_it_stays():
    async with bench() as b:
        await b.press("g")
        await b.until(lambda: len(b.app.screen_stack) == 2)
        below = b.app.screen
        above = Ask("Another", "", str)
        await b.app.push_screen(above)
        below.dismiss(None)
        await b.settled()
        assert b.app.screen_stack == [b.app.explorer, below, above]


async def test_what_is_typed_before_the_line_has_the_focus_is_the_lines():
    async with bench() as b:
        await b.advanced(20)
        for key in (Key("g", "g"), Key("1", "1"), Key("7", "7"), Key("enter", "\r")):
            b.app.explorer.focused._forward_event(key)  # as the app does while no dialog is there
        await b.until(lambda: b.engine.sent[-1] == Seek(17))


async def test_what_is_edited_and_typed_comes_in_its_order():
    async with bench() as b:
        await b.advanced(20)
        await b.press("g")
        b.type("ctrl+u", "9", "backspace", "7", "home", "1", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Seek(17)


async def test_enter_opens_what_was_typed_before_it_and_not_what_the_list_still_shows():
    async with bench() as b:
        await b.press("o", *"nonono")  # the list is empty
        b.type("ctrl+u", *"linear-lbf", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Open(load_preset("linear-lbfgs"))


async def test_enter_completes_what_was_typed_before_it():
    async with bench() as b:
        await b.press("m", "ctrl+u", *"sharp")
        b.type("ctrl+u", *"param", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Watch(("loss", "param_norm"), {})
