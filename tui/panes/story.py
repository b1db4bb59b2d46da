"""The preset's story: what it asks, what is claimed, and what the run says of that."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.claims import Verdict
from engine.config import Claim, Preset
from tui import text
from tui.state import RunState, Topic
from tui.widgets.scroll import Choices

SIGNS = {
    "holds": ("✓", "$success"),
    "shown": ("✓", "$success"),
    "refuted": ("✗", "$error"),
    "open": ("○", "$secondary"),
}


class StoryPane(Vertical):
    """The question, and the claims with their verdicts; enter goes to the evidence of the highlighted one."""

    CARES = Topic.RUN | Topic.CLAIMS

    @dataclass
    class Evidence(Message):
        """The position that decided a claim is to be gone to; None where it is not decided."""

        position: int | None

    def __init__(self) -> None:
        super().__init__(id="story")
        self._heading = Static(markup=False)
        self.list = Choices(id="claims", markup=False, compact=True)
        self._shown: tuple[object, ...] = ()
        self._verdicts: tuple[Verdict, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self.list

    def show(self, state: RunState, _topics: Topic) -> None:
        """Tell the story of the open preset, as far as the run has got."""
        self._heading.update(heading(state.preset))
        claims = state.preset.claim
        self._verdicts = state.verdicts if len(state.verdicts) == len(claims) else ()
        prompts = tuple(
            told(claim, self._verdicts[at] if self._verdicts else None) for at, claim in enumerate(claims)
        )
        if prompts != self._shown:
            self._shown = prompts
            highlighted = self.list.highlighted
            self.list.clear_options()
            self.list.add_options(Option(prompt) for prompt in prompts)
            if prompts:
                self.list.highlighted = min(highlighted or 0, len(prompts) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the evidence."""
        event.stop()
        verdict = self._verdicts[event.option_index] if self._verdicts else None
        self.post_message(self.Evidence(verdict.position if verdict is not None else None))


def heading(preset: Preset) -> Content:
    """The title, the question, the document."""
    parts: list[str | tuple[str, str]] = [(text.plain(preset.title), "bold $primary")]
    if preset.document:
        parts.append((f"  {text.plain(preset.document)}", "$muted"))
    if preset.question:
        parts += ["\n", text.plain(preset.question)]
    return Content.assemble(*parts)


def told(claim: Claim, verdict: Verdict | None) -> Content:
    """A claim, who makes it, what the run says of it, and on what evidence."""
    sign, style = SIGNS[verdict.state if verdict is not None else "open"]
    parts: list[str | tuple[str, str]] = [(f"{sign} ", f"bold {style}"), f"“{text.plain(claim.says)}”"]
    if claim.source:
        parts.append((f" — {text.plain(claim.source)}", "$muted"))
    parts += ["\n  ", (condition(claim), "$secondary")]
    if verdict is not None:
        parts.append((f"  {verdict.text}", f"bold {style}"))
        if verdict.values:
            parts.append((f"  {text.numbers_read(verdict.values)}", "$muted"))
        if verdict.position is not None:
            turned = ", 8 shows whom it turned" if "mistakes" in condition(claim) else ""
            parts.append((f"  ↵ goes there{turned}", "$muted"))
    return Content.assemble(*parts)


def condition(claim: Claim) -> str:
    """A claim's condition with its quantifier, as its file has it."""
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
