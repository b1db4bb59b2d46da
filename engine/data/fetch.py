"""Download MNIST from the first mirror that works, all four files or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from gradstep.engine.data import mnist
from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.idx import IdxFile

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
Progress = Callable[[str, int, int], None]
"""Called with the file's name, the bytes received and the bytes in all (0 if the server does not say)."""

_CHUNK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 30


def fetch_mnist(
    folder: Path | None = None, progress: Progress | None = None, mirrors: Sequence[str] = MIRRORS
) -> Path:
    """Download the four gzipped files to `folder`, by default the user's cache, and return the folder.

    A right file that is there is kept, a wrong one replaced. Files are downloaded aside, checked, and moved
    in at the end: an interrupted download leaves the folder as it was. A mirror's first failure leads to the
    next mirror. Raises DataError with every mirror's failure.
    """
    folder = folder or mnist.cache_folder()
    wanted = [file for file in mnist.FILES if not _is_there(file, folder)]
    if not wanted:
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as aside:
            _download_all(wanted, Path(aside), mirrors, progress)
            for file in wanted:
                os.replace(Path(aside, f"{file.name}.gz"), folder / f"{file.name}.gz")
    except OSError as error:
        raise DataError(f"{folder}: can't be written to: {error.strerror or error}") from error
    return folder


def _is_there(file: IdxFile, folder: Path) -> bool:
    path = mnist.idx_files(folder).get(file.name)
    if path is None:
        return False
    try:
        file.read(path)
    except DataError:
        return False
    return True


def _download_all(
    wanted: Sequence[IdxFile], aside: Path, mirrors: Sequence[str], progress: Progress | None
) -> None:
    left = list(wanted)
    failures = []
    for mirror in mirrors:
        while left:
            url = f"{mirror.rstrip('/')}/{left[0].name}.gz"
            try:
                _download(url, left[0], aside / f"{left[0].name}.gz", progress)
            except DataError as error:
                failures.append(f"\n  {error}")
                break
            del left[0]
    if left:
        raise DataError("MNIST could not be downloaded:" + "".join(failures))


def _download(url: str, file: IdxFile, path: Path, progress: Progress | None) -> None:
    import pooch  # type: ignore[import-untyped]  # brings requests, which only a download needs

    bar = _Bar(file.name, progress) if progress else False
    download = pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK_BYTES, timeout=_TIMEOUT_SECONDS)
    try:
        download(url, str(path), None)
    except OSError as error:  # as all of requests' errors are
        raise DataError(f"{url}: {error}") from error
    file.read(path, where=url)


class _Bar:
    """A progress bar for pooch, which sets `total` and may overshoot it."""

    def __init__(self, name: str, progress: Progress) -> None:
        self.total = 0
        self._name = name
        self._progress = progress
        self._done = 0

    def update(self, amount: int) -> None:
        self._done += amount
        if self.total:
            self._done = min(self._done, self.total)
        self._progress(self._name, self._done, self.total)

    def reset(self) -> None:
        """Do nothing: pooch resets before it fills the bar, which would flicker."""

    def close(self) -> None:
        """Do nothing: the caller draws, and closes."""
