"""Whatever is typed, in whatever order and faster than it is answered, the explorer goes on."""

import random

import pytest
from fake_engine import bench, classifier

PRINTABLE = "npbugfSoemy+-[]{}swrR123456789<>?cCtvxaidhjklz/# "
OTHERS = (
    *("escape", "escape", "escape", "enter", "enter", "up", "down", "left", "right", "tab", "shift+tab"),
    *("ctrl+p", "ctrl+l", "pageup", "pagedown", "home", "end", "backspace"),
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
        await b.until(lambda: b.app._exit or not b._busy())  # the palette has a command to quit
