"""What the tests of sweeps share: a small plan, and a sweep done."""

from contextlib import closing
from dataclasses import asdict

from runs import preset

from gradstep.engine.config.changes import changed
from gradstep.engine.config.sweep import parse_axis
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.runs.sweep import Sweeping


def small_plan(*axes, steps=20, until=None, measures=(), **given):
    """The small ramp run over these axes."""
    base = changed(preset(**given), {"run.steps": steps, "name": "small"})
    return make_plan(base, [parse_axis(axis) for axis in axes], until, measures)


def done(plan, path=None, count=2):
    """The results of a sweep on this machine, by point."""
    with closing(Sweeping(plan, path)) as sweeping:
        for _ in sweeping.run(LocalWorkers(count, len(plan))):
            pass
        return sweeping.results


def numbers(record):
    """A record without its time."""
    return {name: value for name, value in asdict(record).items() if name != "seconds"}
