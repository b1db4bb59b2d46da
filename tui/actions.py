"""All actions of the explorer: their keys, their words, and when they are possible.

Bindings, help, palette and key bar are made from this one table. It names widgets and methods
by strings, so that it imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.keys import format_key

from gradstep.engine.worker.commands import Back, Command, Fork, Pause, Reset, Run, Step

if TYPE_CHECKING:
    from gradstep.tui.state.run import RunState


@dataclass(frozen=True)
class Group:
    """Actions with keys in the same place."""

    heading: str
    """The heading in the help."""
    name: str = ""
    """The first word of its entries in the palette."""
    front: str = ""
    """The explorer's action that focuses the place."""
    offered: bool = True
    """Whether the palette lists its actions; moves of a list's cursor mean nothing there."""
    engine: bool = False
    """Whether its actions need the engine, if they say nothing else."""


PARTS = ("dialogs", "opening", "sweeps")
"""The parts of the app with methods that actions call."""

RUN = Group("Run", engine=True)
CHARTS = Group("Charts")
PANES = Group("Panes")
SETTINGS = Group("In the hyperparameters", "Hyperparameters", "pane('hyperparameters')")
EDITING = Group("While editing", offered=False)
PROBES = Group("In Step, Layers, Curvature, Samples, Function", "Tab", "probe_tab")
STEP = Group("In Step", "Step", "inspect('step')", engine=True)
LAYERS = Group("In Layers", "Layers", "inspect('layers')")
CURVATURE = Group("In Curvature", "Curvature", "inspect('curvature')", engine=True)
SAMPLES = Group("In Samples", "Samples", "inspect('samples')")
BRANCHES = Group("In Branches", "Branches", "inspect('branches')", engine=True)
BREAKPOINTS = Group("In Breakpoints", "Breakpoints", "inspect('breakpoints')", engine=True)
SWEEP = Group("In a sweep", "Sweep")
LIST = Group("In a list", offered=False)
TEXT = Group("In a text", offered=False)


def always(_state: RunState) -> str | None:
    """Return None: nothing hinders the action."""
    return None


def alive(state: RunState) -> str | None:
    """Return why the engine takes no command."""
    return "the engine has ended: r restarts it" if state.died is not None else None


def dead(state: RunState) -> str | None:
    """Return why the engine can't be restarted."""
    return "the engine has not ended" if state.died is None else None


def idle(state: RunState) -> str | None:
    """Return why a run can't begin."""
    return alive(state) or ("the run goes on: space pauses it" if state.busy else None)


def busy(state: RunState) -> str | None:
    """Return why there is nothing to pause."""
    return None if state.busy else "nothing runs: space begins a run"


def saved(state: RunState) -> str | None:
    """Return why there is no session to name."""
    return "nothing is saved yet: n does a step" if state.session.path is None else None


def pending(state: RunState) -> str | None:
    """Return why there are no edits to discard."""
    return None if state.edits.waiting else "no edit is pending: enter edits a setting"


def applicable(state: RunState) -> str | None:
    """Return why the pending edits can't begin a new run."""
    fits = state.edits.result is not None
    return alive(state) or pending(state) or (None if fits else "the pending edits do not fit together")


def _run_to(state: RunState) -> str:
    target = state.run_target
    return f"Run to step {target:,}" if target is not None else "Run on, until paused"


@dataclass(frozen=True)
class Action:
    """An action of a key or of an entry in the palette."""

    name: str
    """`widget.verb`, or just the verb for what the explorer does in every pane."""
    keys: str
    """Textual's names, with commas between; empty for entries of the palette only."""
    group: Group
    label: str
    """Words for the key bar; empty to leave the action out."""
    says: str
    """A sentence for the help and the palette."""
    does: str = ""
    """Textual's action, or a method of a part. By default: send the command, or call `action_verb`."""
    sends: Callable[[RunState], Command] | None = None
    possible: Callable[[RunState], str | None] | None = None
    """Why it can't be done now, and what to press instead; None if it can. By default the group's."""
    now: Callable[[RunState], str] | None = None
    """The palette's sentence, where the state makes it more exact than `says`."""
    shown: str = ""
    """The key's name in the key bar, where Textual's first one would mislead."""

    def why_not(self, state: RunState) -> str | None:
        """Return why it can't be done now, and what to press instead; None if it can."""
        return (self.possible or (alive if self.group.engine else always))(state)

    @property
    def runs(self) -> str:
        """The argument of Textual's `run_action`."""
        part, _, method = self.does.partition(".")
        if part in PARTS:
            return f"app.call('{part}', '{method}')"
        if self.does:
            return self.does
        return f"app.send('{self.name}')" if self.sends is not None else self.name.rpartition(".")[2]

    @property
    def key_names(self) -> str:
        """All keys by their names, with blanks between."""
        return " ".join(key_name(key) for key in self.keys.split(",")) if self.keys else ""

    @property
    def binding(self) -> Binding:
        """Textual's binding of the keys."""
        shown = self.shown or None
        return Binding(
            self.keys, self.runs, self.label, show=bool(self.label), key_display=shown, id=self.name
        )


def key_name(key: str) -> str:
    """Return a key's name on the screen: `enter`, which not every font has as a sign, ←, ?, ctrl+p."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, "enter" if last == "enter" else format_key(last)])


_ALL = (
    Action("step", "n,right", RUN, "step", "One step", sends=lambda _: Step(1)),
    Action("back", "p,left", RUN, "back", "Step back (exact)", sends=lambda _: Back(1)),
    Action(
        "burst",
        "b",
        RUN,
        "burst",
        "A burst of steps, as many as the transport says",
        sends=lambda state: Step(state.burst),
        now=lambda state: f"A burst of {state.burst:,} steps",
    ),
    Action(
        "run",
        "space",
        RUN,
        "run",
        "Run to the end, or beyond it",
        sends=lambda _: Run("planned"),
        possible=idle,
        now=_run_to,
    ),
    Action(
        "pause",
        "space",
        RUN,
        "pause",
        "Pause; at most one more step is done",
        sends=lambda _: Pause(),
        possible=busy,
    ),
    Action("until", "u", RUN, "until", "Run until a condition holds", "dialogs.run_until"),
    Action("back_until", "U", RUN, "", "Back to the last time a condition was true", "dialogs.reverse_until"),
    Action("go_to", "g", RUN, "go to", "Go to a position", "dialogs.go_to"),
    Action(
        "fork", "f", RUN, "fork", "Fork: begin a branch here; the old future stays", sends=lambda _: Fork()
    ),
    Action("open", "o", RUN, "open", "Open a preset, a saved session, or a file", "opening.ask"),
    Action("edit", "e", RUN, "edit", "Edit the learning rate and other settings"),
    Action("sweep", "S", RUN, "", "Sweep: many runs at once, over settings", "sweeps.open", possible=always),
    Action(
        "watch",
        "m",
        CHARTS,
        "",
        "Choose what to chart (costly ones are measured every 10 steps)",
        "dialogs.watch",
        possible=alive,
    ),
    Action("log_scale", "y", CHARTS, "log", "Log or linear scale of the focused chart"),
    Action("longer_bursts", "plus,equals_sign", RUN, "×10", "Ten times longer bursts", "app.scale_burst(10)"),
    Action("shorter_bursts", "minus", RUN, "÷10", "Ten times shorter bursts", "app.scale_burst(-10)"),
    Action("go_to_cursor", "enter", CHARTS, "", "Go to the cursor", possible=alive),
    Action("earlier", "left_square_bracket", CHARTS, "earlier", "Cursor one step left", "cursor(-1)"),
    Action("later", "right_square_bracket", CHARTS, "later", "Cursor one step right", "cursor(1)"),
    Action("leap_left", "left_curly_bracket", CHARTS, "", "Cursor left, in leaps", "leap(-1)"),
    Action("leap_right", "right_curly_bracket", CHARTS, "", "Cursor right, in leaps", "leap(1)"),
    Action("follow", "end,escape", CHARTS, "follow", "Cursor back to the newest step"),
    Action("smooth", "s", CHARTS, "smooth", "Smoothing: none, 0.9, 0.99; the raw line stays"),
    Action("window", "w", CHARTS, "window", "Window: the whole run, the last 1000 steps, the last 100"),
    Action(
        "reset",
        "r",
        RUN,
        "reset",
        "Reset: back to position 0, the same initial weights",
        sends=lambda _: Reset(),
    ),
    Action(
        "restart",
        "r",
        RUN,
        "restart engine",
        "Restart the engine after it has ended",
        "opening.restart",
        possible=dead,
    ),
    Action(
        "new_seed",
        "R",
        RUN,
        "new seed",
        "New seed: position 0 with other initial weights",
        sends=lambda state: Reset(state.preset.train.seed + 1),
    ),
    Action(
        "name_session",
        "",
        RUN,
        "",
        "Name this session: named ones are kept for good",
        "dialogs.name_session",
        possible=saved,
    ),
    Action("charts", "1", PANES, "", "The charts", "pane('charts')"),
    Action("model", "2", PANES, "", "The presets and the network", "pane('model')"),
    Action("hyperparameters", "3", PANES, "", "The hyperparameters", "pane('hyperparameters')"),
    Action("inspector", "4", PANES, "", "The inspector; again: its next tab", "pane('inspector')"),
    Action("inspect_step", "5", PANES, "", "What the next update does", "inspect('step')"),
    Action(
        "inspect_layers",
        "6",
        PANES,
        "",
        "The layers: gradients, dead and identical units",
        "inspect('layers')",
    ),
    Action(
        "inspect_curvature", "7", PANES, "", "The curvature, against the rule's limit", "inspect('curvature')"
    ),
    Action(
        "inspect_samples",
        "8",
        PANES,
        "",
        "The samples: changed by the last update, the worst",
        "inspect('samples')",
    ),
    Action(
        "inspect_function",
        "9",
        PANES,
        "",
        "The function: how far the network is from the identity",
        "inspect('function')",
    ),
    Action("inspect_story", "", PANES, "", "The story: the question and its claims", "inspect('story')"),
    Action("inspect_branches", "", PANES, "", "The branches, compared", "inspect('branches')"),
    Action("inspect_breakpoints", "", PANES, "", "The breakpoints", "inspect('breakpoints')"),
    Action("inspect_log", "", PANES, "", "The log", "inspect('log')"),
    Action("previous_tab", "less_than_sign", PANES, "", "The inspector's previous tab", "inspector_tab(-1)"),
    Action("next_tab", "greater_than_sign", PANES, "", "The inspector's next tab", "inspector_tab(1)"),
    Action("next_pane", "tab", PANES, "", "Next pane", "app.focus_next"),
    Action("previous_pane", "shift+tab", PANES, "", "Previous pane", "app.focus_previous"),
    Action("help", "question_mark,f1", PANES, "help", "Help: all keys and signs", "app.help"),
    Action("palette", "ctrl+p", PANES, "", "Everything that can be done now, by name", "app.command_palette"),
    Action("redraw", "ctrl+l", PANES, "", "Redraw", "app.repaint"),
    Action("quit", "q", PANES, "quit", "Quit; the run is saved", "app.quit"),
    Action("settings.edit", "enter", SETTINGS, "edit", "Edit the chosen setting", possible=alive),
    Action(
        "settings.apply",
        "a",
        SETTINGS,
        "apply: new run",
        "Start a new run with the pending edits",
        possible=applicable,
    ),
    Action("settings.discard", "escape", SETTINGS, "discard", "Discard the pending edits", possible=pending),
    Action("settings.up", "up,k", SETTINGS, "", "The setting above", "choose(-1)"),
    Action("settings.down", "down,j", SETTINGS, "", "The setting below", "choose(1)"),
    Action("row.cancel", "escape", EDITING, "cancel", "Leave the setting as it was"),
    Action("choice.next", "right,down", EDITING, "next", "The next value", "move(1)"),
    Action("choice.previous", "left,up", EDITING, "previous", "The previous value", "move(-1)"),
    Action("choice.submit", "enter", EDITING, "accept", "Accept the value"),
    Action("probes.compute", "enter", PROBES, "compute", "Compute the slow part", possible=alive),
    Action("probes.cancel", "escape", PROBES, "cancel", "Cancel the computation"),
    Action("probes.keep", "c", PROBES, "keep", "Keep this result, to compare with other steps"),
    Action("probes.beside_last", "C", PROBES, "with last", "Compare with the previous position"),
    Action("probes.drop", "C,c", PROBES, "drop", "Stop comparing"),
    Action("probes.turn", "t", PROBES, "kept", "Show the kept result alone"),
    Action("probes.turn_back", "t", PROBES, "back", "Show the present result again"),
    Action("step.all", "a", STEP, "all samples", "The update's effect on the whole training set"),
    Action("layers.next", "full_stop", LAYERS, "next unit", "The next silent, or dead, unit", "move(1)"),
    Action(
        "layers.unit_death", "x", LAYERS, "death", "Go to the update that killed the unit", possible=alive
    ),
    Action("layers.previous", "comma", LAYERS, "", "The previous silent, or dead, unit", "move(-1)"),
    Action("layers.ask", "number_sign", LAYERS, "by number", "Show a unit by its number"),
    Action("curvature.all", "a", CURVATURE, "all samples", "The curvature of the whole training set's loss"),
    Action(
        "curvature.surface", "v", CURVATURE, "view", "The loss from above, over the two sharpest directions"
    ),
    Action("samples.next", "full_stop,down", SAMPLES, "next", "The next sample", "move(1)", shown="."),
    Action("samples.previous", "comma,up", SAMPLES, "previous", "The previous sample", "move(-1)", shown=","),
    Action("samples.ask", "number_sign", SAMPLES, "by number", "Show a sample by its number"),
    Action(
        "samples.other_part", "v", SAMPLES, "validation", "The validation samples, or the training ones again"
    ),
    Action("branch_tree.select", "enter", BRANCHES, "go there", "Go to the highlighted branch"),
    Action("branches.rename", "f2", BRANCHES, "rename", "Rename the highlighted branch"),
    Action("branches.delete", "delete", BRANCHES, "delete", "Delete the highlighted branch"),
    Action(
        "breakpoint_list.select",
        "enter",
        BREAKPOINTS,
        "on/off",
        "Switch the highlighted breakpoint on or off",
    ),
    Action("breakpoints.add", "a", BREAKPOINTS, "add", "Add a breakpoint", "dialogs.breakpoint"),
    Action("breakpoints.ignore", "i", BREAKPOINTS, "ignore", "Skip its next hit"),
    Action("breakpoints.remove", "delete", BREAKPOINTS, "remove", "Remove the highlighted breakpoint"),
    Action("sweep.start", "space", SWEEP, "begin", "Begin the sweep, or go on with it", possible=alive),
    Action("sweep.left", "left,h", SWEEP, "", "Cursor one cell left", "move(0, -1)"),
    Action("sweep.right", "right,l", SWEEP, "", "Cursor one cell right", "move(0, 1)"),
    Action("sweep.up", "up,k", SWEEP, "", "Cursor one row up", "move(-1, 0)"),
    Action("sweep.down", "down,j", SWEEP, "", "Cursor one row down", "move(1, 0)"),
    Action("sweep.previous_map", "left_square_bracket", SWEEP, "", "The previous map", "facet(-1)"),
    Action("sweep.next_map", "right_square_bracket", SWEEP, "map", "The next map", "facet(1)", shown="[ ]"),
    Action("sweep.open", "enter", SWEEP, "open", "Open the run under the cursor", possible=alive),
    Action("sweep.next_number", "m", SWEEP, "number", "The next number of the runs", "number(1)"),
    Action("sweep.previous_number", "M", SWEEP, "", "The previous number of the runs", "number(-1)"),
    Action("sweep.axes", "a", SWEEP, "axes", "Sweep over other settings", "sweeps.ask_axes"),
    Action("sweep.cancel", "x", SWEEP, "cancel", "Cancel the sweep; finished runs are kept"),
    Action("sweep.help", "question_mark,f1", SWEEP, "help", "All keys", "app.help"),
    Action("sweep.leave", "escape,q,S", SWEEP, "back", "Back to the run", "sweeps.leave"),
    Action("list.select", "enter", LIST, "open", "Open the highlighted line", possible=alive),
    Action("list.up", "up,k", LIST, "", "One line up", "cursor_up"),
    Action("list.down", "down,j", LIST, "", "One line down", "cursor_down"),
    Action("list.page_up", "pageup", LIST, "", "A page up"),
    Action("list.page_down", "pagedown", LIST, "", "A page down"),
    Action("text.up", "up,k", TEXT, "", "Scroll up", "scroll_up"),
    Action("text.down", "down,j", TEXT, "", "Scroll down", "scroll_down"),
    Action("text.page_up", "pageup", TEXT, "", "A page up"),
    Action("text.page_down", "pagedown", TEXT, "", "A page down"),
)

ACTIONS: dict[str, Action] = {action.name: action for action in _ALL}
"""The table. A key of several actions does the first possible one."""
GROUPS = tuple(dict.fromkeys(action.group for action in _ALL))
"""The groups in the order of the help."""


def bindings(widget: str) -> list[Binding]:
    """Return the bindings of the actions `widget.verb`; for "" the explorer's."""
    return [action.binding for action in _ALL if action.keys and action.name.rpartition(".")[0] == widget]


def why_not(name: str, state: RunState) -> str | None:
    """Return why an action can't be done now, None if it can, or if the table does not know it."""
    action = ACTIONS.get(name)
    return action.why_not(state) if action is not None else None


def keys_table() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each group's heading, with the keys and the sentence of each of its actions."""
    for group in GROUPS:
        yield (
            group.heading,
            [(action.key_names, action.says) for action in _ALL if action.group is group and action.keys],
        )
