"""A small stand-in for MNIST that passes every check, and a machine that has no MNIST."""

import gzip
import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gradstep.engine.data import mnist
from gradstep.engine.data.idx import IdxFile


@dataclass(frozen=True)
class Tiny:
    """Twelve training and four validation images in MNIST's files."""

    arrays: dict[str, np.ndarray]
    contents: dict[str, bytes]
    """The uncompressed IDX files, by name."""

    def write(self, folder: Path, *, zipped: bool = True, without: tuple[str, ...] = ()) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            if name not in without:
                path = folder / (f"{name}.gz" if zipped else name)
                path.write_bytes(gzip.compress(content) if zipped else content)
        return folder

    def write_keras(self, folder: Path, **changes: np.ndarray) -> Path:
        keys = dict(zip(mnist.ARCHIVE_KEYS, self.arrays.values(), strict=True))
        np.savez_compressed(folder / "mnist.npz", **(keys | changes))
        return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache is an empty folder, and no other one is named."""
    monkeypatch.delenv("GRADSTEP_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return mnist.cache_folder()


@pytest.fixture
def tiny(cache, monkeypatch):
    random = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte": random.integers(0, 256, (12, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte": random.integers(0, 10, 12, dtype=np.uint8),
        "t10k-images-idx3-ubyte": random.integers(0, 256, (4, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": random.integers(0, 10, 4, dtype=np.uint8),
    }
    # The format's header: 0, 0, 8 for unsigned bytes, the number of dimensions, each size.
    contents = {
        name: struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
        for name, array in arrays.items()
    }
    files = tuple(
        IdxFile(name, array.shape, hashlib.sha256(contents[name]).hexdigest())
        for name, array in arrays.items()
    )
    monkeypatch.setattr(mnist, "FILES", files)
    return Tiny(arrays, contents)


@pytest.fixture
def real_mnist():
    """Skips a test where this machine has no MNIST."""
    if mnist.locate() is None:
        pytest.skip("no MNIST in $GRADSTEP_DATA or the user's cache (`gradstep data fetch mnist`)")
