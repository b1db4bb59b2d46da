"""The outputs of commands: the console and text files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rich.console

from gradstep.engine.errors import UserError


class Console(rich.console.Console):
    """Rich's console. Rich ends the program with status 1 when a reader such as `head` closes the pipe."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class TextOutput:
    """A text file to write. Raises UserError, which names the option that gave the path."""

    def __init__(self, option: str, path: Path) -> None:
        self._name = f"{option} {path}"
        with self._explained():
            self._file = path.open("w", newline="", encoding="utf-8")

    def __enter__(self) -> TextOutput:
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._explained():
            self._file.close()

    def write(self, text: str) -> None:
        with self._explained():
            self._file.write(text)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"{self._name}: cannot be written: {error.strerror}") from None
