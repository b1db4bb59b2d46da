"""The answers to the panes' messages."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.app import App

from gradstep.engine.worker.commands import (
    ChangeSettings,
    DeleteBranch,
    EditBreakpoint,
    RemoveBreakpoint,
    Seek,
    SeekUnitDeath,
    Switch,
)
from gradstep.tui.dialogs import Dialogs
from gradstep.tui.link import Link
from gradstep.tui.looking import Looking
from gradstep.tui.opening import Opening
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.sweeps import Sweeps

if TYPE_CHECKING:
    from gradstep.tui.panes.branches import BranchesPane
    from gradstep.tui.panes.breakpoints import BreakpointsPane
    from gradstep.tui.panes.hyperparameters import SettingsForm
    from gradstep.tui.panes.layers import LayersPane
    from gradstep.tui.panes.model import ModelPane
    from gradstep.tui.panes.probe_pane import ProbePane
    from gradstep.tui.panes.story import StoryPane
    from gradstep.tui.screens.explorer import ExplorerScreen
    from gradstep.tui.screens.sweep import SweepScreen


class PaneRequests(App[int]):
    """An app that carries out the panes' requests. Textual finds each method by its message's name."""

    state: RunState
    link: Link
    looking: Looking
    dialogs: Dialogs
    sweeps: Sweeps
    opening: Opening

    @abstractmethod
    def show(self, topics: Topic) -> None:
        """Draw what has changed."""

    # --- the run ------------------------------------------------------------------------------------

    def on_explorer_screen_go_to(self, message: ExplorerScreen.GoTo) -> None:
        self.link.send(Seek(message.position))

    def on_story_pane_evidence(self, message: StoryPane.Evidence) -> None:
        if message.position is not None:
            self.link.send(Seek(message.position))
        else:
            self.show(self.state.refuse("this claim is not decided yet: there is no evidence to go to"))

    def on_layers_pane_unit_death(self, message: LayersPane.UnitDeath) -> None:
        if self.state.died is None:
            self.link.send(SeekUnitDeath(message.unit.layer, message.unit.number))

    def on_branches_pane_chosen(self, message: BranchesPane.Chosen) -> None:
        self.link.send(Switch(message.number))

    async def on_branches_pane_rename(self, message: BranchesPane.Rename) -> None:
        await self.dialogs.rename_branch(message.branch)

    def on_branches_pane_delete(self, message: BranchesPane.Delete) -> None:
        self.link.send(DeleteBranch(message.number))

    def on_breakpoints_pane_edit(self, message: BreakpointsPane.Edit) -> None:
        self.link.send(EditBreakpoint(message.number, message.enabled, message.ignore))

    def on_breakpoints_pane_remove(self, message: BreakpointsPane.Remove) -> None:
        self.link.send(RemoveBreakpoint(message.number))

    def on_model_pane_chosen(self, message: ModelPane.Chosen) -> None:
        self.opening.preset(message.preset)

    def on_settings_form_changed(self, message: SettingsForm.Changed) -> None:
        self.link.send(ChangeSettings(message.changes))

    def on_settings_form_new_run(self, message: SettingsForm.NewRun) -> None:
        self.opening.preset(message.preset)

    def on_settings_form_edited(self, _message: SettingsForm.Edited) -> None:
        self.show(Topic.EDITS)

    # --- probes -------------------------------------------------------------------------------------

    def on_probe_pane_shown(self, _message: ProbePane.Shown) -> None:
        self.looking.soon()

    def on_probe_pane_asked(self, message: ProbePane.Asked) -> None:
        self.looking.ask(message.wishes)

    def on_probe_pane_cancelled(self, message: ProbePane.Cancelled) -> None:
        self.looking.cancel(message.probes)

    def on_probe_pane_compared(self, _message: ProbePane.Compared) -> None:
        self.show(Topic.PROBES)

    def on_probe_pane_impossible(self, message: ProbePane.Impossible) -> None:
        self.show(self.state.refuse(message.why))

    # --- sweeps -------------------------------------------------------------------------------------

    def on_sweep_screen_start(self, message: SweepScreen.Start) -> None:
        self.sweeps.start(message.plan)

    def on_sweep_screen_cancel(self, _message: SweepScreen.Cancel) -> None:
        self.sweeps.cancel()

    def on_sweep_screen_open(self, message: SweepScreen.Open) -> None:
        self.sweeps.leave()
        self.opening.preset(message.preset)
