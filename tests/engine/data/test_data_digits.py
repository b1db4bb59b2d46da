"""scikit-learn's digits, in their own right and in MNIST's place."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from sklearn.datasets import load_digits

from gradstep.engine.config.preset import DigitsData, MnistData
from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.digits import enlarge
from gradstep.engine.data.load import load


def test_digits_are_split_and_labelled():
    dataset = load(DigitsData(name="digits", scale="raw"), "float32")
    assert dataset.name == "digits"
    assert not dataset.substitute
    assert dataset.train_inputs.shape == (1500, 784)
    assert dataset.val_inputs.shape == (297, 784)
    assert dataset.image_shape == (28, 28)
    assert dataset.train_targets.dtype == np.int64
    # scikit-learn's own order.
    target = load_digits().target
    np.testing.assert_array_equal(dataset.train_targets, target[:1500])
    np.testing.assert_array_equal(dataset.val_targets, target[1500:])
    assert dataset.description == (
        "scikit-learn digits: 1,500 training images, 297 validation images, raw 0–255"
    )


def test_enlarging_agrees_with_scipy():
    small = load_digits().images[:100].astype(np.int64)
    centres = (np.arange(28) + 0.5) * 8 / 28 - 0.5
    grid = np.meshgrid(centres, centres, indexing="ij")
    for image, enlarged in zip(small, enlarge(small), strict=True):
        expected = map_coordinates(image.astype(float), grid, order=1, mode="nearest") * 255 / 16
        assert np.abs(enlarged - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(("level", "grey"), [(0, 0), (8, 128), (16, 255)])
def test_enlarging_keeps_a_plain_image(level, grey):
    # 8/16 of 255 is 127.5, rounded half up.
    assert np.unique(enlarge(np.full((1, 8, 8), level, dtype=np.int64))).tolist() == [grey]


@pytest.mark.parametrize(
    ("changes", "text"), [({"samples": 1501}, "1,500 training"), ({"validation": 298}, "297 validation")]
)
def test_digits_by_name_refuse_more_than_there_is(changes, text):
    with pytest.raises(DataError, match=text):
        load(DigitsData(name="digits", **changes), "float32")


def test_digits_in_place_of_mnist_give_what_there_is(cache):
    lines = []
    config = MnistData(name="mnist", scale="unit", samples=60_000)
    dataset = load(config, "float32", progress=lines.append)
    assert dataset.name == "digits"
    assert dataset.substitute
    assert len(dataset.train_inputs) == 1500
    assert dataset.description == (
        "scikit-learn digits in MNIST's place: 1,500 training images (of 60,000 asked for), "
        "297 validation images, 0–1 (divided by 255)"
    )
    assert lines == ["Reading scikit-learn's digits"]


def test_digits_in_place_of_mnist_obey_smaller_numbers(cache):
    dataset = load(MnistData(name="mnist", samples=100, validation=10), "float64")
    assert len(dataset.train_inputs) == 100
    assert len(dataset.val_inputs) == 10
