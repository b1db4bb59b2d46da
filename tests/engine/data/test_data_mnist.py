"""Finding and reading MNIST, and refusing what is not MNIST."""

import gzip

import numpy as np
import pytest

from gradstep.engine.config.data import MnistData
from gradstep.engine.data import mnist
from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.load import load
from gradstep.engine.data.status import status

IMAGES = "train-images-idx3-ubyte"
LABELS = "train-labels-idx1-ubyte"


def raw(**changes):
    return MnistData(name="mnist", scale="raw", **changes)


def assert_is(dataset, tiny):
    train, labels, val, val_labels = tiny.arrays.values()
    assert dataset.name == "mnist"
    assert not dataset.substitute
    np.testing.assert_array_equal(dataset.train_inputs, train.reshape(12, 784))
    np.testing.assert_array_equal(dataset.train_targets, labels)
    np.testing.assert_array_equal(dataset.val_inputs, val.reshape(4, 784))
    np.testing.assert_array_equal(dataset.val_targets, val_labels)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", [".", "raw", "MNIST/raw"])
def test_idx_files_are_read_in_every_layout(tiny, tmp_path, layout, zipped):
    tiny.write(tmp_path / "data" / layout, zipped=zipped)
    assert_is(load(raw(), "float32", tmp_path / "data"), tiny)


def test_keras_archive_is_read(tiny, tmp_path):
    assert_is(load(raw(), "float32", tiny.write_keras(tmp_path)), tiny)


def test_a_named_folder_comes_before_the_environment_and_both_before_the_cache(tiny, tmp_path, monkeypatch):
    tiny.write(mnist.cache_folder())
    assert status().place == mnist.cache_folder()
    environment = tiny.write(tmp_path / "environment")
    monkeypatch.setenv("GRADSTEP_DATA", str(environment))
    assert status().place == environment
    assert status().folders == (environment, mnist.cache_folder())
    argument = tiny.write(tmp_path / "argument")
    assert status(argument).place == argument
    assert status(argument).folders == (argument, mnist.cache_folder())


def test_the_cache_serves_when_the_named_folder_has_nothing(tiny, tmp_path):
    tiny.write(mnist.cache_folder())
    assert_is(load(raw(), "float32", tmp_path / "nothing"), tiny)


def test_progress_says_what_is_read(tiny, tmp_path):
    lines = []
    load(raw(), "float32", tiny.write(tmp_path), lines.append)
    assert lines == [f"Reading MNIST from {tmp_path}"]


def test_the_first_samples_are_taken(tiny, tmp_path):
    dataset = load(raw(samples=5, validation=2), "float64", tiny.write(tmp_path))
    np.testing.assert_array_equal(dataset.train_inputs, tiny.arrays[IMAGES][:5].reshape(5, 784))
    np.testing.assert_array_equal(dataset.labels, tiny.arrays[LABELS][:5])
    assert dataset.val_inputs.shape == (2, 784)
    assert dataset.description == "MNIST: 5 training images, 2 validation images, raw 0–255"


def test_no_validation(tiny, tmp_path):
    dataset = load(raw(validation=0, target="input"), "float32", tiny.write(tmp_path))
    assert dataset.val_inputs is None
    assert dataset.val_targets is None
    assert dataset.description == "MNIST: 12 training images, no validation images, raw 0–255"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"samples": 13}, "data.samples = 13: there are 12 training images"),
        ({"validation": 5}, "data.validation = 5: there are 4 validation images"),
    ],
)
def test_more_than_there_is_is_refused(tiny, tmp_path, changes, text):
    with pytest.raises(DataError) as error:
        load(raw(**changes), "float32", tiny.write(tmp_path))
    assert str(error.value) == text


SIZE = 16 + 12 * 28 * 28
DAMAGED = {  # what becomes of the file of twelve 28 × 28 images, and what the error must say
    "truncated": (lambda idx: idx[:-100], f"{SIZE - 100:,} bytes uncompressed; expected {SIZE:,}"),
    "truncated gzip": (lambda idx: gzip.compress(idx)[:-100], "truncated; the gzip stream ends early"),
    "damaged gzip": (
        lambda idx: gzip.compress(idx)[:12] + b"\xff" * 50 + gzip.compress(idx)[62:],
        "damaged gzip stream",
    ),
    "wrong checksum": (lambda idx: gzip.compress(idx)[:-8] + b"\0" * 8, "CRC check failed"),
    "gzip of a part": (lambda idx: gzip.compress(idx[:-100]), f"{SIZE - 100:,} bytes uncompressed"),
    "too long": (lambda idx: idx + b"x", f"more than {SIZE:,} bytes"),
    "empty": (lambda _: b"", f"0 bytes uncompressed; expected {SIZE:,} for train-images-idx3-ubyte"),
    "a page": (lambda _: b"<!DOCTYPE html>", f"15 bytes uncompressed; expected {SIZE:,}"),
    "labels": (lambda _: b"\0\0\x08\x01\0\0\0\x0c" + b"\0" * 12, "20 bytes uncompressed"),
    "another header": (lambda idx: idx[:7] + b"\x0b" + idx[8:], "the right size, but not the contents"),
    "one bit changed": (
        lambda idx: idx[:-1] + bytes([idx[-1] ^ 1]),
        "the right size, but not the contents of train-images-idx3-ubyte: SHA-256",
    ),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_an_error_that_names_it(tiny, tmp_path, kind):
    tiny.write(tmp_path)
    change, text = DAMAGED[kind]
    (tmp_path / f"{IMAGES}.gz").write_bytes(change(tiny.contents[IMAGES]))
    with pytest.raises(DataError) as error:
        load(raw(), "float32", tmp_path)
    assert str(error.value).startswith(f"{tmp_path / IMAGES}.gz: ")
    assert text in str(error.value)
    assert status(tmp_path).problem == str(error.value)


def test_an_incomplete_set_is_an_error_that_names_what_is_missing(tiny, tmp_path):
    tiny.write(tmp_path, without=(IMAGES, LABELS))
    tiny.write(mnist.cache_folder())
    with pytest.raises(DataError, match=f"{tmp_path}: MNIST is incomplete: without {IMAGES}, {LABELS}"):
        load(raw(), "float32", tmp_path)


def test_a_complete_archive_beside_an_incomplete_set_serves(tiny, tmp_path):
    tiny.write(tmp_path, without=(IMAGES,))
    assert_is(load(raw(), "float32", tiny.write_keras(tmp_path)), tiny)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"x_train": np.zeros((12, 28, 27), np.uint8)},
            "x_train: uint8 of 12 × 28 × 27; expected uint8 of 12",
        ),
        ({"y_train": np.zeros(12, np.int64)}, "y_train: int64 of 12; expected uint8 of 12"),
        ({"x_test": np.zeros((4, 28, 28), np.uint8)}, "x_test: the right size, but not the contents"),
        ({"y_test": np.array([None] * 4)}, "not Keras's mnist.npz, or damaged: Object arrays"),
    ],
)
def test_a_foreign_archive_is_an_error(tiny, tmp_path, changes, text):
    tiny.write_keras(tmp_path, **changes)
    with pytest.raises(DataError) as error:
        load(raw(), "float32", tmp_path)
    assert str(error.value).startswith(str(tmp_path / "mnist.npz"))
    assert text in str(error.value)


def test_an_archive_without_its_arrays_is_an_error(tiny, tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(3))
    with pytest.raises(DataError, match="without y_train, x_test, y_test; expected x_train"):
        load(raw(), "float32", tmp_path)


@pytest.mark.parametrize("cut", [0, 10, 3000])
def test_a_truncated_archive_is_an_error(tiny, tmp_path, cut):
    path = tiny.write_keras(tmp_path) / "mnist.npz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"mnist.npz: not Keras's mnist.npz, or damaged"):
        load(raw(), "float32", tmp_path)


def test_status_of_whole_missing_and_damaged_data(tiny, tmp_path):
    nothing = status()
    assert (nothing.source, nothing.place, nothing.problem, nothing.complete) == ("digits", None, None, False)
    assert nothing.folders == (mnist.cache_folder(),)

    whole = status(tiny.write(tmp_path / "whole"))
    assert (whole.source, whole.place, whole.complete) == ("mnist", tmp_path / "whole", True)

    part = status(tiny.write(tmp_path / "part", without=(LABELS,)))
    assert (part.source, part.place, part.complete) == ("mnist", tmp_path / "part", False)
    assert LABELS in part.problem


@pytest.mark.mnist
@pytest.mark.usefixtures("real_mnist")
def test_real_mnist():
    dataset = load(MnistData(name="mnist", scale="unit"), "float32")
    assert dataset.train_inputs.shape == (60_000, 784)
    assert dataset.train_inputs.dtype == np.float32
    assert dataset.train_inputs.flags.c_contiguous
    assert dataset.val_inputs.shape == (10_000, 784)
    assert dataset.image_shape == (28, 28)
    assert dataset.tolerance is None
    # The digits and the class counts that every description of MNIST shows.
    assert dataset.train_targets[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert dataset.val_targets[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(dataset.train_targets).tolist() == counts
    # 67 pixels are zero in all training images (measured for this project).
    assert np.count_nonzero(~dataset.train_inputs.any(axis=0)) == 67


@pytest.mark.mnist
@pytest.mark.usefixtures("real_mnist")
def test_real_mnist_standardised_with_the_published_moments():
    # 0.1307 and 0.3081 are the constants of PyTorch's MNIST example, for pixels in 0–1.
    dataset = load(MnistData(name="mnist", scale="standard", target="input"), "float32")
    background, deviation = float(dataset.train_inputs[0, 0]), 0.5 / dataset.tolerance / 255
    assert deviation == pytest.approx(0.3081, abs=5e-5)
    assert -background * deviation == pytest.approx(0.1307, abs=5e-5)
    assert dataset.train_inputs.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert dataset.train_inputs.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)
    assert dataset.val_inputs[0, 0] == dataset.train_inputs[0, 0]
