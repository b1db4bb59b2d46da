"""The shipped presets, and presets by document."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset, preset_names
from gradstep.engine.config.preset import Preset

OWN = "your own"
"""The heading of presets without a document."""


def shipped() -> list[Preset]:
    """Return the shipped presets. Invalid ones are left out."""
    presets = []
    for name in preset_names():
        try:
            presets.append(load_preset(name))
        except ConfigError:
            continue
    return presets


def by_document(presets: Iterable[Preset]) -> list[tuple[str, list[Preset]]]:
    """Return presets by document, both in alphabetical order."""
    ordered = sorted(presets, key=lambda preset: (preset.document or OWN, preset.name))
    return [(document, list(group)) for document, group in groupby(ordered, lambda p: p.document or OWN)]
