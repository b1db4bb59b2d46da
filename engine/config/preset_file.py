"""Read a preset's file; tell other kinds of files by a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradstep.engine.config.data import MAX_POINTS
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.errors import did_you_mean

MAX_FILE_BYTES = 1_000_000
SQLITE = b"SQLite format 3\0"
"""The first bytes of a session file."""
_OTHER_FILES = "if it is a session, `gradstep {0}` opens it, and `gradstep run --from {0}` goes on from it"
_IS_TOML = "a preset is a TOML file, as `gradstep presets linear-1-layer` prints one"
_DATA = (
    f"a data file is no preset. A table of up to {MAX_POINTS:,} rows can be written into a preset: "
    '[data] name = "points", inputs = [[0.5, 1.0], [0.1, 0.3]], labels = [0, 1]'
)
_JSON = f"JSON is no preset: {_IS_TOML}"
_DATA_SUFFIXES = (".csv", ".tsv", ".npz", ".npy", ".parquet", ".xlsx", ".feather", ".arrow", ".mat", ".h5")
_BY_SUFFIX = {
    **dict.fromkeys(_DATA_SUFFIXES, _DATA),
    ".json": _JSON,
    ".jsonl": _DATA,
    ".py": f"Python is no preset, and gradstep runs no file of Python: {_IS_TOML}",
    ".ipynb": f"a notebook is no preset: {_IS_TOML}",
}
_BY_BEGINNING = {
    SQLITE: f"this is no preset; {_OTHER_FILES}",
    b"\x93NUMPY": _DATA,
    b"PAR1": _DATA,
    b"\xff\xfe": f"UTF-16 text: {_IS_TOML}, in UTF-8",
    b"\xfe\xff": f"UTF-16 text: {_IS_TOML}, in UTF-8",
}
_SEPARATORS = (",", "\t", ";")


def read_preset_file(path: Path, shipped: Sequence[str]) -> str:
    """Return the text of a file that may be a preset. Raises ConfigError with a sentence for any other file.

    `shipped` are the names of presets to suggest for a mistyped one.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        hint = did_you_mean(str(path), shipped)
        problem = f"no such preset or file{hint} (`gradstep presets` lists the presets)"
        raise ConfigError(str(path), [problem]) from None
    except IsADirectoryError:
        raise ConfigError(str(path), [f"a directory is no preset: {_IS_TOML}"]) from None
    except OSError as error:
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}"]) from None
    if problem := _why_no_preset(path, content):
        raise ConfigError(str(path), [problem])
    return content.decode("utf-8-sig")


def why_no_toml(text: str) -> str:
    """Return a sentence for a text that is JSON or a table of data instead of TOML; "" for neither."""
    if text.lstrip().startswith("{"):
        return _JSON
    lines = [line for line in text.splitlines() if line.strip()][:3]
    if len(lines) > 1 and not any("=" in line for line in lines):
        for separator in _SEPARATORS:
            counts = {line.count(separator) for line in lines}
            if 0 not in counts and len(counts) == 1:
                return _DATA
    return ""


def _why_no_preset(path: Path, content: bytes) -> str:
    for beginning, problem in _BY_BEGINNING.items():
        if content.startswith(beginning):
            return problem.replace("{0}", str(path))
    if problem := _BY_SUFFIX.get(path.suffix.lower(), ""):
        return problem
    if len(content) > MAX_FILE_BYTES:
        return f"larger than {MAX_FILE_BYTES:,} bytes: this is no preset"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" not in content:
            line = content[: error.start].count(b"\n") + 1
            return f"line {line} is not UTF-8 text: {_IS_TOML}, in UTF-8"
        return f"a binary file, not UTF-8 text: {_IS_TOML}"
    return f"it has NUL characters, as binary files and UTF-16 text have: {_IS_TOML}" if "\0" in text else ""
