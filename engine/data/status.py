"""What a config that names MNIST would get on this machine, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gradstep.engine.data import mnist
from gradstep.engine.data.dataset import DataError


@dataclass(frozen=True)
class Status:
    """Where MNIST was looked for and what was found."""

    source: Literal["mnist", "digits"]
    """What opens: "digits" only where there is no MNIST at all."""
    place: Path | None
    """The folder of the IDX files, or Keras's archive; None without MNIST."""
    problem: str | None
    """Why the MNIST at `place` can't be used (opening it is this error); None if it is whole."""
    folders: tuple[Path, ...]
    """The folders looked in, in that order."""

    @property
    def complete(self) -> bool:
        """Real MNIST is there, checked byte for byte."""
        return self.place is not None and self.problem is None


def status(data_dir: Path | None = None) -> Status:
    """Look for MNIST as `load` does and check all of it (about half a second)."""
    found = mnist.locate(data_dir)
    looked_in = mnist.folders(data_dir)
    if found is None:
        return Status("digits", None, None, looked_in)
    try:
        found.read()
    except DataError as error:
        return Status("mnist", found.place, str(error), looked_in)
    return Status("mnist", found.place, None, looked_in)
