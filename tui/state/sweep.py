"""The screen's copy of a sweep: results so far, running runs, and a number of each run."""

from __future__ import annotations

import math
import shlex
import time
from collections import Counter
from collections.abc import Mapping

import numpy as np

from gradstep.engine.config.changes import changed
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.sweep import parse_axis
from gradstep.engine.errors import UserError
from gradstep.engine.records.ranges import Floats
from gradstep.engine.runs.plan import Plan, make_plan
from gradstep.engine.runs.result import Result
from gradstep.engine.training.rules.stability import stable_product
from gradstep.engine.worker.events import (
    Event,
    SweepEnded,
    SweepSharpness,
    Swept,
)
from gradstep.tui import text

FIELDS_SHOWN = ("accuracy", "mistakes", "val_loss", "val_accuracy", "step", "grad_norm", "max_error")
ENDINGS: dict[str, str] = {
    "done": "finished",
    "condition": "stopped",
    "diverged": "diverged",
    "failed": "failed",
}
"""Words for the endings of runs."""
MAX_RUNS = 1000
"""The most runs of a sweep on the screen. Their configs are checked while the user waits."""
RULE = "train.rule"
LEARNING_RATE = "train.rule.learning_rate"


class SweepState:
    """A sweep as the engine has reported it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.results: dict[int, Result] = {}
        self.running: Mapping[int, tuple[int, int]] = {}
        self.going = False
        self.said = ""
        """Why the sweep ended early; "" if it did not."""
        self.sharpness: float | None = None
        self._products: dict[str, float | None] = {}
        self._began = 0.0
        self._before: int | None = None

    def begin(self) -> None:
        """Record that the engine was asked for the missing runs."""
        self.going, self.said, self._before = True, "", None

    def take(self, event: Event) -> bool:
        """Apply an event. Returns whether it belongs to this sweep."""
        if not isinstance(event, Swept | SweepSharpness | SweepEnded) or event.plan != self.plan:
            return False
        match event:
            case Swept(results=results, running=running):
                self.results.update((result.point, result) for result in results)
                if self._before is None:  # runs finished earlier come first
                    self._began, self._before = time.monotonic(), len(self.results)
                self.running = running
            case SweepSharpness(sharpness=sharpness):
                self.sharpness = sharpness
            case SweepEnded(text=said):
                self.going, self.running, self.said = False, {}, said
        return True

    def died(self) -> None:
        """Record that the engine has ended, and the sweep with it."""
        if self.going:
            self.going, self.running, self.said = False, {}, "the engine has ended; finished runs are kept"

    @property
    def complete(self) -> bool:
        return len(self.results) == len(self.plan)

    @property
    def names(self) -> list[str]:
        """The names of a run's numbers: the loss, measures, other fields of the last record."""
        seen = next((result.record for result in self.results.values() if result.record is not None), None)
        there = [name for name in FIELDS_SHOWN if seen is None or seen[name] is not None]
        return ["loss", *self.plan.measures, *there]

    def values(self, name: str) -> Floats:
        """Return a number of each run, in the shape of the axes; NaN where a run has none."""
        found = np.full(len(self.plan), np.nan)
        for point, result in self.results.items():
            value = result.value(name, self.plan.measures)
            if value is not None:
                found[point] = value
        return found.reshape(self.plan.shape)

    def told(self, name: str) -> list[float]:
        """Return a number of each finished run, with infinities and NaN, without runs that lack it."""
        values = (result.value(name, self.plan.measures) for result in self.results.values())
        return [value for value in values if value is not None]

    def endings(self) -> Counter[str]:
        return Counter(result.ending for result in self.results.values())

    @property
    def share(self) -> float:
        """The share of all steps that is done."""
        going = sum(position / end for position, end in self.running.values() if end)
        return (len(self.results) + going) / len(self.plan)

    @property
    def seconds_left(self) -> float | None:
        """The estimated seconds left, by the runs finished since the start; None before the first."""
        if not self.going or len(self.results) <= (self._before or 0):
            return None
        done = self.share * len(self.plan) - (self._before or 0)
        left = (1 - self.share) * len(self.plan)
        spent = time.monotonic() - self._began
        return left / done * spent if spent > 1 else None

    def border(self, point: int) -> float | None:
        """Return the learning rate below which a run is stable, by the curvature at the first run's start.

        Returns None if the curvature is missing or not positive, or if the rule has no limit.
        """
        if self.sharpness is None or not self.sharpness > 0:
            return None
        product = self._stable_product(point)
        return None if product is None else product / self.sharpness

    def _stable_product(self, point: int) -> float | None:
        """Return the limit of learning rate × curvature, cached for rules that differ only in the rate."""
        changes = self.plan.changes(point).items()
        rule = str([(key, value) for key, value in changes if RULE in key and key != LEARNING_RATE])
        if rule not in self._products:
            self._products[rule] = stable_product(self.plan.config(point))
        return self._products[rule]


def endings_said(endings: Counter[str], until: str | None) -> str:
    """Return the numbers of runs by ending: `93 finished, 57 stopped at loss > 1e15`."""
    words = ENDINGS if until is None else {**ENDINGS, "condition": f"stopped at {text.plain(until)}"}
    return ", ".join(f"{count:,} {words[ending]}" for ending, count in endings.most_common())


def plan_of(preset: Preset, given: str = "") -> Plan:
    """Return the sweep of a preset over typed axes, or over its own. Each run has one thread.

    Raises UserError for axes that cannot be read or do not fit the preset, and for more than MAX_RUNS runs.
    """
    try:
        typed = shlex.split(given)
    except ValueError as error:
        raise UserError(f"given {given!r}: {error}") from None
    axes = [parse_axis(one) for one in typed]
    if not axes and preset.sweep is not None:
        axes = [axis.axis() for axis in preset.sweep.axis]
    if (count := math.prod(len(axis.values) for axis in axes)) > MAX_RUNS:
        raise UserError(
            f"{count:,} runs are too many to look at; here at most {MAX_RUNS:,}: `gradstep sweep`"
        )
    return make_plan(changed(preset, {"train.threads": 1}), axes)


def suggested_axes(preset: Preset) -> list[tuple[str, str]]:
    """Return axes to choose from, each with its question."""
    rate = preset.train.learning_rate
    ready = [("train.seed=0:20", "is it the luck of one seed?")]
    if rate is not None and 0 < rate / 10 < rate * 10 < math.inf:  # both ends are floats
        rates = f"{LEARNING_RATE}=log:{rate / 10:.6g}:{rate * 10:.6g}:9"
        ready += [(rates, "which learning rates do?"), (f"train.seed=0:8 {rates}", "for each seed?")]
    return ready
