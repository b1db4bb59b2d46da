"""Presets as TOML: shipped ones by name, others by path."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w

from gradstep.engine.config.changes import parse_assignments, with_changes
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.preset_file import read_preset_file, why_no_toml
from gradstep.engine.config.recorded import check_preset
from gradstep.engine.config.run import RunConfig


def preset_names() -> list[str]:
    """Return the names of the shipped presets, sorted."""
    files = resources.files("gradstep.presets").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_preset(
    which: str | Path, overrides: Sequence[str] = (), over: Mapping[str, Any] | None = None
) -> Preset:
    """Load a shipped preset by name, or a TOML file by path, and apply overrides such as "train.seed=3".

    An invalid file is allowed if the overrides make it valid. If they do not, `over` is applied too: the
    first values of a sweep's axes, by dotted keys. Raises ConfigError with every problem. A watched or
    claimed field that never has a value is one, unless the overrides cause it: such claims stay unchecked.
    `parse_preset`, which reads saved runs, allows these fields.
    """
    if str(which) in preset_names():
        text = resources.files("gradstep.presets").joinpath(f"{which}.toml").read_text("utf-8")
        name, source = str(which), f"preset {which}"
    else:
        path = Path(which)
        text, name, source = read_preset_file(path, preset_names()), path.stem, str(path)
    try:
        preset = parse_preset(text, name=name, source=source, overrides=overrides)
    except ConfigError:
        if not over:
            raise
        preset = parse_preset(text, name=name, source=source, overrides=overrides, over=over)
    try:
        check_preset(preset, source)
    except ConfigError:
        if any(key.partition("=")[0] in ("watch", "log", "claim") for key in overrides) or not overrides:
            raise
        check_preset(parse_preset(text, name=name, source=source), source)
    return preset


def parse_preset(
    text: str,
    *,
    name: str,
    source: str,
    overrides: Sequence[str] = (),
    over: Mapping[str, Any] | None = None,
) -> Preset:
    """Parse a preset's TOML text; `source` names it in errors. Raises ConfigError with every problem."""
    changes = {"--set": parse_assignments(overrides), "--over": over or {}}
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = sentence if (sentence := why_no_toml(text)) else f"no valid TOML: {error}"
        raise ConfigError(source, [problem]) from None
    except RecursionError:
        raise ConfigError(source, ["no valid TOML for a preset: nested too deep"]) from None
    except ValueError:  # int() on thousands of digits
        raise ConfigError(source, ["no valid TOML for a preset: a number has too many digits"]) from None
    if not raw and not any(changes.values()):
        needed = [key for key, field in Preset.model_fields.items() if field.is_required()]
        raise ConfigError(source, [f"it is empty; a preset needs {', '.join(needed)}"])
    raw.setdefault("name", name)
    return with_changes(raw, source, changes)


def to_toml(config: RunConfig) -> str:
    """Return the config as TOML, with every default written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))
