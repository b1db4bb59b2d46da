"""Presets as TOML: the shipped ones by name, others by file, and back to text."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import tomli_w

from engine.changes import override
from engine.config import Preset, RunConfig
from engine.errors import did_you_mean
from engine.problems import ConfigError, validated

MAX_FILE_BYTES = 1_000_000
SQLITE = b"SQLite format 3\0"
"""How the file of a session begins."""
_OTHER_FILES = "if it is a session, `gradstep {0}` opens it, and `gradstep run --from {0}` goes on from it"


def preset_names() -> list[str]:
    """The names of the presets that gradstep ships, in order."""
    files = resources.files("presets").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_preset(which: str | Path, overrides: Sequence[str] = ()) -> Preset:
    """Load a shipped preset by name, or a TOML file by path, and apply overrides such as "train.seed=3"."""
    if str(which) in preset_names():
        text = resources.files("presets").joinpath(f"{which}.toml").read_text("utf-8")
        return parse_preset(text, name=str(which), source=f"preset {which}", overrides=overrides)
    path = Path(which)
    return parse_preset(_read(path), name=path.stem, source=str(path), overrides=overrides)


def parse_preset(text: str, *, name: str, source: str, overrides: Sequence[str] = ()) -> Preset:
    """Parse a preset's TOML text; `source` names it in errors. Raises ConfigError with every problem."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(source, [f"no valid TOML: {error}"]) from None
    except RecursionError:
        raise ConfigError(source, ["no valid TOML for a preset: nested too deep"]) from None
    except ValueError:  # int() on thousands of digits
        raise ConfigError(source, ["no valid TOML for a preset: a number has too many digits"]) from None
    if not raw:
        needed = [key for key, field in Preset.model_fields.items() if field.is_required()]
        raise ConfigError(source, [f"it is empty; a preset needs {', '.join(needed)}"])
    raw.setdefault("name", name)
    preset = validated(raw, source)
    return override(preset, overrides) if overrides else preset


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        hint = did_you_mean(str(path), preset_names())
        problem = f"no such preset or file{hint} (`gradstep presets` lists the presets)"
        raise ConfigError(str(path), [problem]) from None
    except OSError as error:
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}"]) from None
    if content.startswith(SQLITE):
        raise ConfigError(str(path), [f"this is no preset; {_OTHER_FILES.format(path)}"])
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(str(path), [f"larger than {MAX_FILE_BYTES:,} bytes: this is no preset"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(str(path), ["not UTF-8 text: this is no preset"]) from None


def to_toml(config: RunConfig) -> str:
    """The config as TOML, with every default written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))
