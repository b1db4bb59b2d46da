"""Modules and screens that the first frame does without, and that no key should wait for."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING

from gradstep.tui.link import After
from gradstep.tui.wire.textual_private import PrivateApp

if TYPE_CHECKING:
    from gradstep.tui.screens.help import Help

MODULES = (
    "gradstep.engine.session.folder",
    "gradstep.tui.screens.palette",
    "gradstep.tui.screens.help",
    "gradstep.tui.screens.picker",
    "gradstep.tui.screens.sweep",
)
PAUSE_SECONDS = 0.02
"""Between the imports of two modules, for keys."""


class Later:
    """Prepares them after the first frame; `fill` puts the contents into the panes."""

    def __init__(self, app: PrivateApp, fill: Callable[[], Awaitable[None]], after: After) -> None:
        self._app = app
        self._fill = fill
        self._after = after

    async def prepare(self, modules: tuple[str, ...] = MODULES) -> None:
        """Import one module at a time, so that no key waits for long."""
        if modules:
            await self._fill()
            import_module(modules[0])
            self._after(PAUSE_SECONDS, partial(self.prepare, modules[1:]))
        else:
            self._app.prepare_screen(self.help)
            gc.freeze()  # imported modules are no garbage
            gc.enable()

    @cached_property
    def help(self) -> Help:
        """The help's screen, built once."""
        from gradstep.tui.screens.help import Help

        screen = Help()
        self._app.install_screen(screen, "help")
        return screen
