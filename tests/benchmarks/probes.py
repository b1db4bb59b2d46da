"""What a probe that follows a run costs it. By hand: python tests/benchmarks/probes.py

The engine runs at full speed in its own process, told to keep or to leave a tab's cheap probes on their
schedule, in turn: the same run, some seconds each. Loads of other programs hit both.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from queue import SimpleQueue

import psutil
from measure import judge, open_preset, show, table, tell

from gradstep.engine import Session
from gradstep.engine.probes.registry import PROBES
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    Open,
    Probe,
    Run,
)
from gradstep.engine.worker.events import (
    Advanced,
    Died,
    Event,
    Opened,
    Probed,
    Refused,
)
from gradstep.engine.worker.prober import Prober
from gradstep.tui.state.events import apply_event
from gradstep.tui.state.probes import Wish
from gradstep.tui.state.run import RunState

LIMIT = 0.05
PRESETS = ("linear-1-layer", "exam-full-batch", "identity-1-layer")
CHEAP = [name for name, probe in PROBES.items() if probe.cost != "dear"]
WINDOW_SECONDS = 3.0
PAIRS = 20
"""Of windows with the probe and without, in turn."""
HASHED_STEPS = 60
ASKED_EVERY = 5

Reading = tuple[float, float, int]
"""Seconds by the clock, seconds of a processor, position."""
Share = tuple[float, float]
"""What a run loses, and the standard error of that."""


class Watched:
    """A run at full speed, looked at as the explorer looks at it."""

    def __init__(self, preset_name: str) -> None:
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._client = EngineClient(self._events.put)
        self._client.start()
        preset = open_preset(preset_name)[0]  # on the digits, where MNIST is not to be had
        self._state = RunState(preset)
        self._client.send(Open(preset, save=False))
        self._until(Opened)
        self._client.send(Run(None))
        self.computed: list[float] = []
        """The seconds that each result took, as the engine tells them."""

    def close(self) -> None:
        self._client.close()

    def window(self, probe: str | None, seconds: float) -> tuple[Reading, Reading]:
        """Run on for so long, with a probe on its schedule or with none."""
        first = last = self._advanced(probe)
        while last[0] - first[0] < seconds:
            last = self._advanced(probe)
        return first, last

    def _advanced(self, probe: str | None) -> Reading:
        """Wait for the next frame, and look on from there."""
        self._until(Advanced)
        state = self._state
        wish = Wish(probe) if probe is not None else None
        if wish is not None and state.probes.wants(wish, state.place) and state.probes.follows(wish):
            request = state.probes.ask(wish, state.place)
            self._client.send(Probe(wish.probe, wish.options, request))
        assert self._client.pid is not None
        times = psutil.Process(self._client.pid).cpu_times()
        return time.monotonic(), times.user + times.system, state.position

    def _until(self, kind: type[Event]) -> None:
        while True:
            event = self._events.get(timeout=60)
            if isinstance(event, (Died, Refused)):
                raise RuntimeError(f"the run has ended: {event}")
            if isinstance(event, Probed):
                self.computed.append(event.seconds)
            apply_event(self._state, event)
            if isinstance(event, kind):
                return


def speeds(pair: tuple[Reading, Reading]) -> tuple[float, float]:
    """Steps in a second, and in a second of a processor."""
    (began, began_used, first), (ended, ended_used, last) = pair
    return (last - first) / (ended - began), (last - first) / max(ended_used - began_used, 1e-9)


def cost(preset: str, probe: str) -> tuple[Share, Share, int, float]:
    """The share of its steps in a second that a run loses, and of those in a second of a processor; how many
    results there were, and the seconds of one."""
    run = Watched(preset)
    try:
        run.window(probe, 2.0)  # warm
        run.computed.clear()
        losses = []
        for number in range(PAIRS):
            pairs = {
                which: run.window(which, WINDOW_SECONDS) for which in ((probe, None)[:: 1 - 2 * (number % 2)])
            }
            watched, alone = speeds(pairs[probe]), speeds(pairs[None])
            losses.append((1 - watched[0] / alone[0], 1 - watched[1] / alone[1]))
    finally:
        run.close()
    clock, processor = (share([each[i] for each in losses]) for i in (0, 1))
    taken = statistics.median(run.computed or [math.nan])  # none at all where another program took the time
    return clock, processor, len(run.computed), taken


def share(losses: list[float]) -> Share:
    """The median, and its standard error from the median absolute deviation (normal noise: 1.4826 and 1.2533
    of it), so that a pair that another program fell into counts as one."""
    middle = statistics.median(losses)
    spread = statistics.median(abs(each - middle) for each in losses)
    return middle, 1.2533 * 1.4826 * spread / math.sqrt(len(losses))


def same_state(preset: str) -> bool:
    """Whether the state is the same to the last bit where the cheap probes were computed beside the run."""
    hashes = []
    for watched in (True, False):
        session: Session = open_preset(preset)[1]
        answered: SimpleQueue[Event] = SimpleQueue()
        prober = Prober(answered.put)
        asked = 0
        for _ in range(HASHED_STEPS):
            if watched and session.position % ASKED_EVERY == 0:
                for name in CHEAP:
                    subject, options = session.prepare_probe(name, {})
                    prober.ask(Probe(name, options, asked), subject, 0, 0.0)
                    asked += 1
            session.step()
        for _ in range(asked):
            answered.get(timeout=60)
        hashes.append(session.state_hash())
    return hashes[0] == hashes[1]


def main() -> int:
    over = []
    made = table(
        f"What a probe on its schedule costs a run; at most {LIMIT:.0%}",
        *("preset", "probe", "of its steps", "per processor", "results", "one takes", "state"),
    )
    for preset in PRESETS:
        same = same_state(preset)
        for probe in CHEAP:
            clock, processor, results, seconds = cost(preset, probe)
            shares = (f"{lost:.1%} ± {error:.1%}" for lost, error in (clock, processor))
            said = (*shares, str(results), f"{seconds * 1e3:.0f} ms")
            line = (preset, probe, *said, "the same" if same else "ANOTHER")
            tell(*line)
            made.add_row(*line)
            if clock[0] > LIMIT or not same:
                over.append(f"{probe} on {preset}")
    show(made)
    return judge(over)


if __name__ == "__main__":
    sys.exit(main())
