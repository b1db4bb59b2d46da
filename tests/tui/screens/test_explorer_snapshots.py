"""Pictures of the screen at the sizes that it is made for."""

import numpy as np
import pytest
from fake_engine import Bench, classifier, explorer, records

from gradstep.engine.config.files import parse_preset
from gradstep.engine.records.record import COLUMNS
from gradstep.engine.worker.events import (
    Died,
)
from gradstep.tui.state import catalogue

SIZES = [(120, 40), (80, 24), (60, 20)]
OTHER = """
title = "One linear layer on a ramp"
document = "linear"
[data]
name = "ramp"
[network]
layers = [{ units = 1 }]
[train]
loss = "mse"
rule = { name = "gradient_descent", learning_rate = 1e-12 }
"""


@pytest.fixture(autouse=True)
def _two_presets(monkeypatch):
    """The pictures don't change with the presets that are shipped."""
    presets = [classifier(), parse_preset(OTHER, name="one-layer", source="test")]
    monkeypatch.setattr(catalogue, "shipped", lambda: list(presets))


@pytest.fixture
def picture(snap_compare):
    """Compare the explorer, after `then` was done with it, with its picture."""

    def compare(then, size, opened=True):
        app, engine = explorer(classifier())

        async def before(pilot):
            b = Bench(app, engine, pilot)
            if opened:
                await b.opened()
            await then(b)
            await b.settled()

        return snap_compare(app, terminal_size=size, run_before=before)

    return compare


@pytest.mark.parametrize("size", SIZES)
def test_paused(picture, size):
    async def then(b):
        await b.advanced(140)
        await b.stopped()

    assert picture(then, size)


@pytest.mark.parametrize("size", SIZES)
def test_running_on_the_substitute(picture, size):
    async def then(b):
        await b.opened(data="scikit-learn digits in MNIST's place: 1,497 images", substitute=True)
        await b.advanced(140, running=True)
        await b.press("s", "y", *["left_square_bracket"] * 9)

    assert picture(then, size)


def test_before_the_engine_is_there(picture):
    async def then(_b):
        pass

    assert picture(then, (120, 40), opened=False)


@pytest.mark.parametrize("size", [(120, 40), (60, 20)])
def test_edits_pending_and_a_bad_value(picture, size):
    async def then(b):
        await b.advanced(20)
        await b.stopped()
        await b.press("e", "enter", *"0.5", "enter")
        await b.changed({"train.rule.learning_rate": 0.5})
        await b.press(*["down"] * 6, "enter", "7", "enter")
        await b.press(*["up"] * 5, "enter", "2", "enter")

    assert picture(then, size)


def test_diverged(picture):
    async def then(b):
        await b.advanced(20)
        rows = records(21, 1)
        rows[:, COLUMNS.index("loss")] = np.inf
        await b.advanced(1, rows=rows)
        await b.stopped("diverged", "diverged: the loss is inf at step 21")
        await b.press("greater_than_sign", "1")

    assert picture(then, (120, 40))


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
@pytest.mark.parametrize("pane", ["2", "4"])
def test_panes_as_tabs(picture, size, pane):
    async def then(b):
        await b.advanced(20)
        await b.press(pane)

    assert picture(then, size)


@pytest.mark.parametrize("key", ["o", "question_mark"])
def test_dialogs(picture, key):
    async def then(b):
        await b.press(key)

    assert picture(then, (80, 24))


def test_the_engine_has_died(picture):
    async def then(b):
        await b.advanced(20)
        b.engine.tell(Died(-9, "Traceback (most recent call last):\nMemoryError"))
        await b.until(lambda: len(b.app.screen_stack) == 2)

    assert picture(then, (80, 24))


def test_too_small(picture):
    async def then(b):
        await b.advanced(20)

    assert picture(then, (50, 15))
