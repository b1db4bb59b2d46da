"""The preset's story: what it asks, which document it is from, what is claimed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from engine.config import Claim, Preset
from tui import text
from tui.state import RunState, Topic
from tui.widgets.scroll import Scroll


class StoryPane(Scroll, can_focus=True):
    """The question of the preset and the claims about it."""

    CARES = Topic.RUN

    def __init__(self) -> None:
        super().__init__(id="story")
        self._story = Static()

    def compose(self) -> ComposeResult:
        yield self._story

    def show(self, state: RunState, _topics: Topic) -> None:
        """Tell the story of the open preset."""
        self._story.update(story(state.preset))


def story(preset: Preset) -> Content:
    """The title, the question, the document, the claims, as text that wraps."""
    parts: list[str | tuple[str, str]] = [(text.plain(preset.title), "bold $primary")]
    if preset.question:
        parts += ["\n", text.plain(preset.question)]
    if preset.document:
        parts += ["\n", ("document ", "$muted"), text.plain(preset.document)]
    for claim in preset.claim:
        parts += ["\n\n", ("○ ", "$secondary"), text.plain(claim.says)]
        parts += ["\n  ", (condition(claim), "$secondary")]
        if claim.source:
            parts.append((f"  {text.plain(claim.source)}", "$muted"))
    return Content.assemble(*parts)


def condition(claim: Claim) -> str:
    """A claim's condition with its quantifier, as its file has it."""
    if claim.at is not None:
        return f"at {claim.at}: {text.plain(claim.condition or '')}"
    quantifier, asked = next(
        (name, given)
        for name in ("always", "never", "eventually")
        if (given := getattr(claim, name)) is not None
    )
    within = f" within {claim.within}" if claim.within is not None else ""
    return f"{quantifier} {text.plain(asked)}{within}"
