"""Parts of the way to the present position, for probes: the last update, the state before it, the path.

Where the run has not kept it, part of the way is re-executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from gradstep.engine.probes.registry import find
from gradstep.engine.probes.subject import flat_parameters, to_numpy
from gradstep.engine.timeline.timeline import Tick, Timeline
from gradstep.engine.training.model.base import flat

PATH_POINTS = 32
"""The most saved states on a path: a drawing shows no more."""
PATH_NUMBERS = 40_000_000
"""The most numbers in a path's saved states: 160 MB in float32."""


def with_way_here(
    name: str, options: Mapping[str, Any], timeline: Timeline, tick: Tick | None = None
) -> dict[str, Any]:
    """Return a probe's options, with the part of the way here that the registry says it wants.

    An option that is given stays as it is. Raises UserError for an unknown probe, and SeekCancelledError if
    `tick` returns False.
    """
    probe, found = find(name), dict(options)
    if probe.wants is None or probe.wants.option in found:
        return found
    match probe.wants.part:
        case "last update" if timeline.position > 0:
            found[probe.wants.option] = last_update(timeline, tick)
        case "parameters before" if timeline.position > 0:
            found[probe.wants.option] = parameters_before(timeline, tick)
        case "path":
            found[probe.wants.option] = path(timeline)
    return found


def last_update(timeline: Timeline, tick: Tick | None = None) -> NDArray[Any]:
    """Return the update that led here, flat. It is done again if the state here was restored."""
    if timeline.trainer.last_update is None:
        timeline.seek(timeline.position - 1, tick)
        timeline.advance()
    assert timeline.trainer.last_update is not None
    return to_numpy(timeline.trainer.last_update)


def parameters_before(timeline: Timeline, tick: Tick | None = None) -> NDArray[Any]:
    """Return the flat parameters of the position before. The run goes there and comes back."""
    timeline.seek(timeline.position - 1, tick)
    before = flat_parameters(timeline.trainer)
    timeline.advance()
    return before


def path(timeline: Timeline, points: int = PATH_POINTS, numbers: int = PATH_NUMBERS) -> list[NDArray[Any]]:
    """Return the flat parameters of saved states on the way here, and the present ones, in order.

    There are at most `points` saved states, or fewer if these have more than `numbers` numbers; at least 2
    if the run has saved as many.
    """
    present = flat_parameters(timeline.trainer)
    count = max(2, min(points, numbers // max(len(present), 1)))
    return [*(to_numpy(flat(state.parameters.values())) for state in timeline.saved_states(count)), present]
