"""The sweeps that were looked at, and the screen on one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from gradstep.engine.errors import UserError
from gradstep.engine.worker.commands import CancelSweep, Command, StartSweep
from gradstep.engine.worker.events import Event
from gradstep.tui import text
from gradstep.tui.dialogs import Dialogs
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.ask import Ask

if TYPE_CHECKING:
    from gradstep.engine.runs.plan import Plan
    from gradstep.tui.screens.sweep import SweepScreen
    from gradstep.tui.state.sweep import SweepState


class Sweeps:
    """Opens sweeps, hands them events, and sends their commands. Their modules are imported when needed."""

    def __init__(
        self,
        app: App[int],
        state: RunState,
        dialogs: Dialogs,
        send: Callable[[Command], object],
        show: Callable[[Topic], object],
        data_dir: Path | None,
    ) -> None:
        self._app = app
        self._state = state
        self._dialogs = dialogs
        self._send = send
        self._show = show
        self._data_dir = data_dir
        self._shown: SweepState | None = None
        self._known: list[SweepState] = []
        """The latest last; one of them may go on."""

    async def open(self) -> None:
        """Show the sweep there is, or that of the preset; without one, ask over what."""
        from gradstep.tui.state.sweep import plan_of

        preset = self._state.preset
        known = (sweep for sweep in reversed(self._known) if sweep.plan.preset.name == preset.name)
        if (there := next(known, None)) is not None:
            await self._open(there)
        elif preset.sweep is None:
            await self.ask_axes()
        else:
            try:
                plan = plan_of(preset)
            except UserError as error:
                self._show(self._state.refuse(str(error)))
            else:
                await self._open(self._sweep_of(plan))

    async def ask_axes(self) -> None:
        """Ask over what to sweep, and show that sweep."""
        from gradstep.tui.state.sweep import plan_of, suggested_axes

        preset = self._state.preset

        def check(answer: str) -> None:
            plan_of(preset, answer)

        async def open_it(answer: str) -> None:
            await self._open(self._sweep_of(plan_of(self._state.preset, answer)))

        hint = "KEY=VALUES, such as train.seed=0:20; several with blanks between"
        dialog = Ask("Sweep over", hint, check, ready=suggested_axes(preset))
        await self._dialogs.ask(dialog, open_it)

    def _sweep_of(self, plan: Plan) -> SweepState:
        """Return the state of a plan's sweep, new if unknown, and make it the latest one."""
        from gradstep.tui.state.sweep import SweepState

        found = next((sweep for sweep in self._known if sweep.plan == plan), None) or SweepState(plan)
        self._known = [sweep for sweep in self._known if sweep is not found] + [found]
        return found

    async def _open(self, sweep: SweepState) -> None:
        from gradstep.tui.screens.sweep import SweepScreen

        self._shown = sweep
        if (screen := self._screen) is not None:
            screen.set_state(sweep)
        else:
            await self._app.push_screen(SweepScreen(sweep))

    @property
    def _screen(self) -> SweepScreen | None:
        """The sweep's screen, where it is on top."""
        from gradstep.tui.screens.sweep import SweepScreen

        return self._app.screen if isinstance(self._app.screen, SweepScreen) else None

    def take(self, event: Event) -> None:
        """Apply an event to the sweep that it is of."""
        for sweep in self._known:
            if sweep.take(event) and sweep is self._shown:
                self._draw()

    def died(self) -> None:
        """Say that the engine has ended, and its sweep with it."""
        for sweep in self._known:
            sweep.died()
        if self._shown is not None:
            self._draw()

    def _draw(self) -> None:
        if (screen := self._screen) is not None:
            screen.show()

    def start(self, plan: Plan) -> None:
        """Begin the sweep in sight, or go on with it."""
        if self._shown is not None and self._state.died is None:
            self._shown.begin()
            self._send(StartSweep(plan, self._data_dir))
            self._draw()

    def cancel(self) -> None:
        """Cancel the sweep that goes on."""
        self._send(CancelSweep())

    def leave(self) -> None:
        """Close the sweep's screen."""
        if self._screen is not None:
            self._app.pop_screen()

    @property
    def left(self) -> SweepState | None:
        """The sweep that goes on, and that would end with the engine."""
        return next((sweep for sweep in reversed(self._known) if sweep.going), None)

    def last_words(self) -> list[str]:
        """Return a line on the sweep that ends with the engine, if one is running."""
        if (sweep := self.left) is None:
            return []
        done, of = len(sweep.results), text.plain(sweep.plan.preset.name)
        kept = f"at {done:,} of {len(sweep.plan):,} runs, which are kept: S and space go on with it"
        return [f"the sweep of {of} stopped {kept if done else 'before its first run was finished'}"]
