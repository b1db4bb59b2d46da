"""Measures quantities as a run goes: for the schedule, for breakpoints, and for a condition that is run to.

Each probe is computed once a position, however many of its numbers are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gradstep.engine.conditions.breakpoints import Breakpoints
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.errors import UserError
from gradstep.engine.probes import registry as probes
from gradstep.engine.probes.readings import READINGS
from gradstep.engine.probes.subject import Subject
from gradstep.engine.records.history import History
from gradstep.engine.records.missing import MISSING, is_missing_number
from gradstep.engine.records.quantities import find_quantity

Look = Callable[[], Subject]
"""Copies the state to measure."""


class Measurer:
    """Measures quantities on a schedule.

    A quantity that does not apply to the run, such as a missing sample's loss, is removed with a notice. If
    `go_on` returns False, the measurement stops. `left` is then true until the next one.
    """

    def __init__(self, schedule: Mapping[str, int], breakpoints: Breakpoints, notices: list[str]) -> None:
        self._schedule = dict(schedule)
        self._breakpoints = breakpoints
        self._sought: tuple[str, ...] = ()
        self._notices = notices
        self.go_on: Callable[[], bool] = lambda: True
        self.left = False

    def __bool__(self) -> bool:
        """Return whether anything is measured during the run."""
        return bool(self._schedule or self._sought or self._breakpoints.quantities)

    def add(self, name: str, every: int) -> None:
        """Measure a quantity at every `every` positions."""
        self._schedule[name] = every

    def look_for(self, condition: Condition | None) -> None:
        """Measure the quantities of a condition at every position from now on; with None, stop that."""
        self._sought = () if condition is None else condition.quantities

    def measure(
        self, position: int, history: History, look: Look, *, again: bool = False
    ) -> Mapping[str, UserError]:
        """Measure the quantities wanted at the position into the history; with `again`, even the known ones.

        A quantity that does not apply there, such as the stability limit of a rule without one, has no value.
        Return the reasons by name.
        """
        wanted = [name for name, every in self._schedule.items() if position % every == 0]
        wanted += [name for name in (*self._breakpoints.quantities, *self._sought) if name not in wanted]
        missing = [name for name in wanted if again or is_missing_number(history.value(name, position))]
        if not missing:
            return {}
        try:
            values, problems = measured(missing, look, self.go_on)
        except probes.ProbeCancelledError:
            self.left = True
            return {}
        self.left = False
        for name, value in values.items():
            history.measured.put(name, position, value)
        for name, problem in problems.items():
            if not is_missing_number(history.value(name, position)):  # it was, before a change here
                history.measured.put(name, position, MISSING)
            if self._schedule.pop(name, None) is not None:
                self._notices.append(str(problem))
        return problems


def measured(
    names: Collection[str], look: Look, go_on: Callable[[], bool]
) -> tuple[dict[str, float], dict[str, UserError]]:
    """Return the values by name, and the reasons for quantities without one.

    Raises ProbeCancelledError as soon as `go_on` returns False.
    """
    results: dict[tuple[str, tuple[tuple[str, Any], ...]], Any] = {}
    values: dict[str, float] = {}
    problems: dict[str, UserError] = {}
    subject: Subject | None = None
    for name in names:
        quantity, index = find_quantity(name)
        reading = READINGS[quantity.name]
        key = reading.probe, tuple(sorted(reading.options.items()))
        try:
            if key not in results:
                subject = look() if subject is None else subject
                results[key] = probes.run(reading.probe, subject, lambda _share: go_on(), **reading.options)
            values[name] = reading.read(results[key], index)
        except probes.ProbeCancelledError:
            raise
        except UserError as error:
            problems[name] = UserError(f"{name} can't be measured here: {error}")
    return values, problems
