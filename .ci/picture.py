"""Takes the README's picture: the explorer itself, on a real run. Needs MNIST; run from the top level."""

import asyncio
import time
from pathlib import Path

from gradstep.engine.config.files import load_preset
from gradstep.tui.app import Explorer
from gradstep.tui.panes.hyperparameters import SettingsForm
from gradstep.tui.state.run import RunState

SECONDS = 60.0


async def until(pilot, state: RunState, done) -> None:
    deadline = time.monotonic() + SECONDS
    while not done(state):
        if time.monotonic() > deadline:
            raise TimeoutError("the explorer did not get there")
        await pilot.pause(0.1)


async def main() -> None:
    app = Explorer(load_preset("exam-large-learning-rate"))
    async with app.run_test(size=(120, 40)) as pilot:
        state = app.state
        await until(pilot, state, lambda s: len(s.history) == 1)
        await pilot.press("b")
        await until(pilot, state, lambda s: s.position == 100 and not s.running)
        await pilot.press("g", "2", "0", "enter")
        await until(pilot, state, lambda s: s.position == 20)
        app.on_settings_form_changed(SettingsForm.Changed({"train.rule.learning_rate": 0.5}))
        await until(pilot, state, lambda s: len(s.branches) == 2)
        await pilot.press("b")
        await until(pilot, state, lambda s: s.position == 120 and not s.running)
        await pilot.press("8")
        await pilot.pause(3)
        app.save_screenshot("explorer.svg", path=".assets")
        app.exit()


Path(".assets").mkdir(exist_ok=True)
asyncio.run(main())
