"""Keys that are typed faster than the screen answers: none is lost, and a dialog closes once."""

import asyncio

import pytest
from fake_engine import bench

from gradstep.engine.config.files import load_preset
from gradstep.engine.worker.commands import (
    Back,
    Open,
    Seek,
    Step,
    Switch,
    Watch,
)
from gradstep.engine.worker.events import (
    BranchInfo,
    BranchList,
)
from gradstep.tui.widgets.ask import Ask
from gradstep.tui.wire import type_ahead


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


async def test_what_is_typed_behind_the_key_that_opens_a_dialog_is_the_dialog_s():
    async with bench() as b:
        await b.advanced(20)
        b.type("g", "1", "7", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Seek(17)


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


@pytest.mark.parametrize(
    "keys",
    [
        ("g", "1", "7", "enter", "n"),
        ("u", "ctrl+u", *"loss < 3", "enter", "n"),
        ("o", *"linear-lbfgs", "enter", "n"),
        ("e", "down", "enter", "ctrl+u", *"3e-12", "enter", "escape", "n"),
        ("ctrl+p", *"xyz", "escape", "n"),
        ("ctrl+p", *"smooth", "enter", "n"),
        ("question_mark", "down", "escape", "n"),
        ("4", "1", "g", "1", "7", "enter", "n"),
    ],
    ids="".join,
)
async def test_what_is_typed_behind_the_key_that_closes_a_dialog_is_the_explorer_s(keys):
    async with bench() as b:
        await b.advanced(20)
        b.type(*keys)
        await b.settled()
        assert b.engine.sent[-1] == Step(1)


async def test_a_branch_is_gone_to_before_the_step_that_is_typed_behind_it():
    async with bench() as b:
        await b.advanced(20)
        b.engine.tell(
            BranchList((BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "branch 1", 0, 10, ())), 0)
        )
        await b.press("4", "greater_than_sign", "greater_than_sign", "greater_than_sign")
        b.type(*["greater_than_sign"] * 3, "down", "enter", "n")
        await b.settled()
        assert b.engine.sent[-2:] == [Switch(1), Step(1)]


async def test_a_key_is_not_held_up_for_long_by_one_that_is_not_answered(monkeypatch):
    """What the first key passes is never at rest: the second is handed out all the same."""
    monkeypatch.setattr(type_ahead, "PATIENCE_SECONDS", 0.05)
    async with bench() as b:
        b.app.screen.call_later(_again, b.app.screen)
        b.type("n", "p")
        await b.until(lambda: b.engine.sent[-2:] == [Step(1), Back(1)])
        b.app.screen.set_class(True, "rest")


async def _again(pump):
    """Keep a queue from being empty, until it is told to."""
    await asyncio.sleep(0)
    if not pump.has_class("rest"):
        pump.call_later(_again, pump)
