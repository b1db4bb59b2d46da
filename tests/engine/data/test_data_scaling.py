"""What scale and target do to images, on the bundled digits."""

import math

import numpy as np
import pytest

from gradstep.engine.config.preset import DigitsData
from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.images import grey_moments
from gradstep.engine.data.load import load
from gradstep.engine.data.scaling import scaling


def digits(dtype="float64", **changes):
    return load(DigitsData(name="digits", **changes), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_have_the_asked_dtype_and_are_contiguous(dtype):
    dataset = digits(dtype, samples=10)
    for array in (dataset.train_inputs, dataset.val_inputs):
        assert array.dtype == dtype
        assert array.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unit_is_the_raw_pixel_over_255(dtype):
    expected = digits(dtype, scale="raw").train_inputs / np.array(255, dtype)
    np.testing.assert_array_equal(digits(dtype, scale="unit").train_inputs, expected)


def test_standard_uses_the_moments_of_the_samples_in_use_for_validation_too():
    pixels = digits(scale="raw", samples=50)
    mean, deviation = pixels.train_inputs.mean(), pixels.train_inputs.std()
    dataset = digits(scale="standard", samples=50)
    np.testing.assert_allclose(dataset.train_inputs, (pixels.train_inputs - mean) / deviation, atol=1e-12)
    np.testing.assert_allclose(dataset.val_inputs, (pixels.val_inputs - mean) / deviation, atol=1e-12)
    assert dataset.description.endswith(f"standardised (mean {mean:.2f}, deviation {deviation:.2f})")


def test_moments_by_hand():
    # Two black and two white pixels: mean 127.5, each 127.5 away from it.
    assert grey_moments(np.array([[0, 255], [255, 0]], np.uint8)) == (127.5, 127.5)


def test_moments_across_blocks_agree_with_numpy():
    images = np.random.default_rng(1).integers(0, 256, (1300, 5, 5), dtype=np.uint8)
    mean, deviation = grey_moments(images)
    assert mean == pytest.approx(images.mean(dtype=np.float64), rel=1e-14)
    assert deviation == pytest.approx(images.std(dtype=np.float64), rel=1e-12)


def test_targets_are_labels_by_default():
    dataset = digits(samples=20)
    assert dataset.train_targets is dataset.labels
    assert dataset.tolerance is None


@pytest.mark.parametrize("scale", ["raw", "unit", "standard"])
def test_an_input_target_is_the_same_array_and_half_a_grey_level_counts_as_right(scale):
    dataset = digits(scale=scale, target="input", samples=20)
    assert dataset.train_targets is dataset.train_inputs
    assert dataset.val_targets is dataset.val_inputs
    assert dataset.labels.shape == (20,)
    levels = digits(scale="raw", samples=20).train_inputs
    one_level = np.ptp(dataset.train_inputs) / np.ptp(levels)
    assert dataset.tolerance == pytest.approx(one_level / 2, rel=1e-12)


def test_a_constant_set_can_not_be_standardised():
    with pytest.raises(DataError, match="all training values are equal"):
        scaling("standard", 255, lambda: (3.0, 0.0))


def test_fingerprints_tell_data_apart_and_are_the_same_each_time():
    configs = [
        {},
        {"samples": 99},
        {"validation": 0},
        {"scale": "unit"},
        {"scale": "standard"},
        {"target": "input"},
        {"dtype": "float32"},
    ]
    base = {"scale": "raw", "samples": 100}
    prints = [digits(**base | changes).fingerprint for changes in configs]
    assert len(set(prints)) == len(configs)
    assert prints[0] == digits(**base).fingerprint
    assert len(prints[0]) == 64


def test_a_fingerprint_sees_one_changed_bit():
    dataset, changed = digits(samples=10), digits(samples=10)
    changed.val_inputs[-1, -1] = math.nextafter(changed.val_inputs[-1, -1], math.inf)
    assert dataset.fingerprint != changed.fingerprint
