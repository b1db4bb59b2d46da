"""The explorer: a screen on a run that the engine's process does."""

from __future__ import annotations

import gc
import time
from asyncio import TimerHandle
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen

from gradstep.engine.conditions.breakpoints import READY
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.config.files import load_preset
from gradstep.engine.config.preset import Preset
from gradstep.engine.errors import UserError
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    AddBreakpoint,
    Back,
    CancelProbe,
    CancelSweep,
    ChangeSettings,
    Command,
    DeleteBranch,
    EditBreakpoint,
    Fork,
    NameSession,
    Open,
    Pause,
    Probe,
    RemoveBreakpoint,
    RenameBranch,
    Reset,
    Resume,
    ReverseUntil,
    Run,
    RunUntil,
    Seek,
    SeekUnitDeath,
    StartSweep,
    Step,
    Switch,
    Watch,
)
from gradstep.engine.worker.events import (
    Died,
    Event,
    Saved,
)
from gradstep.engine.worker.process import FRAME_SECONDS
from gradstep.tui import text
from gradstep.tui.ending import Ending
from gradstep.tui.screens.engine_died import EngineDied
from gradstep.tui.screens.explorer import ExplorerScreen
from gradstep.tui.state import catalogue
from gradstep.tui.state.available import check_condition, check_measurable, recorded
from gradstep.tui.state.charted import EVERY, parse_watched, suggestions, to_measure
from gradstep.tui.state.events import apply_event
from gradstep.tui.state.probes import Wish
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import NOTHING, Topic
from gradstep.tui.theme import THEME
from gradstep.tui.widgets.ask import Ask
from gradstep.tui.wire.app import WireApp

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.command import Provider
    from textual.dom import DOMNode

    from gradstep.engine.runs.plan import Plan
    from gradstep.tui.panes.branches import BranchesPane
    from gradstep.tui.panes.breakpoints import BreakpointsPane
    from gradstep.tui.panes.hyperparameters import SettingsForm
    from gradstep.tui.panes.layers import LayersPane
    from gradstep.tui.panes.model import ModelPane
    from gradstep.tui.panes.probe_pane import ProbePane
    from gradstep.tui.panes.story import StoryPane
    from gradstep.tui.screens.help import Help
    from gradstep.tui.screens.sweep import SweepScreen
    from gradstep.tui.state.sweep import SweepState

LATER = (
    "gradstep.engine.session.folder",
    "gradstep.tui.screens.palette",
    "gradstep.tui.screens.help",
    "gradstep.tui.screens.picker",
    "gradstep.tui.screens.sweep",
)
"""What the first frame does without, and a key must not wait for."""
OFFER_SECONDS = 0.5
"""After the first paint: looking through the sessions takes a while."""
MAX_DIGITS = 9
PALETTE = "palette"
DEFAULT_PRESET = "linear-1-layer"
PREPARE_SECONDS = 0.02
"""Between two modules that are imported after the first frame."""
PATIENCE_SECONDS = 0.4
"""An engine that has not answered after so many seconds is said to be working."""


class Engine(Protocol):
    """What the explorer needs of the engine's client."""

    def start(self) -> None: ...
    def send(self, command: Command) -> None: ...
    def close(self) -> None: ...


class EngineEvents(Message):
    """There are events of the engine to be taken from the inbox."""

    def can_replace(self, message: Message) -> bool:
        """One such message in the queue is enough."""
        return isinstance(message, EngineEvents)


def _commands() -> type[Provider]:
    from gradstep.tui.screens.palette import ExplorerCommands

    return ExplorerCommands


class Explorer(Ending, WireApp):
    """Opens a preset, steps and runs it, shows what happens."""

    TITLE = "gradstep"
    CSS_PATH = "app.tcss"
    COMMANDS = {_commands}  # noqa: RUF012
    REST_SECONDS = 0.15
    """A run that stands still for so long has its probes computed: not at every step of many in a row."""

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
        super().__init__(ascii=ascii)
        self._frame_seconds = frame_seconds
        """The panes are drawn at most once in so many seconds."""
        if session is not None:
            from gradstep.engine.session.read import read_saved_preset

            preset = read_saved_preset(session)
        preset = preset or load_preset(DEFAULT_PRESET)
        self._own = [preset] if session is None else []
        self.state = RunState(preset)
        self.explorer = ExplorerScreen(self.state, lambda: self.presets)
        self._data_dir = data_dir
        self._inbox: deque[Event] = deque()
        self._listening = False
        self._dirty = NOTHING
        self._frame: TimerHandle | None = None
        self._drawn_at = 0.0
        self._patience: TimerHandle | None = None
        self._rest: TimerHandle | None = None
        self._until = ""
        self._sweep: SweepState | None = None
        """The one that is looked at."""
        self._sweeps: list[SweepState] = []
        """Those that were looked at; one of them may go on."""
        self._resuming = session is not None
        self.animation_level = "none"  # over SSH every byte counts
        self.register_theme(THEME)
        self.theme = THEME.name
        # before the terminal is taken over, and with the first command already in the pipe
        self._engine = connect(self._on_event)
        self._engine.start()
        if session is not None:
            self.open_session(session)
        else:
            self.open_preset(preset)

    def get_key_display(self, binding: Binding) -> str:
        """A key's name: `enter` in letters, which every font has."""
        return "enter" if binding.key == "enter" else super().get_key_display(binding)

    def get_default_screen(self) -> Screen[None]:
        return self.explorer

    def close_engine(self) -> None:
        self._engine.close()

    def last_words(self) -> list[str]:
        """What is left of a sweep, and how to go on with the run."""
        said = []
        if (sweep := self.sweep_left) is not None:
            done, of = len(sweep.results), text.plain(sweep.plan.preset.name)
            kept = f"at {done:,} of {len(sweep.plan):,} runs, which are kept: S and space go on with it"
            said.append(f"the sweep of {of} stopped {kept if done else 'before its first run was finished'}")
        told = [event for event in self._inbox if isinstance(event, Saved)]  # since the screen's last look
        saved = told[-1] if told else self.state.session
        if saved.path is not None:
            from gradstep.tui.commands.sessions import how_to_resume

            said.append(
                f"not all is saved: {text.plain(saved.problem)}"
                if saved.problem
                else how_to_resume(saved.path)
            )
        return said

    def on_mount(self) -> None:
        self._listening = True
        self._take_events()
        self.call_after_refresh(self._prepare, *LATER)
        if not self._resuming:
            self.after(OFFER_SECONDS, self._offer_to_resume)

    async def _prepare(self, *modules: str) -> None:
        """Import what a key may need soon, one at a time, so that none waits for long."""
        if modules:
            await self.explorer.fill()
            import_module(modules[0])
            self.after(PREPARE_SECONDS, partial(self._prepare, *modules[1:]))
        else:
            self.prepare_screen(self._help)
            collect_garbage()

    @cached_property
    def presets(self) -> list[Preset]:
        """What can be opened: what is shipped, which takes a while to load, and what was opened."""
        return with_own(catalogue.shipped(), self._own)

    @cached_property
    def _help(self) -> Help:
        """The keys never change: they are put on the screen once."""
        from gradstep.tui.screens.help import Help

        screen = Help()
        self.install_screen(screen, "help")
        return screen

    def _offer_to_resume(self) -> None:
        """Say that there is a saved run of the open preset, where nothing was done yet."""
        from gradstep.engine.session.folder import newest_of, recent_sessions

        saved = newest_of(self.state.preset.name, recent_sessions())
        if saved is not None and self.state.stopped is None:
            where = f"step {saved.position:,}"
            full = f"o: go on where you left off ({where}, {text.when(saved.saved)})"
            self._changed(self.state.offer(full, f"o: go on ({where})"))

    def on_unmount(self) -> None:
        self._listening = False

    # --- the engine ---------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        """Called on the client's thread: leave the event where the screen's thread finds it."""
        self._inbox.append(event)
        if self._listening:
            self.post_message(EngineEvents())

    def on_engine_events(self, _message: EngineEvents) -> None:
        self._take_events()

    def _take_events(self) -> None:
        topics, died = NOTHING, None
        while self._inbox:
            event = self._inbox.popleft()
            topics |= apply_event(self.state, event)
            for sweep in self._sweeps:
                if sweep.take(event) and sweep is self._sweep:
                    self._show_sweep()
            died = event if isinstance(event, Died) else died
        if topics:
            self._impatient(False)
            self._happened(topics)
        if died is not None:
            for sweep in self._sweeps:
                sweep.died()
            self._show_sweep()
            self.push_screen(EngineDied(died, self.state.session.path is not None), self._after_death)

    def _after_death(self, restart: bool | None) -> None:
        if restart:
            self.action_restart()

    def _send(self, command: Command) -> None:
        self._changed(self.state.asking())
        self._engine.send(command)
        self._impatient(True)

    def _impatient(self, waiting: bool) -> None:
        """Begin, or end, the wait for an answer after which the screen says that something is going on."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if waiting and self._listening:
            self._patience = self.after(PATIENCE_SECONDS, self._lose_patience)

    def _lose_patience(self) -> None:
        if self._patience is None:
            return  # the answer came while this was on its way
        self._patience = None
        self._changed(self.state.unanswered())

    # --- drawing ------------------------------------------------------------------------------------

    def _changed(self, topics: Topic) -> None:
        """Have the panes drawn at once: the user has done something."""
        if topics and self.explorer.is_mounted:  # when it is, the screen draws everything
            self.explorer.show(topics)
            self._look_soon()

    def _happened(self, topics: Topic) -> None:
        """Have the panes drawn when the last frame is old enough: the engine has told something."""
        self._dirty |= topics
        if not self._dirty or self._frame is not None:
            return
        wait = self._drawn_at + self._frame_seconds - time.monotonic()
        if wait <= 0:
            self._draw()
        else:
            self._frame = self.after(wait, self._draw)

    def _draw(self) -> None:
        self._frame = None
        self._drawn_at = time.monotonic()
        topics, self._dirty = self._dirty, NOTHING
        self._changed(topics)

    # --- probes -------------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        """When the run has stood still for a while, ask for what the tab in sight would like to show; while
        it goes on, for what is cheap, now and then."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        if self.state.running:
            self._look()
        elif self._wishes():
            self._rest = self.after(self.REST_SECONDS, self._look)

    def _look(self) -> None:
        self._rest = None
        self._ask(self._wishes())

    def _wishes(self) -> list[Wish]:
        pane, state = self.explorer.probe_pane, self.state
        if pane is None or not (state.at_rest or state.running):
            return []
        wishes = [wish for wish in pane.automatic(state) if state.probes.wants(wish, state.place)]
        return wishes if state.at_rest else [wish for wish in wishes if state.probes.follows(wish)]

    def _ask(self, wishes: Iterable[Wish]) -> None:
        asked = NOTHING
        for wish in wishes:
            request = self.state.probes.ask(wish, self.state.place)
            self._engine.send(Probe(wish.probe, wish.options, request))
            asked = Topic.PROBES
        self._changed(asked)

    def on_probe_pane_shown(self, _message: ProbePane.Shown) -> None:
        """A tab on probes has come in sight."""
        self._look_soon()

    def on_probe_pane_asked(self, message: ProbePane.Asked) -> None:
        """These probes are wanted, now."""
        if self.state.died is None and self.state.info is not None:
            self._ask(message.wishes)

    def on_probe_pane_cancelled(self, message: ProbePane.Cancelled) -> None:
        """These probes are no longer wanted."""
        for probe in message.probes:
            self.state.probes.cancel(probe)
            self._engine.send(CancelProbe(probe))
        self._changed(Topic.PROBES)

    def on_probe_pane_compared(self, _message: ProbePane.Compared) -> None:
        """The results kept to compare with have changed."""
        self._changed(Topic.PROBES | self.state.asking())

    def on_probe_pane_impossible(self, message: ProbePane.Impossible) -> None:
        """A key has no meaning now: say why."""
        self._changed(self.state.refuse(message.why))

    def on_layers_pane_unit_death(self, message: LayersPane.UnitDeath) -> None:
        """Go to the update that silenced a unit."""
        if self.state.died is None:
            self._send(SeekUnitDeath(message.unit.layer, message.unit.number))

    # --- what the user asks for ---------------------------------------------------------------------

    def open_preset(self, preset: Preset | None) -> None:
        """Begin a run of a preset; without one, do nothing."""
        if preset is not None:
            self._changed(self.state.opening(preset))
            self._send(Open(preset, self._data_dir))

    async def action_open(self) -> None:
        from gradstep.engine.session.folder import newest_of, recent_sessions
        from gradstep.tui.screens.picker import Picker

        sessions = [saved for saved in recent_sessions() if saved.path != self.state.session.path]
        newest = newest_of(self.state.preset.name, sessions)
        # awaited, so that what is typed at once after the key is the dialog's
        await self.push_screen(Picker(self.presets, sessions, newest), self._picked)

    def _picked(self, picked: Preset | Path | None) -> None:
        if isinstance(picked, Path):
            self.open_session(picked)
        elif picked is not None:
            self._remember(picked)
            self.open_preset(picked)

    def open_session(self, path: Path) -> None:
        """Go on with a saved run where it was left."""
        self._changed(self.state.resuming(path.stem))
        self._send(Resume(path, self._data_dir))

    def _remember(self, preset: Preset) -> None:
        """Keep a preset on the list."""
        self.presets[:] = with_own(self.presets, [preset])

    def action_step(self) -> None:
        self._send(Step(1))

    def action_burst(self) -> None:
        self._send(Step(self.state.burst))

    def action_scale_burst(self, factor: int) -> None:
        self._changed(self.state.scale_burst(factor))

    def action_step_back(self) -> None:
        self._send(Back(1))

    async def action_go_to(self) -> None:
        last = len(self.state.history) - 1
        hint = f"a position; recorded are 0 to {last:,}, a later one is stepped to"
        await self.push_screen(Ask("Go to", hint, position_of), self._go_to)

    def _go_to(self, answer: str | None) -> None:
        if answer is not None:
            position, last = position_of(answer), len(self.state.history) - 1
            if position > last:
                self._changed(
                    self.state.note("info", f"step {last:,} is the last recorded: stepping to {position:,}")
                )
            self._send(Seek(position))

    def _ask_condition(self, title: str, value: str) -> Ask:
        def check(answer: str) -> None:
            check_condition(parse_condition(answer), self.state)

        ready = [(condition, name) for name, condition in READY.items()]
        return Ask(title, "a condition, such as loss > prev.loss", check, value=value, ready=ready)

    async def action_run_until(self) -> None:
        await self.push_screen(self._ask_condition("Run until", self._until), self._run_until)

    def _run_until(self, answer: str | None) -> None:
        if answer is not None:
            self._until = answer
            self._send(RunUntil(answer))

    async def action_reverse_until(self) -> None:
        await self.push_screen(self._ask_condition("Back to where", self._until), self._reverse_until)

    def _reverse_until(self, answer: str | None) -> None:
        if answer is not None:
            self._until = answer
            self._send(ReverseUntil(answer))

    def action_fork(self) -> None:
        self._send(Fork())

    async def action_name_session(self) -> None:
        await self.push_screen(Ask("Name this session", "a name", a_session_s_name), self._name_session)

    def _name_session(self, answer: str | None) -> None:
        if answer is not None:
            self._send(NameSession(answer))

    async def action_sweep(self) -> None:
        """Show the sweep there is, or that of the preset; without one, ask over what."""
        from gradstep.tui.state.sweep import plan_of

        name = self.state.preset.name
        there = next((sweep for sweep in reversed(self._sweeps) if sweep.plan.preset.name == name), None)
        if there is not None:
            self._sweep = there
        elif self.state.preset.sweep is None:
            await self.action_ask_axes()
            return
        else:
            try:
                self._sweep = self._sweep_of(plan_of(self.state.preset))
            except UserError as error:
                self._changed(self.state.refuse(str(error)))
                return
        await self._open_sweep(self._sweep)

    def _sweep_of(self, plan: Plan) -> SweepState:
        """What is known of a plan's sweep; from now on the latest of those that were looked at."""
        from gradstep.tui.state.sweep import SweepState

        found = next((sweep for sweep in self._sweeps if sweep.plan == plan), None) or SweepState(plan)
        self._sweeps = [sweep for sweep in self._sweeps if sweep is not found] + [found]
        return found

    @property
    def sweep_left(self) -> SweepState | None:
        """The sweep that goes on, and that ends with the engine before it is complete."""
        return next((sweep for sweep in reversed(self._sweeps) if sweep.going), None)

    async def action_ask_axes(self) -> None:
        from gradstep.tui.state.sweep import plan_of, suggested_axes

        preset = self.state.preset

        def check(answer: str) -> None:
            plan_of(preset, answer)

        hint = "KEY=VALUES, such as train.seed=0:20; several with blanks between"
        await self.push_screen(Ask("Sweep over", hint, check, ready=suggested_axes(preset)), self._sweep_over)

    async def _sweep_over(self, answer: str | None) -> None:
        if answer is None:
            return
        from gradstep.tui.state.sweep import plan_of

        self._sweep = self._sweep_of(plan_of(self.state.preset, answer))
        if (screen := self._sweep_screen) is not None:
            screen.set_state(self._sweep)
        else:
            await self._open_sweep(self._sweep)

    async def _open_sweep(self, sweep: SweepState) -> None:
        from gradstep.tui.screens.sweep import SweepScreen

        await self.push_screen(SweepScreen(sweep))

    @property
    def _sweep_screen(self) -> SweepScreen | None:
        """The sweep's screen, where it is on top."""
        from gradstep.tui.screens.sweep import SweepScreen

        return self.screen if isinstance(self.screen, SweepScreen) else None

    def _show_sweep(self) -> None:
        if (screen := self._sweep_screen) is not None:
            screen.show()

    def on_sweep_screen_start(self, message: SweepScreen.Start) -> None:
        """A sweep is to be done."""
        if self._sweep is not None and self.state.died is None:
            self._sweep.begin()
            self._engine.send(StartSweep(message.plan, self._data_dir))
            self._show_sweep()

    def on_sweep_screen_cancel(self, _message: SweepScreen.Cancel) -> None:
        """The sweep is no longer wanted."""
        self._engine.send(CancelSweep())

    def on_sweep_screen_open(self, message: SweepScreen.Open) -> None:
        """A run of the sweep is to be opened."""
        self.action_leave_sweep()
        self.open_preset(message.preset)

    def action_leave_sweep(self) -> None:
        if self._sweep_screen is not None:
            self.pop_screen()

    def action_run(self) -> None:
        self._send(Run("planned"))

    def action_pause(self) -> None:
        self._send(Pause())

    def action_reset(self) -> None:
        self._send(Reset())

    def action_new_seed(self) -> None:
        self._send(Reset(self.state.preset.train.seed + 1))

    def action_restart(self) -> None:
        if self.state.died is not None:
            self._changed(self.state.restarting())
            self._engine.start()
            if self.state.session.path is not None:
                self.open_session(self.state.session.path)
            else:
                self.open_preset(self.state.preset)

    def action_command_palette(self) -> None:
        if self.screen.id != PALETTE:
            from gradstep.tui.screens.palette import Palette

            self.push_screen(Palette(id=PALETTE))

    def action_help(self) -> None:
        self.push_screen(self._help)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key asks for: what was refused before it is no longer of interest."""
        self._changed(self.state.asking())
        return await super().run_action(action, default_namespace, namespaces)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the engine can do now: a dead one can be restarted only, a running one paused."""
        if action in (
            "step",
            "step_back",
            "burst",
            "scale_burst",
            "go_to",
            "run_until",
            "reverse_until",
            "fork",
            "reset",
            "new_seed",
            "open",
            "watch",
        ):
            return self.state.died is None
        if action == "run":
            return self.state.died is None and not self.state.busy
        if action == "pause":
            return self.state.busy
        if action == "restart":
            return self.state.died is not None
        return True

    def on_explorer_screen_go_to(self, message: ExplorerScreen.GoTo) -> None:
        """The position under the cursor is wanted."""
        self._send(Seek(message.position))

    def on_story_pane_evidence(self, message: StoryPane.Evidence) -> None:
        """The evidence of a claim is wanted."""
        if message.position is not None:
            self._send(Seek(message.position))
        else:
            self._changed(self.state.refuse("this claim is not decided yet: there is no evidence to go to"))

    def on_branches_pane_chosen(self, message: BranchesPane.Chosen) -> None:
        """A branch is to be gone to."""
        self._send(Switch(message.number))

    async def on_branches_pane_rename(self, message: BranchesPane.Rename) -> None:
        """Ask for a branch's new name."""
        number = message.branch.number

        def rename(answer: str | None) -> None:
            if answer is not None:
                self._send(RenameBranch(number, answer))

        dialog = Ask("Rename the branch", "a name", not_empty, value=message.branch.name)
        await self.push_screen(dialog, rename)

    def on_branches_pane_delete(self, message: BranchesPane.Delete) -> None:
        """A branch is to be deleted."""
        self._send(DeleteBranch(message.number))

    async def on_breakpoints_pane_add(self, _message: BreakpointsPane.Add) -> None:
        """A breakpoint is wanted."""
        await self.action_add_breakpoint()

    async def action_watch(self) -> None:
        """Ask what the charts shall show."""

        def check(answer: str) -> None:
            for name in parse_watched(answer):
                recorded(self.state).check_field(name)
            check_measurable(to_measure(parse_watched(answer)), self.state)

        shown = self.state.watched
        dialog = Ask(
            f"What the charts show (what is measured: every {EVERY} steps)",
            "one or two of the record's fields and of the quantities, such as loss, sharpness",
            check,
            value=", ".join(shown),
            ready=partial(suggestions, shown),
            complete=True,
        )
        await self.push_screen(dialog, self._watch)

    def _watch(self, answer: str | None) -> None:
        if answer is not None:
            names = parse_watched(answer)
            measured = self.state.preset.measure
            self._send(Watch(names, {name: measured.get(name, EVERY) for name in to_measure(names)}))

    async def action_add_breakpoint(self) -> None:
        await self.push_screen(self._ask_condition("Stop where", ""), self._add_breakpoint)

    def _add_breakpoint(self, answer: str | None) -> None:
        if answer is not None:
            names = {condition: name for name, condition in READY.items()}
            self._send(AddBreakpoint(answer, names.get(answer, "")))

    def on_breakpoints_pane_edit(self, message: BreakpointsPane.Edit) -> None:
        """A breakpoint is to be switched, or ignored so many times."""
        self._send(EditBreakpoint(message.number, message.enabled, message.ignore))

    def on_breakpoints_pane_remove(self, message: BreakpointsPane.Remove) -> None:
        """A breakpoint is to go."""
        self._send(RemoveBreakpoint(message.number))

    def on_model_pane_chosen(self, message: ModelPane.Chosen) -> None:
        """A preset was chosen from the list."""
        self.open_preset(message.preset)

    def on_settings_form_changed(self, message: SettingsForm.Changed) -> None:
        """A live setting was edited."""
        self._send(ChangeSettings(message.changes))

    def on_settings_form_new_run(self, message: SettingsForm.NewRun) -> None:
        """Edits that need a new run were confirmed."""
        self.open_preset(message.preset)

    def on_settings_form_edited(self, _message: SettingsForm.Edited) -> None:
        """The edits that are pending have changed."""
        self._changed(Topic.EDITS)


def with_own(presets: Iterable[Preset], own: Sequence[Preset]) -> list[Preset]:
    """The presets and the user's own; of those of the same name the own."""
    names = {preset.name for preset in own}
    return [*(preset for preset in presets if preset.name not in names), *own]


def collect_garbage() -> None:
    """From now on; what there is was imported, and stays."""
    gc.freeze()
    gc.enable()


def position_of(answer: str) -> int:
    """The position that was typed. Raises UserError."""
    typed = answer.strip().replace(",", "").replace("_", "")
    if not (typed.isascii() and typed.isdecimal()) or len(typed) > MAX_DIGITS:
        raise UserError(f"given {answer!r}; allowed: a position, such as 0 or 1200")
    return int(typed)


def a_session_s_name(answer: str) -> None:
    """Check what was typed as a session's name. Raises UserError."""
    from gradstep.engine.session.folder import checked_name

    not_empty(checked_name(answer))


def not_empty(answer: str) -> None:
    """Refuse an empty name. Raises UserError."""
    if not answer.strip():
        raise UserError("a name is needed")
