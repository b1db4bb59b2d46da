"""The requests for probes of the visible tab, and their times."""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from gradstep.engine.worker.commands import CancelProbe, Command, Probe
from gradstep.tui.link import After
from gradstep.tui.state.probes import Wish
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import NOTHING, Topic

if TYPE_CHECKING:
    from gradstep.tui.panes.probe_pane import ProbePane


class Looking:
    """Sends the visible tab's requests when the run has rested for a while, and cheap ones also during it.

    `pane` returns the visible tab on probes, or None.
    """

    def __init__(
        self,
        state: RunState,
        pane: Callable[[], ProbePane | None],
        send: Callable[[Command], object],
        show: Callable[[Topic], object],
        after: After,
        rest_seconds: float,
    ) -> None:
        self._state = state
        self._pane = pane
        self._send = send
        self._show = show
        self._after = after
        self._rest_seconds = rest_seconds
        self._rest: TimerHandle | None = None

    @property
    def waiting(self) -> bool:
        """Whether it waits for the run to have rested long enough."""
        return self._rest is not None

    def soon(self) -> None:
        """Ask at once while the run goes on, else after a rest."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self._state.running:
            self._look()
        elif self._wishes():
            self._rest = self._after(self._rest_seconds, self._look)

    def _look(self) -> None:
        self._rest = None
        self._ask(self._wishes())

    def _wishes(self) -> list[Wish]:
        pane, state = self._pane(), self._state
        if pane is None or not (state.at_rest or state.running):
            return []
        wishes = [wish for wish in pane.automatic(state) if state.probes.wants(wish, state.place)]
        return wishes if state.at_rest else [wish for wish in wishes if state.probes.follows(wish)]

    def ask(self, wishes: Iterable[Wish]) -> None:
        """Ask for probes now, whatever they cost, if there is a run."""
        if self._state.died is None and self._state.info is not None:
            self._ask(wishes)

    def _ask(self, wishes: Iterable[Wish]) -> None:
        asked = NOTHING
        for wish in wishes:
            request = self._state.probes.ask(wish, self._state.place)
            self._send(Probe(wish.probe, wish.options, request))
            asked = Topic.PROBES
        self._show(asked)

    def cancel(self, probes: Sequence[str]) -> None:
        """Cancel these probes."""
        for probe in probes:
            self._state.probes.cancel(probe)
            self._send(CancelProbe(probe))
        self._show(Topic.PROBES)
