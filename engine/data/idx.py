"""IDX, the format of MNIST's files: a header of big-endian numbers, then bytes."""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradstep.engine.data.dataset import DataError

_UNSIGNED_BYTES = 8
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class IdxFile:
    """A published IDX file of unsigned bytes: its name, the shape of its array, and its digest."""

    name: str
    shape: tuple[int, ...]
    sha256: str
    """Of the whole uncompressed file, header and all: mirrors compress differently."""

    def read(self, path: Path, where: str = "") -> NDArray[np.uint8]:
        """Return the array in the file at `path`, plain or gzipped.

        Raises DataError if it is not this very file, naming `where` if given, else the path.
        """
        where = where or str(path)
        header = self._header()
        size = len(header) + math.prod(self.shape)
        content = _uncompressed(path, size + 1, where)
        if len(content) != size:
            found = f"{len(content):,} bytes" if len(content) < size else f"more than {size:,} bytes"
            raise DataError(f"{where}: {found} uncompressed; expected {size:,} for {self.name}")
        self._compare(hashlib.sha256(content).hexdigest(), where)
        return np.frombuffer(content, np.uint8, offset=len(header)).reshape(self.shape)

    def check(self, array: NDArray[np.uint8], where: str) -> None:
        """Raise DataError, naming `where`, unless the array has this file's shape and contents."""
        if array.dtype != np.uint8 or array.shape != self.shape:
            found, expected = (" × ".join(f"{n:,}" for n in shape) for shape in (array.shape, self.shape))
            raise DataError(f"{where}: {array.dtype} of {found}; expected uint8 of {expected}")
        digest = hashlib.sha256(self._header())
        digest.update(np.ascontiguousarray(array).reshape(-1).data)
        self._compare(digest.hexdigest(), where)

    def _header(self) -> bytes:
        return struct.pack(f">HBB{len(self.shape)}I", 0, _UNSIGNED_BYTES, len(self.shape), *self.shape)

    def _compare(self, sha256: str, where: str) -> None:
        if sha256 != self.sha256:
            raise DataError(
                f"{where}: the right size, but not the contents of {self.name}: "
                f"SHA-256 {sha256}; expected {self.sha256}"
            )


def _uncompressed(path: Path, limit: int, where: str) -> bytes:
    """Return at most `limit` bytes of the file, so that no archive can fill the memory."""
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            return gzip.open(file).read(limit) if zipped else file.read(limit)
    except EOFError:
        raise DataError(f"{where}: truncated; the gzip stream ends early") from None
    except zlib.error as error:
        raise DataError(f"{where}: damaged gzip stream: {error}") from None
    except OSError as error:
        raise DataError(f"{where}: {error.strerror or error}") from None
