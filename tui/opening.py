"""Presets and saved sessions, and how a run of one is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from textual.app import App

from gradstep.engine.config.preset import Preset
from gradstep.engine.worker.commands import Open, Resume
from gradstep.tui import text
from gradstep.tui.link import Link
from gradstep.tui.state import catalogue
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic


class Opening:
    """Opens runs. `own` are presets that are not shipped; those opened from files are added."""

    def __init__(
        self,
        app: App[int],
        state: RunState,
        link: Link,
        show: Callable[[Topic], object],
        data_dir: Path | None,
        own: Sequence[Preset],
    ) -> None:
        self._app = app
        self._state = state
        self._link = link
        self._show = show
        self._data_dir = data_dir
        self._own = {preset.name: preset for preset in own}

    @cached_property
    def _shipped(self) -> list[Preset]:
        return catalogue.shipped()

    @property
    def presets(self) -> list[Preset]:
        """The presets to choose from; the first time shipped ones are loaded, which takes a while."""
        return [*(preset for preset in self._shipped if preset.name not in self._own), *self._own.values()]

    def preset(self, preset: Preset) -> None:
        """Begin a run of a preset."""
        self._show(self._state.opening(preset))
        self._link.send(Open(preset, self._data_dir))

    def session(self, path: Path) -> None:
        """Go on with a saved run where it was left."""
        self._show(self._state.resuming(path.stem))
        self._link.send(Resume(path, self._data_dir))

    async def ask(self) -> None:
        """Ask for a preset, a session or a file, and open it."""
        from gradstep.engine.session.folder import newest_of, recent_sessions
        from gradstep.tui.screens.picker import Picker

        sessions = [saved for saved in recent_sessions() if saved.path != self._state.session.path]
        newest = newest_of(self._state.preset.name, sessions)
        # awaited, so that what is typed at once after the key is the dialog's
        await self._app.push_screen(Picker(self.presets, sessions, newest), self._picked)

    def _picked(self, picked: Preset | Path | None) -> None:
        if isinstance(picked, Path):
            self.session(picked)
        elif picked is not None:
            self._own[picked.name] = picked
            self.preset(picked)

    def offer(self) -> None:
        """Say that there is a saved run of the open preset, if nothing was done yet."""
        from gradstep.engine.session.folder import newest_of, recent_sessions

        saved = newest_of(self._state.preset.name, recent_sessions())
        if saved is not None and self._state.stopped is None:
            where = f"step {saved.position:,}"
            full = f"o: go on where you left off ({where}, {text.when(saved.saved)})"
            self._show(self._state.offer(full, f"o: go on ({where})"))

    def restart(self) -> None:
        """Start a fresh engine after the death of one, on the saved session if there is one."""
        if self._state.died is not None:
            self._show(self._state.restarting())
            self._link.start()
            if self._state.session.path is not None:
                self.session(self._state.session.path)
            else:
                self.preset(self._state.preset)

    def last_words(self) -> list[str]:
        """Say how to go on with the run, or that not all is saved."""
        saved = self._link.saved() or self._state.session
        if saved.path is None:
            return []
        from gradstep.tui.commands.sessions import how_to_resume

        unsaved = f"not all is saved: {text.plain(saved.problem)}" if saved.problem else ""
        return [unsaved or how_to_resume(saved.path)]
