"""The data that a config with MNIST gets on this machine, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gradstep.engine.data import mnist
from gradstep.engine.data.dataset import DataError


@dataclass(frozen=True)
class Status:
    """The folders searched for MNIST, and what is there."""

    source: Literal["mnist", "digits"]
    """The set that opens: "digits" only without any MNIST."""
    place: Path | None
    """The folder of the IDX files, or Keras's archive; None without MNIST."""
    problem: str | None
    """Why the MNIST at `place` can't be used: the text of the error on opening it; None if it is whole."""
    folders: tuple[Path, ...]
    """The folders searched, in that order."""

    @property
    def complete(self) -> bool:
        """Whether real MNIST is there, checked byte for byte."""
        return self.place is not None and self.problem is None


def status(data_dir: Path | None = None) -> Status:
    """Search for MNIST as `load` does and check all of it (about half a second)."""
    found = mnist.locate(data_dir)
    looked_in = mnist.folders(data_dir)
    if found is None:
        return Status("digits", None, None, looked_in)
    try:
        found.read()
    except DataError as error:
        return Status("mnist", found.place, str(error), looked_in)
    return Status("mnist", found.place, None, looked_in)
