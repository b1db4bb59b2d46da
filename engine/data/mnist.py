"""MNIST on this machine: the folders it may be in, its files, and reading them."""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.idx import IdxFile
from gradstep.engine.data.images import Images

# As published, in the order of Images' fields. Keras's archive holds the same arrays.
FILES = (
    IdxFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
ARCHIVE = "mnist.npz"
ARCHIVE_KEYS = ("x_train", "y_train", "x_test", "y_test")
LAYOUTS = "the four IDX files, plain or gzipped, there or in torchvision's MNIST/raw; or Keras's mnist.npz"
"""The accepted files in a folder. Their contents' SHA-256 is checked."""


@dataclass(frozen=True)
class Found:
    """Files named like MNIST's, not yet checked: IDX files, or Keras's archive."""

    place: Path
    """The folder that holds the IDX files, or the archive."""
    files: dict[str, Path]
    """The present IDX files by name; empty for the archive."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The missing IDX files; empty for the archive."""
        return tuple(file.name for file in FILES if file.name not in self.files) if self.files else ()

    def read(self) -> Images:
        """Return all four arrays, checked byte for byte.

        Raises DataError if one is missing, damaged or not MNIST.
        """
        if self.missing:
            raise DataError(f"{self.place}: MNIST is incomplete: without {', '.join(self.missing)}")
        if self.files:
            return Images(*(file.read(self.files[file.name]) for file in FILES))
        return Images(*_read_archive(self.place))


def cache_folder() -> Path:
    """Return the folder in the user's cache."""
    return platformdirs.user_cache_path("gradstep", appauthor=False) / "mnist"


def folders(data_dir: Path | None = None) -> tuple[Path, ...]:
    """Return the folders to search: `data_dir`, or else $GRADSTEP_DATA, then the user's cache."""
    named = data_dir or os.environ.get("GRADSTEP_DATA")
    return (Path(named).expanduser(), cache_folder()) if named else (cache_folder(),)


def locate(data_dir: Path | None = None) -> Found | None:
    """Return the MNIST of the first folder that has any of it, complete or not; None without any."""
    return next((found for folder in folders(data_dir) if (found := find_in(folder))), None)


def find_in(folder: Path) -> Found | None:
    """Return a folder's MNIST, laid out by torchvision, Keras or hand, preferring a complete one."""
    sets = [Found(place, idx_files(place)) for place in (folder, folder / "raw", folder / "MNIST" / "raw")]
    for found in sets:
        if found.files and not found.missing:
            return found
    archive = folder / ARCHIVE
    if os.path.isfile(archive):
        return Found(archive, {})
    return next((found for found in sets if found.files), None)


def idx_files(place: Path) -> dict[str, Path]:
    """Return the IDX files in `place` by name, preferring gzipped ones, as `fetch` writes them."""
    paths = {}
    for file in FILES:
        for path in (place / f"{file.name}.gz", place / file.name):
            if os.path.isfile(path):
                paths[file.name] = path
                break
    return paths


def _read_archive(path: Path) -> list[NDArray[np.uint8]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in ARCHIVE_KEYS if key not in archive]
            if missing:
                raise DataError(f"{path}: without {', '.join(missing)}; expected {', '.join(ARCHIVE_KEYS)}")
            arrays = [archive[key] for key in ARCHIVE_KEYS]
    except DataError:
        raise
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not Keras's {ARCHIVE}, or damaged: {error}") from None
    for file, key, array in zip(FILES, ARCHIVE_KEYS, arrays, strict=True):
        file.check(array, f"{path}, {key}")
    return arrays
