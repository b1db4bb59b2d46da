"""Whatever is typed, in whatever order and faster than it is answered, the explorer goes on."""

import random

import pytest
from fake_engine import bench, classifier

from gradstep.engine.worker.commands import (
    CancelProbe,
    Probe,
)

PAGES = ("pageup", "pagedown")
PRINTABLE = "npbugfSoemy+-[]{}swrR123456789<>?cCtvxaidhjklz/# "
OTHERS = (
    *("escape", "escape", "escape", "enter", "enter", "up", "down", "left", "right", "tab", "shift+tab"),
    *("ctrl+p", "ctrl+l", *PAGES, "home", "end", "backspace"),
)
SIZES = ((80, 24), (120, 40), (60, 20), (50, 15))


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 300))]
)
async def test_random_keys(seed):
    draw = random.Random(seed)
    preset = draw.choice([classifier(), "linear-1-layer"])
    async with bench(preset, size=draw.choice(SIZES)) as b:
        await b.advanced(20)
        for _ in range(12):
            b.type(*draw.choices((*PRINTABLE, *OTHERS), k=draw.randint(1, 8)))
            if draw.random() < 0.5:
                await b.until(lambda: b.app.message_queue_size < 2 or b.app._exit)
            if draw.random() < 0.1:
                await b.pilot.resize_terminal(*draw.choice(SIZES))
        await b.until(lambda: b.app._exit or not b.busy())  # the palette has a command to quit


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 100))]
)
async def test_keys_typed_in_a_bunch_do_what_they_do_one_by_one(seed):
    """As a terminal over a slow line sends them. The palette searches at its own pace, a page waits until the
    list is drawn, and space pauses what has not answered for a while: these are left out."""
    draw = random.Random(seed)
    preset, size = draw.choice([classifier(), "linear-1-layer"]), draw.choice(SIZES)
    keys = draw.choices([key for key in (*PRINTABLE, *OTHERS) if key not in (" ", "ctrl+p", *PAGES)], k=40)
    seen = []
    for at_once in (1, 8):
        async with bench(preset, size=size) as b:
            await b.advanced(20)
            for first in range(0, len(keys), at_once):
                b.type(*keys[first : first + at_once])
                await b.settled()
            moves = [each for each in b.engine.sent if not isinstance(each, Probe | CancelProbe)]
            seen.append((moves, type(b.app.screen), type(b.app.focused), b.state.burst))
    assert seen[0] == seen[1]
