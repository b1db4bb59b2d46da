"""The explorer: a screen on a run that the engine's process does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import actions
from textual.binding import Binding
from textual.screen import Screen

from gradstep.engine.config.files import load_preset
from gradstep.engine.config.preset import Preset
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.events import (
    Died,
    Event,
)
from gradstep.engine.worker.process import FRAME_SECONDS
from gradstep.tui.actions import ACTIONS, key_name
from gradstep.tui.dialogs import Dialogs
from gradstep.tui.ending import Ending
from gradstep.tui.frames import Frames
from gradstep.tui.later import Later
from gradstep.tui.link import Engine, EngineEvents, Link
from gradstep.tui.looking import Looking
from gradstep.tui.opening import Opening
from gradstep.tui.requests import PaneRequests
from gradstep.tui.screens.engine_died import EngineDied
from gradstep.tui.screens.explorer import ExplorerScreen
from gradstep.tui.state.events import apply_event
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import NOTHING, Topic
from gradstep.tui.sweeps import Sweeps
from gradstep.tui.theme import THEME
from gradstep.tui.wire.app import WireApp

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

OFFER_SECONDS = 0.5
"""After the first frame: looking through the sessions takes a while."""
PALETTE = "palette"
DEFAULT_PRESET = "linear-1-layer"
OF_APP = {actions.parse(each.runs)[1:]: each for each in ACTIONS.values() if each.runs.startswith("app.")}
"""The table's actions that are methods of the app, by method and parameters."""


class Explorer(PaneRequests, Ending, WireApp):
    """Composes the screen, takes the engine's events, and carries out actions."""

    TITLE = "gradstep"
    CSS_PATH = "app.tcss"
    REST_SECONDS = 0.15
    """A run that rests for so long has its probes computed: not at each of many steps in a row."""

    def __init__(
        self,
        preset: Preset | None = None,
        data_dir: Path | None = None,
        *,
        session: Path | None = None,
        frame_seconds: float = FRAME_SECONDS,
        ascii: bool = False,  # noqa: A002
        connect: Callable[[Callable[[Event], None]], Engine] = EngineClient,
    ) -> None:
        """`frame_seconds` is the least time between two drawings of the panes."""
        super().__init__(ascii=ascii)
        if session is not None:
            from gradstep.engine.session.read import read_saved_preset

            preset = read_saved_preset(session)
        preset = preset or load_preset(DEFAULT_PRESET)
        own = [preset] if session is None else []
        state = self.state = RunState(preset)
        link = self.link = Link(connect, self.post_message, self.after, lambda: self.show(state.unanswered()))
        self.frames = Frames(self.show, self.after, frame_seconds)
        self.opening = Opening(self, state, link, self.show, data_dir, own)
        self.explorer = ExplorerScreen(state, lambda: self.opening.presets)
        pane = partial(getattr, self.explorer, "probe_pane")
        self.looking = Looking(state, pane, link.send_aside, self.show, self.after, self.REST_SECONDS)
        self.dialogs = Dialogs(self, state, link.send, self.show)
        self.sweeps = Sweeps(self, state, self.dialogs, link.send_aside, self.show, data_dir)
        self.later = Later(self, self.explorer.fill, self.after)
        self._resuming = session is not None
        self.animation_level = "none"  # over SSH every byte counts
        self.register_theme(THEME)
        self.theme = THEME.name
        # before the terminal is taken over, and with the first command already in the pipe
        link.start()
        if session is not None:
            self.opening.session(session)
        else:
            self.opening.preset(preset)

    def get_key_display(self, binding: Binding) -> str:
        return binding.key_display or key_name(binding.key)

    def get_default_screen(self) -> Screen[None]:
        return self.explorer

    def on_mount(self) -> None:
        self.link.listen(True)
        self.on_engine_events(EngineEvents())
        self.call_after_refresh(self.later.prepare)
        if not self._resuming:
            self.after(OFFER_SECONDS, self.opening.offer)

    def on_unmount(self) -> None:
        self.link.listen(False)

    def on_engine_events(self, _message: EngineEvents) -> None:
        """Take the events that have come, and have drawn what they change."""
        topics, died = NOTHING, None
        for event in self.link.events():
            topics |= apply_event(self.state, event)
            self.sweeps.take(event)
            died = event if isinstance(event, Died) else died
        if topics:
            self.link.answered()
            self.frames.soon(topics)
        if died is not None:
            self.sweeps.died()
            self.push_screen(EngineDied(died, self.state.session.path is not None), self._after_death)

    def _after_death(self, restart: bool | None) -> None:
        if restart:
            self.opening.restart()

    def show(self, topics: Topic) -> None:
        """Draw what has changed, at once."""
        if topics and self.explorer.is_mounted:  # when it is, the screen draws everything
            self.explorer.show(topics)
            self.looking.soon()

    @property
    def idle(self) -> bool:
        """Whether no key, event, drawing or probe is due."""
        due = self._typed or self.link.waiting or self.frames.waiting or self.looking.waiting
        return not due

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Carry out a key's action. A refusal of an earlier one goes."""
        self.show(self.state.asking())
        return await super().run_action(action, default_namespace, namespaces)

    def on_click(self) -> None:
        """Clear the refusal of an earlier action."""
        self.show(self.state.asking())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action of the table is possible now."""
        found = OF_APP.get((action, parameters))
        return found is None or found.why_not(self.state) is None

    def action_send(self, name: str) -> None:
        """Send the command of an action of the table."""
        if (sends := ACTIONS[name].sends) is not None:
            self.link.send(sends(self.state))

    async def action_call(self, part: str, method: str) -> None:
        """Call a method of one of the parts, such as `go_to` of `dialogs`."""
        if isawaitable(answer := getattr(getattr(self, part), method)()):
            await answer

    def action_scale_burst(self, factor: int) -> None:
        self.show(self.state.scale_burst(factor))

    def action_command_palette(self) -> None:
        if self.screen.id != PALETTE:
            from gradstep.tui.screens.palette import Palette

            self.push_screen(Palette(id=PALETTE))

    def action_help(self) -> None:
        self.push_screen(self.later.help)

    def close_engine(self) -> None:
        self.link.close()

    def last_words(self) -> list[str]:
        return [*self.sweeps.last_words(), *self.opening.last_words()]
