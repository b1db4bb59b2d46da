"""The tab on the preset's story: its question, its claims and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gradstep.engine.conditions.claims import Claim, Verdict
from gradstep.engine.config.preset import Preset
from gradstep.tui import text
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.state.verdicts import SIGNS, evidence
from gradstep.tui.widgets.scroll import Choices


class StoryPane(Vertical):
    """The question, and the list of claims; enter goes to the evidence of the highlighted one."""

    CARES = Topic.RUN | Topic.CLAIMS | Topic.STATUS

    @dataclass
    class Evidence(Message):
        """The user wants to go to the position that decided a claim; None if it is undecided."""

        position: int | None

    def __init__(self) -> None:
        super().__init__(id="story")
        self._heading = Static(markup=False)
        self.list = Choices(id="claims", markup=False, compact=True)
        self._shown: tuple[Content, ...] = ()
        self._verdicts: tuple[Verdict, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self.list

    def show(self, state: RunState, topics: Topic) -> None:
        about = heading(state.preset, tip if state.position < (tip := len(state.history) - 1) else None)
        if about != self._heading.content:
            self._heading.update(about)
        if topics & (Topic.RUN | Topic.CLAIMS):
            self._show_claims(state)

    def _show_claims(self, state: RunState) -> None:
        claims = state.preset.claim
        self._verdicts = state.verdicts or tuple(Verdict(claim, "open", 0) for claim in claims)
        prompts, before = tuple(map(told, self._verdicts)), self._shown
        self._shown = prompts
        if len(prompts) == len(before):
            for at, prompt in enumerate(prompts):
                if prompt != before[at]:
                    self.list.replace_option_prompt_at_index(at, prompt)
            return
        highlighted = self.list.highlighted
        self.list.clear_options()
        self.list.add_options(Option(prompt) for prompt in prompts)
        if prompts:
            self.list.highlighted = min(highlighted or 0, len(prompts) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Evidence(self._verdicts[event.option_index].position))


def heading(preset: Preset, tip: int | None = None) -> Content:
    """Return the title, the document and the question.

    After a step back `tip` is the last position of the branch; the verdicts are of all of it.
    """
    parts: list[str | tuple[str, str]] = [(text.plain(preset.title), "bold $primary")]
    if preset.document:
        parts.append((f"  {text.plain(preset.document)}", "$muted"))
    if preset.question:
        parts += ["\n", text.plain(preset.question)]
    if tip is not None and preset.claim:
        parts += ["\n", (f"The verdicts are of all {tip:,} steps of this branch.", "$muted")]
    return Content.assemble(*parts)


def told(verdict: Verdict) -> Content:
    """Return a claim with its source, its condition, the verdict and the evidence."""
    claim = verdict.claim
    sign, style = SIGNS[verdict.standing]
    parts: list[str | tuple[str, str]] = [(f"{sign} ", f"bold {style}"), f"“{text.plain(claim.says)}”"]
    if claim.source:
        parts.append((f" — {text.plain(claim.source)}", "$muted"))
    parts += ["\n  ", (condition(claim), "$secondary"), (f"  {verdict.text}", f"bold {style}")]
    if verdict.values:
        parts.append((f"  {evidence(verdict)}", "$muted"))
    if verdict.position is not None:
        turned = ", 8 shows the samples" if "mistakes" in condition(claim) else ""
        parts.append((f"  ↵ goes there{turned}", "$muted"))
    return Content.assemble(*parts)


def condition(claim: Claim) -> str:
    """Return a claim's condition with its quantifier, as in its file."""
    if claim.over_seeds is not None:
        return f"over {claim.seeds} seeds: {text.plain(claim.over_seeds)}"
    if claim.seeds is not None:
        return f"for each of {claim.seeds} seeds: {text.plain(claim.condition or '')}"
    if claim.at is not None:
        return f"at {claim.at}: {text.plain(claim.condition or '')}"
    quantifier, asked = next(
        (name, given)
        for name in ("always", "never", "eventually")
        if (given := getattr(claim, name)) is not None
    )
    within = f" within {claim.within}" if claim.within is not None else ""
    return f"{quantifier} {text.plain(asked)}{within}"
