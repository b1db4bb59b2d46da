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
    """A published IDX file of unsigned bytes: what its name, shape and contents have to be."""

    name: str
    shape: tuple[int, ...]
    sha256: str
    """Of the whole uncompressed file: mirrors compress differently."""

    @property
    def header(self) -> bytes:
        return struct.pack(f">HBB{len(self.shape)}I", 0, _UNSIGNED_BYTES, len(self.shape), *self.shape)

    def read(self, path: Path, where: str = "") -> NDArray[np.uint8]:
        """The array in the file at `path`, plain or gzipped.

        DataError if it is not this very file, calling it `where` if that says more than its path.
        """
        where = where or str(path)
        header = self.header
        size = len(header) + math.prod(self.shape)
        content = _uncompressed(path, size + 1, where)
        if content[: len(header)] != header:
            raise DataError(f"{where}: {self._other_header(content)}; expected {self._is()}")
        if len(content) != size:
            found = f"{len(content):,} bytes" if len(content) < size else f"more than {size:,} bytes"
            raise DataError(f"{where}: {found} uncompressed; expected {size:,} for {self._is()}")
        array = np.frombuffer(content, np.uint8, offset=len(header)).reshape(self.shape)
        self.check(array, where)
        return array

    def check(self, array: NDArray[np.uint8], where: str) -> None:
        """DataError, naming `where` it was found, unless `array` has this file's shape and contents."""
        if array.dtype != np.uint8 or array.shape != self.shape:
            raise DataError(
                f"{where}: {array.dtype} of {_by(array.shape)}; expected uint8 of {_by(self.shape)}"
            )
        digest = hashlib.sha256(self.header)
        digest.update(np.ascontiguousarray(array).reshape(-1).data)
        if digest.hexdigest() != self.sha256:
            raise DataError(
                f"{where}: the right size, but not the contents of {self.name}: "
                f"SHA-256 {digest.hexdigest()}; expected {self.sha256}"
            )

    def _is(self) -> str:
        return f"{self.name}, IDX of {_by(self.shape)} unsigned bytes"

    def _other_header(self, content: bytes) -> str:
        if len(content) < 4 or content[:3] != self.header[:3]:
            return f"not an IDX file of bytes (begins {content[:4].hex(' ') or 'with nothing'})"
        dimensions = content[3]
        if len(content) < 4 + 4 * dimensions:
            return "ends within the header"
        return f"IDX of {_by(struct.unpack_from(f'>{dimensions}I', content, 4))} unsigned bytes"


def _uncompressed(path: Path, limit: int, where: str) -> bytes:
    """At most `limit` bytes of the file, so that no archive, however made, fills the memory."""
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


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape)
