"""Dialogs that ask for one line and send the command that it makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable

from textual.app import App

from gradstep.engine.conditions.breakpoints import READY
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.errors import UserError
from gradstep.engine.worker.commands import (
    AddBreakpoint,
    Command,
    NameSession,
    RenameBranch,
    ReverseUntil,
    RunUntil,
    Seek,
    Watch,
)
from gradstep.engine.worker.events import BranchInfo
from gradstep.tui.state.available import check_condition, check_measurable, recorded
from gradstep.tui.state.charted import EVERY, parse_watched, suggestions, to_measure
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.ask import Ask

MAX_DIGITS = 9


class Dialogs:
    """The dialogs, one method each. `send` takes the command, `show` the changed parts of the state."""

    def __init__(
        self,
        app: App[int],
        state: RunState,
        send: Callable[[Command], None],
        show: Callable[[Topic], object],
    ) -> None:
        self._app = app
        self._state = state
        self._send = send
        self._show = show
        self._condition = ""
        """The last condition that was typed, offered again."""

    async def ask(self, dialog: Ask, then: Callable[[str], Awaitable[None] | None]) -> None:
        """Open a dialog; call `then` with the answer, if there is one."""

        async def answered(answer: str | None) -> None:
            if answer is not None and isawaitable(done := then(answer)):
                await done

        # awaited, so that what is typed at once after the key is the dialog's
        await self._app.push_screen(dialog, answered)

    async def go_to(self) -> None:
        last = len(self._state.history) - 1

        def go(answer: str) -> None:
            position, last = position_of(answer), len(self._state.history) - 1
            if position > last:
                said = f"step {last:,} is the last recorded: stepping to {position:,}"
                self._show(self._state.note("info", said))
            self._send(Seek(position))

        hint = f"a position; recorded are 0 to {last:,}, a later one is stepped to"
        await self.ask(Ask("Go to", hint, position_of), go)

    async def run_until(self) -> None:
        await self._until("Run until", RunUntil)

    async def reverse_until(self) -> None:
        await self._until("Back to where", ReverseUntil)

    async def _until(self, title: str, command: Callable[[str], Command]) -> None:
        def go(answer: str) -> None:
            self._condition = answer
            self._send(command(answer))

        await self.ask(self._ask_condition(title, self._condition), go)

    def _ask_condition(self, title: str, value: str) -> Ask:
        def check(answer: str) -> None:
            check_condition(parse_condition(answer), self._state)

        ready = [(condition, name) for name, condition in READY.items()]
        return Ask(title, "a condition, such as loss > prev.loss", check, value=value, ready=ready)

    async def breakpoint(self) -> None:
        names = {condition: name for name, condition in READY.items()}
        await self.ask(
            self._ask_condition("Stop where", ""),
            lambda answer: self._send(AddBreakpoint(answer, names.get(answer, ""))),
        )

    async def name_session(self) -> None:
        await self.ask(
            Ask("Name this session", "a name", check_session_name),
            lambda answer: self._send(NameSession(answer)),
        )

    async def rename_branch(self, branch: BranchInfo) -> None:
        await self.ask(
            Ask("Rename the branch", "a name", check_name, value=branch.name),
            lambda answer: self._send(RenameBranch(branch.number, answer)),
        )

    async def watch(self) -> None:
        """Ask what the charts shall show."""

        def check(answer: str) -> None:
            for name in parse_watched(answer):
                recorded(self._state).check_field(name)
            check_measurable(to_measure(parse_watched(answer)), self._state)

        def watch(answer: str) -> None:
            names = parse_watched(answer)
            measured = self._state.preset.measure
            self._send(Watch(names, {name: measured.get(name, EVERY) for name in to_measure(names)}))

        shown = self._state.watched
        dialog = Ask(
            f"Choose what to chart (costly ones are measured every {EVERY} steps)",
            "one or two of the record's fields and of the quantities, such as loss, sharpness",
            check,
            value=", ".join(shown),
            ready=partial(suggestions, shown),
            complete=True,
        )
        await self.ask(dialog, watch)


def position_of(answer: str) -> int:
    """Return the position that was typed. Raises UserError."""
    typed = answer.strip().replace(",", "").replace("_", "")
    if not (typed.isascii() and typed.isdecimal()) or len(typed) > MAX_DIGITS:
        raise UserError(f"given {answer!r}; allowed: a position, such as 0 or 1200")
    return int(typed)


def check_session_name(answer: str) -> None:
    """Raise UserError for what can't be a session's name."""
    from gradstep.engine.session.folder import checked_name

    check_name(checked_name(answer))


def check_name(answer: str) -> None:
    """Raise UserError for an empty name."""
    if not answer.strip():
        raise UserError("a name is needed")
