"""The table of actions, and what is made from it."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest
from fake_engine import bench, classifier
from textual.actions import parse
from textual.binding import Binding
from textual.widget import Widget

import gradstep.tui
from gradstep.engine.worker.commands import Back, Step
from gradstep.engine.worker.events import Died, Saved
from gradstep.tui.actions import ACTIONS, GROUPS, keys_table
from gradstep.tui.screens.explorer import ExplorerScreen
from gradstep.tui.screens.palette import Actions

DIALOGS = ("Ask", "EngineDied", "Help", "Palette", "Picker")
"""They say their few keys themselves."""
FOLDERS = ("panes", "screens", "widgets")


def own_widgets():
    """The classes of panes, screens and widgets."""
    for folder in FOLDERS:
        for file in sorted((Path(gradstep.tui.__file__).parent / folder).glob("**/*.py")):
            parts = file.relative_to(Path(gradstep.tui.__file__).parent).with_suffix("").parts
            module = import_module(".".join(("gradstep", "tui", *parts)))
            for _, found in inspect.getmembers(module, inspect.isclass):
                if issubclass(found, Widget) and found.__module__ == module.__name__:
                    yield found


def test_sentences_are_unique_in_their_group():
    for group in GROUPS:
        says = [action.says for action in ACTIONS.values() if action.group is group]
        assert len(set(says)) == len(says)
        assert all(says)


def test_every_binding_of_a_pane_is_in_the_table():
    found = {}
    for widget in own_widgets():
        if widget.__name__ not in DIALOGS:
            for binding in Binding.make_bindings(widget.__dict__.get("BINDINGS", ())):
                if not binding.action.startswith("explain("):
                    assert binding.id in ACTIONS, (widget, binding)
                    found[binding.id] = widget
    assert set(found) == {action.name for action in ACTIONS.values() if action.keys}


async def test_every_action_has_a_method():
    async with bench(classifier()) as b:
        for action in ACTIONS.values():
            part, method, given = parse(action.runs)
            if part == "app" and method == "call":
                assert callable(getattr(getattr(b.app, given[0]), given[1])), action.name
            elif part == "app":
                assert any(hasattr(b.app, f"{kind}_{method}") for kind in ("action", "_action")), action.name
            elif "." not in action.name:
                assert hasattr(ExplorerScreen, f"action_{method}"), action.name


def test_the_keys_table_has_every_key_once():
    rows = [row for _, rows in keys_table() for row in rows]
    assert len(rows) == sum(bool(action.keys) for action in ACTIONS.values())
    assert ("n →", "One step") in rows
    assert ("ctrl+l", "Redraw") in rows
    assert all(keys and says for keys, says in rows)


async def test_every_action_with_a_key_is_in_the_help():
    async with bench(size=(120, 240)) as b:
        await b.press("question_mark")
        shown = " ".join(b.text("#help").replace("│", " ").split())
        for action in ACTIONS.values():
            if action.keys:
                assert f"{action.key_names} {action.says}" in shown, action.name


async def offered(b):
    """The actions that the palette lists now, by their words and keys."""
    return {(entry.says, entry.key) for entry in Actions(b.app.screen)._entries()}


async def test_every_action_with_a_key_is_in_the_palette_when_it_is_possible():
    async with bench(classifier()) as b:
        b.engine.tell(Saved(Path("a.gradstep")))
        b.state.edits.propose("train.seed", 7)
        await b.settled()
        found = await offered(b)
        await b.advanced(5, running=True)
        found |= await offered(b)
        await b.press("S", "enter")
        found |= await offered(b)
        b.engine.tell(Died(-9, ""))
        await b.settled()
        await b.press("escape")
        found |= await offered(b)
        keys = {(says.removeprefix(f"{group.name}: "), key) for says, key in found for group in GROUPS}
        for action in ACTIONS.values():
            if action.group.offered and action.keys:
                says = action.now(b.state) if action.now is not None else action.says
                assert (says, action.key_names) in keys or action.name == "run", action.name


async def test_the_palette_leaves_out_what_is_impossible():
    async with bench(classifier()) as b:
        assert ("Pause; at most one more step is done", "space") not in await offered(b)
        assert ("Run to step 300", "space") in await offered(b)
        b.engine.tell(Died(-9, ""))
        await b.settled()
        await b.press("escape")
        names = {says for says, _ in await offered(b)}
        assert "Restart the engine after it has ended" in names
        assert not {"One step", "Step back (exact)", "Layers: Go to the update that killed the unit"} & names


@pytest.mark.parametrize(
    ("typed", "command"), [("exact", Back(1)), ("one st", Step(1)), ("back (e", Back(1))]
)
async def test_the_palette_carries_out_what_was_searched(typed, command):
    async with bench(classifier()) as b:
        await b.press("ctrl+p", *typed)
        await b.until(lambda: b.app.screen.query_one("CommandList").option_count)
        await b.press("enter")
        await b.until(lambda: b.engine.sent[-1] == command)


async def test_a_pane_s_action_brings_its_pane_to_the_front():
    async with bench(classifier(), size=(80, 24)) as b:
        await b.app.explorer.perform(ACTIONS["samples.ask"])
        await b.settled()
        await b.press("7", "enter")
        assert b.app.explorer.inspector.probe_pane.id == "samples"


async def test_an_action_without_an_object_says_so():
    async with bench(classifier()) as b:
        await b.app.explorer.perform(ACTIONS["layers.unit_death"])
        await b.settled()
        assert "there is nothing here for that to act on" in b.text("#transport")
        await b.press("n")
        assert "there is nothing" not in b.text("#transport")


async def test_an_action_that_has_become_impossible_says_why():
    async with bench(classifier()) as b:
        b.engine.tell(Died(-9, ""))
        await b.settled()
        await b.press("escape")
        await b.app.explorer.perform(ACTIONS["step"])
        await b.settled()
        assert b.state.refusal == "the engine has ended: r restarts it"


async def test_a_key_asks_once_and_a_click_clears_a_refusal():
    async with bench(classifier()) as b:
        asked, asking = [], b.state.asking
        b.state.asking = lambda: (asked.append(1), asking())[1]
        await b.press("n")
        assert len(asked) == 1
        b.app.show(b.state.refuse("not now"))
        await b.pilot.click("#transport")
        await b.settled()
        assert b.state.refusal == ""
