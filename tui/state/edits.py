"""The pending edits of a run's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gradstep.engine.config.changes import changed, is_live
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.form import Setting, settings
from gradstep.engine.config.preset import Preset


class Edits:
    """The pending edits of a preset, by dotted key.

    Live edits have been sent to the engine (`asked`), the others wait for a new run (`waiting`).
    """

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.asked: dict[str, Any] = {}
        self.waiting: dict[str, Any] = {}
        self.problems: list[str] = []
        self._result = preset
        """The last valid preset with all edits."""

    def __bool__(self) -> bool:
        return bool(self.asked or self.waiting)

    @property
    def result(self) -> Preset | None:
        """The preset with all pending edits; None while they are invalid together."""
        return None if self.problems else self._result

    def settings(self) -> list[Setting]:
        """Return the settings of the last valid result, with the keys that an edited `name` adds."""
        return settings(self._result)

    def pending(self) -> dict[str, tuple[Any, Any]]:
        """Return {key: (value in effect, edited value)} of all pending edits."""
        edits = self._all()
        in_effect = _values(self.preset) if edits else {}
        return {key: (in_effect.get(key), value) for key, value in edits.items()}

    def propose(self, key: str, value: Any) -> str:
        """Add an edit and return "", or change nothing and return why the value is invalid.

        An edit for a new run may be valid by itself and not fit the other settings. It is added, and listed
        in `problems`: further edits may make it fit.
        """
        live = is_live(key)
        proposed = {**(self.asked if live else self._all()), key: value}
        result, problems = self._validated(proposed)
        own = [problem for problem in problems if live or problem.startswith((f"{key}:", f"{key}."))]
        if own:
            return "\n".join(problem.removeprefix(f"{key}:").strip() for problem in own)
        if key.endswith(".name"):
            self._forget_below(key.removesuffix("name"))
        edits = self.asked if live else self.waiting
        if value == _values(self.preset).get(key):
            edits.pop(key, None)
        else:
            edits[key] = value
        if self._all() == proposed:
            self._result, self.problems = result, problems
        else:
            self._settle()
        return ""

    def discard(self) -> None:
        """Discard the edits that wait for a new run."""
        self.waiting.clear()
        self._settle()

    def refused(self) -> None:
        """Discard the live edits: the engine has refused them."""
        self.asked.clear()
        self._settle()

    def applied(self, preset: Preset, keys: Iterable[str]) -> None:
        """Take the engine's `preset`, and remove the edits of these keys: they are in effect."""
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
        self._result, self.problems = self._validated(self._all())

    def _validated(self, changes: Mapping[str, Any]) -> tuple[Preset, list[str]]:
        """Return the preset with these changes, or the last valid result and the problems."""
        if not changes:
            return self.preset, []
        try:
            return changed(self.preset, changes), []
        except ConfigError as error:
            return self._result, error.problems


def _values(preset: Preset) -> dict[str, Any]:
    return {setting.key: setting.value for setting in settings(preset)}
