"""An engine that says what the test tells it to say, and an explorer that is driven by one."""

import asyncio
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import numpy as np
from textual.events import Key
from textual.keys import _character_to_key

from gradstep.engine.config.changes import changed
from gradstep.engine.config.files import load_preset, parse_preset
from gradstep.engine.probes.registry import available
from gradstep.engine.records.missing import MISSING
from gradstep.engine.records.record import COLUMNS
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    LayerInfo,
    Opened,
    Probed,
    Ready,
    RunInfo,
    SettingsChanged,
    Stopped,
)
from gradstep.tui.app import Explorer
from gradstep.tui.state.probes import Wish

DEADLINE = 30.0


class FakeEngine:
    """Keeps the commands that it was sent, and tells events as the client's thread would."""

    def __init__(self, on_event):
        self.tell = on_event
        self.sent = []
        self.starts = 0
        self.closed = False

    def start(self):
        self.starts += 1

    def send(self, command):
        self.sent.append(command)

    def close(self):
        self.closed = True


class Bench:
    """An explorer under test and its engine."""

    def __init__(self, app, engine, pilot):
        self.app, self.engine, self.pilot = app, engine, pilot
        self._told = 0

    @property
    def state(self):
        return self.app.state

    async def until(self, condition):
        """Poll until the condition is true; it may raise `NoMatches` and the like on the way."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, "not true in time"
            await asyncio.sleep(0.01)

    async def settled(self):
        """Everything told has been taken, drawn and laid out, and asked for what the tab in sight shows at
        rest: no message is under way, seen a few times over.

        Unlike the pilot's pause it does not guess from the processor's time.
        """
        end = time.monotonic() + DEADLINE
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < end, "the screen does not come to rest"
            await asyncio.sleep(0.003)
            quiet = 0 if self.busy() else quiet + 1

    def busy(self):
        """Whether a message is under way or something is to be laid out."""
        app = self.app
        if not app.idle:
            return True
        top = app.screen
        if top._callbacks or top._layout_required or top._dirty_widgets:
            return True
        return any(pump._message_queue.qsize() for pump in (app, *app._registry))

    async def opened(self, preset=None, **info):
        """The engine has opened the preset and stands at position 0."""
        preset = preset or self.state.preset
        self._told = 0
        self.engine.tell(Ready("2.13.0"))
        self.engine.tell(Opened(preset, run_info(preset, **info)))
        self.engine.tell(BranchList((BranchInfo(0, "main", None, 0, ()),), 0))
        await self.advanced(1)

    async def advanced(self, count, *, running=False, rows=None):
        """The engine has gone so many positions on."""
        self.advancing(records(self._told, count) if rows is None else rows, running=running)
        await self.settled()

    def advancing(self, rows, *, running):
        """The engine tells of these positions, and nobody waits for the screen."""
        self._told += len(rows)
        self.engine.tell(Advanced(self._told - len(rows), rows, self._told - 1, running))

    async def stopped(self, kind="done", reason=None):
        """The engine stands still."""
        position = self._told - 1
        self.engine.tell(Stopped(position, reason or f"reached step {position}", kind))
        await self.settled()

    async def moved(self, position):
        """The engine has gone back to a position; what it has recorded stays."""
        self.engine.tell(Advanced(self._told, records(0, 0), position, False))
        self.engine.tell(Stopped(position, f"at step {position}", "moved"))
        await self.settled()

    async def changed(self, changes):
        """The engine steps with other settings from where it stands."""
        position = self._told - 1
        self.engine.tell(BranchList((BranchInfo(0, "main", None, 0, ((position, changes),)),), 0))
        self.engine.tell(SettingsChanged(changed(self.state.preset, changes), position, changes))
        await self.settled()

    def request(self, probe):
        """The number of the request that a probe's next answer belongs to; asked now, if it was not yet."""
        pending = self.state.probes.pending.get(probe)
        return pending.request if pending else self.state.probes.ask(Wish(probe), self.state.place)

    def probed(self, name, result, branch=0, seconds=0.1):
        """The engine has computed a probe."""
        self.engine.tell(Probed(name, result.position, branch, result, seconds, self.request(name)))

    def type(self, *keys):
        """Press keys faster than they are answered."""
        for key in keys:
            single = len(key) == 1
            self.app.post_message(Key(_character_to_key(key) if single else key, key if single else None))

    async def press(self, *keys):
        """Press keys one after the other, as fast as they are taken."""
        for key in keys:
            self.type(key)
            await self.settled()

    def text(self, selector="Screen"):
        """What a part of the screen shows, line by line."""
        region = (
            self.app.screen.query_one(selector).region if selector != "Screen" else self.app.screen.region
        )
        lines = [strip.text for strip in self.app.screen._compositor.render_strips()]
        return "\n".join(line[region.x : region.right] for line in lines[region.y : region.bottom])

    def key_bar(self):
        """The keys that the bar at the bottom shows."""
        return self.text("#keys")


def explorer(preset="linear-1-layer", frame_seconds=0.01):
    """An explorer on a preset, and the fake engine that it drives."""
    engines = []

    def connect(on_event):
        engines.append(FakeEngine(on_event))
        return engines[0]

    app = Explorer(
        load_preset(preset) if isinstance(preset, str) else preset,
        connect=connect,
        frame_seconds=frame_seconds,
    )
    return app, engines[0]


@asynccontextmanager
async def bench(preset="linear-1-layer", size=(120, 40), opened=True, **given):
    """An explorer that runs, its preset opened unless the test wants to do that."""
    app, engine = explorer(preset, **given)
    async with app.run_test(size=size) as pilot:
        table = Bench(app, engine, pilot)
        await table.until(lambda: app.explorer.is_mounted)
        if opened:
            await table.opened()
        await table.settled()
        yield table


def run_info(preset, data="MNIST: 60,000 training images, 10,000 validation images, 0–1", **given):
    """What the engine would say of a run of this preset."""
    layers = tuple(
        LayerInfo(f"layer{number}", shape, shape[0] * (shape[1] + 1), layer.activation)
        for number, (shape, layer) in enumerate(
            zip(preset.network.shapes(preset.data.width), preset.network.layers, strict=True), 1
        )
    )
    if preset.data.name == "ramp":
        data = "ramp: 1,500 sequences of 100, S_i = S_0 + 100·i, raw 0–149,999"
    known = {
        "substitute": False,
        "samples": 1500,
        "batches": 1,
        "validate_every": 10,
        "device": "cpu",
        "threads": 1,
        "available": available(
            SimpleNamespace(
                layers=layers,
                classifies=preset.data.target == "label",
                to_input=preset.data.target == "input",
            )
        ),
    }
    return RunInfo(data=data, layers=layers, **{**known, **given})


def records(first, count):
    """Rows of a run that descends with a ripple; every tenth position is validated."""
    steps = np.arange(first, first + count)
    rows = np.full((count, len(COLUMNS)), MISSING)
    loss = 2.3 * np.exp(-steps / 80) + 0.1 + 0.02 * np.sin(steps / 3)
    columns = {
        "loss": loss,
        "accuracy": 1 - loss / 3,
        "mistakes": np.round(1500 * loss / 3),
        "grad_norm": loss * 0.7,
        "param_norm": np.full(count, 4.2),
        "learning_rate": np.full(count, 0.1),
        "seconds": steps / 1000,
        "val_loss": np.where((steps > 0) & (steps % 10 == 0), loss * 1.1, MISSING),
    }
    for name, values in columns.items():
        rows[:, COLUMNS.index(name)] = values
    return rows


CLASSIFIER = """
title = "A classifier on digits"
document = "exam"
question = "Does a step of gradient descent never make more mistakes?"
watch = ["loss", "accuracy"]
[data]
name = "mnist"
samples = 1500
[network]
layers = [{ units = 64, activation = "sigmoid" }, { units = 10 }]
[train]
loss = "cross_entropy"
rule = { name = "momentum", learning_rate = 0.1, momentum = 0.9 }
[run]
epochs = 300
[[claim]]
says = "The loss reduces on every step."
source = "exam, question 2"
always = "loss <= prev.loss"
expect = "holds"
[[claim]]
says = "The number of mistakes never increases."
source = "exam, question 3"
never = "mistakes > prev.mistakes"
expect = "refuted"
"""


def classifier():
    """A preset of the test's own, so that a picture doesn't change with the shipped ones."""
    return parse_preset(CLASSIFIER, name="classifier", source="test")
