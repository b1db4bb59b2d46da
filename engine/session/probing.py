"""Copies of the current state for probes, with what a probe needs of the way here."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from gradstep.engine.timeline.timeline import Tick, Timeline

PATH_POINTS, PATH_NUMBERS = 32, 40_000_000
"""The most points of a path of states, and the most numbers of all its states."""


def add_needs(name: str, options: dict[str, Any], timeline: Timeline, tick: Tick | None) -> None:
    """Add to the options of the probe `name` what it needs of the way here.

    `step` needs the last update, `flips` the parameters before it, `surface` a path of parameters. Raises
    SeekCancelledError if `tick` cancels the re-execution.
    """
    if name == "step" and "previous" not in options and timeline.position > 0:
        options["previous"] = last_update(timeline, tick)
    if name == "flips" and "before" not in options and timeline.position > 0:
        options["before"] = parameters_before(timeline, tick)
    if name == "surface" and "path" not in options:
        options["path"] = path(timeline)


def last_update(timeline: Timeline, tick: Tick | None) -> NDArray[Any]:
    """Return the flat update that led here, re-executed if the state here was restored."""
    trainer = timeline.trainer
    if trainer.last_update is None:
        timeline.seek(timeline.position - 1, tick)
        timeline.advance()
    assert trainer.last_update is not None
    return trainer.last_update.cpu().numpy().copy()


def parameters_before(timeline: Timeline, tick: Tick | None) -> NDArray[Any]:
    """Return the flat parameters of the position before, by a step back and forth."""
    timeline.seek(timeline.position - 1, tick)
    before = timeline.trainer.network.parameters.cpu().numpy().copy()
    timeline.advance()
    return before


def path(timeline: Timeline, points: int = PATH_POINTS) -> list[NDArray[Any]]:
    """Return the flat parameters of up to `points` saved states on the way here, and of the current one."""
    current = timeline.trainer.network.parameters
    count = max(2, min(points, PATH_NUMBERS // max(len(current), 1)))
    states = timeline.saved_states(count)
    walked = [*(state.parameters for state in states), current.detach()]
    return [flat.cpu().numpy().copy() for flat in walked]
