"""Edits of a run's settings that have not taken effect yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradstep.engine.config.changes import changed, is_live
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.form import Setting, settings
from gradstep.engine.config.preset import Preset


class Edits:
    """The edits of a preset: live ones that the engine was asked for, others that wait for a new run."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.asked: dict[str, Any] = {}
        self.waiting: dict[str, Any] = {}
        self.problems: list[str] = []
        self._result = preset

    def __bool__(self) -> bool:
        return bool(self.asked or self.waiting)

    @property
    def result(self) -> Preset | None:
        """The preset with all pending edits; None while they don't fit together."""
        return None if self.problems else self._result

    def settings(self) -> list[Setting]:
        """The settings of the last result that was valid: an edited name brings its own keys."""
        return settings(self._result)

    def pending(self, key: str) -> tuple[Any, Any] | None:
        """The value in effect and the one that shall replace it; None where no edit is pending."""
        for edits in (self.waiting, self.asked):
            if key in edits:
                return _values(self.preset).get(key), edits[key]
        return None

    def propose(self, key: str, value: Any) -> str:
        """Take an edit up; if its value is a bad one, say why and leave everything as it was.

        A new-run edit that is fine in itself and only doesn't fit the rest is taken up, and the rest
        is told in `problems`: the edits that make it fit may follow.
        """
        live = is_live(key)
        found = self._problems({**(self.asked if live else self._all()), key: value})
        own = [problem for problem in found if live or problem.startswith((f"{key}:", f"{key}."))]
        if own:
            return "\n".join(problem.removeprefix(f"{key}:").strip() for problem in own)
        if key.endswith(".name"):
            self._forget_below(key.removesuffix("name"))
        edits = self.asked if live else self.waiting
        if value == _values(self.preset).get(key):
            edits.pop(key, None)
        else:
            edits[key] = value
        self._settle()
        return ""

    def discard(self) -> None:
        """Forget the edits that wait for a new run."""
        self.waiting.clear()
        self._settle()

    def refused(self) -> None:
        """Forget the live edits that the engine was asked for: it has refused them."""
        self.asked.clear()
        self._settle()

    def applied(self, preset: Preset, keys: Iterable[str]) -> None:
        """The engine steps with this preset now; the edits of these keys are in effect."""
        self.preset = preset
        for key in keys:
            self.asked.pop(key, None)
        self._settle()

    def _forget_below(self, prefix: str) -> None:
        for edits in (self.asked, self.waiting):
            for key in [key for key in edits if key.startswith(prefix)]:
                del edits[key]

    def _all(self) -> dict[str, Any]:
        return {**self.asked, **self.waiting}

    def _settle(self) -> None:
        self.problems = self._problems(self._all())
        if not self.problems:
            self._result = changed(self.preset, self._all())

    def _problems(self, changes: dict[str, Any]) -> list[str]:
        try:
            changed(self.preset, changes)
        except ConfigError as error:
            return error.problems
        return []


def _values(preset: Preset) -> dict[str, Any]:
    return {setting.key: setting.value for setting in settings(preset)}
