"""Data sets, from a run config's `[data]` table to arrays. Imports neither torch nor a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gradstep.engine.data import mnist
from gradstep.engine.data.dataset import Dataset, Dtype
from gradstep.engine.data.digits import read_digits
from gradstep.engine.data.images import image_dataset
from gradstep.engine.data.interval import interval_dataset
from gradstep.engine.data.points import points_dataset
from gradstep.engine.data.ramp import ramp_dataset

if TYPE_CHECKING:
    from gradstep.engine.config.data import Data


def load(
    config: Data,
    dtype: Dtype,
    data_dir: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Dataset:
    """Return the data that `config` names, scaled and cast to `dtype`.

    MNIST is looked for in `data_dir` or else $GRADSTEP_DATA, then in the user's cache; without it
    scikit-learn's digits take its place. `progress` gets a line about what is being read. Raises
    DataError if MNIST is there but damaged, or if more samples are asked for than there are.
    """
    say = progress or (lambda _line: None)
    if config.name == "ramp":
        return ramp_dataset(config, dtype)
    if config.name == "interval":
        return interval_dataset(config, dtype)
    if config.name == "points":
        return points_dataset(config, dtype)
    found = mnist.locate(data_dir) if config.name == "mnist" else None
    if found is not None:
        say(f"Reading MNIST from {found.place}")
        return image_dataset(found.read(), config, dtype, name="mnist", substitute=False)
    say("Reading scikit-learn's digits")
    return image_dataset(read_digits(), config, dtype, name="digits", substitute=config.name == "mnist")


_kept: dict[tuple[str, Dtype, Path | None], Dataset] = {}


def load_kept(config: Data, dtype: Dtype, data_dir: Path | None) -> Dataset:
    """Load as `load` does, and keep the last data set: for a process that does run after run."""
    key = (config.model_dump_json(), dtype, data_dir)
    dataset = _kept.get(key)
    if dataset is None:
        _kept.clear()
        dataset = _kept[key] = load(config, dtype, data_dir)
    return dataset
