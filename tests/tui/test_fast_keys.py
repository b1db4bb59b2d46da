"""Keys typed faster than the screen answers: none is lost, and a dialog closes once."""

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


@pytest.mark.parametrize("key", ["g", "o", "question_mark", "ctrl+p"])
async def test_dialog_closed_twice_closes_once(key):
    async with bench() as b:
        await b.press(key)
        await b.until(lambda: len(b.app.screen_stack) == 2)
        dialog = b.app.screen
        dialog.dismiss(None)
        dialog.dismiss(None)
        await b.settled()
        assert b.app.screen_stack == [b.app.explorer]


@pytest.mark.parametrize("key", ["g", "o", "question_mark", "ctrl+p"])
async def test_dialog_closes_before_it_is_drawn(key):
    async with bench() as b:
        for _ in range(3):
            b.type(key, "escape")
            await b.settled()
            assert b.app.screen_stack == [b.app.explorer]


async def test_help_closes_before_it_has_resumed():
    async with bench() as b:
        for _ in range(3):
            b.app.action_help()
            b.app.screen.dismiss(None)
            await b.settled()
            assert b.app.screen_stack == [b.app.explorer]


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_page_key_before_the_list_is_drawn(key):
    async with bench(size=(80, 24)) as b:
        b.type("2", key)
        await b.settled()
        assert b.app.focused is b.app.explorer.model.presets


@pytest.mark.parametrize("key", ["pageup", "pagedown", "end", "enter"])
@pytest.mark.parametrize("opener", ["o", "ctrl+p"])
async def test_list_key_before_a_dialog_is_drawn(opener, key):
    async with bench(size=(80, 24)) as b:
        b.type(opener, key, "escape", "escape")
        await b.settled()
        assert b.app.screen_stack == [b.app.explorer]


async def test_dialog_below_another_does_not_close():
    async with bench() as b:
        await b.press("g")
        await b.until(lambda: len(b.app.screen_stack) == 2)
        below = b.app.screen
        above = Ask("Another", "", str)
        await b.app.push_screen(above)
        below.dismiss(None)
        await b.settled()
        assert b.app.screen_stack == [b.app.explorer, below, above]


async def test_keys_typed_ahead_reach_the_dialog_that_opens():
    async with bench() as b:
        await b.advanced(20)
        b.type("g", "1", "7", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Seek(17)


async def test_edits_and_characters_keep_their_order():
    async with bench() as b:
        await b.advanced(20)
        await b.press("g")
        b.type("ctrl+u", "9", "backspace", "7", "home", "1", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Seek(17)


async def test_enter_opens_the_typed_name_before_the_list_is_filtered():
    async with bench() as b:
        await b.press("o", *"nonono")  # the list is empty
        b.type("ctrl+u", *"linear-lbf", "enter")
        await b.settled()
        assert b.engine.sent[-1] == Open(load_preset("linear-lbfgs"))


async def test_enter_completes_the_typed_word():
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
async def test_keys_typed_ahead_reach_the_explorer_when_a_dialog_closes(keys):
    async with bench() as b:
        await b.advanced(20)
        b.type(*keys)
        await b.settled()
        assert b.engine.sent[-1] == Step(1)


async def test_switch_comes_before_a_step_typed_ahead():
    async with bench() as b:
        await b.advanced(20)
        b.engine.tell(
            BranchList((BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "branch 1", 0, 10, ())), 0)
        )
        await b.press("4", "greater_than_sign", "greater_than_sign", "greater_than_sign")
        b.type(*["greater_than_sign"] * 3, "down", "enter", "n")
        await b.settled()
        assert b.engine.sent[-2:] == [Switch(1), Step(1)]


async def test_unanswered_key_does_not_hold_up_the_next():
    """The first key's widgets are never at rest; the second key is handed out all the same."""
    async with bench() as b:
        b.app.patience_seconds = 0.05
        b.app.screen.call_later(_again, b.app.screen)
        b.type("n", "p")
        await b.until(lambda: b.engine.sent[-2:] == [Step(1), Back(1)])
        b.app.screen.set_class(True, "rest")


async def _again(pump):
    """Keep a queue from being empty, until it is told to."""
    await asyncio.sleep(0)
    if not pump.has_class("rest"):
        pump.call_later(_again, pump)
