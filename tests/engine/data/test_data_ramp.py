"""The linear document's sequences."""

import numpy as np
import pytest

from gradstep.engine.config.preset import RampData
from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.load import load


def ramp(dtype="float64", **changes):
    return load(RampData(name="ramp", **changes), dtype)


def test_the_documents_ramp():
    # The document: S_0 = [0 1 2 … 99], S_i = S_0 + i·100 for i = 1 … 1499, label i.
    dataset = ramp()
    first = np.arange(100)
    assert dataset.train_inputs.shape == (1500, 100)
    for i in (0, 1, 1499):
        np.testing.assert_array_equal(dataset.train_inputs[i], first + i * 100)
    assert dataset.train_targets.shape == (1500, 1)
    assert dataset.train_targets.dtype == np.float64
    np.testing.assert_array_equal(dataset.train_targets[:, 0], np.arange(1500))
    assert dataset.tolerance == 0.5
    assert dataset.val_inputs is dataset.val_targets is dataset.labels is dataset.image_shape is None
    assert not dataset.substitute
    assert dataset.description == "ramp: 1,500 sequences of 100, S_i = S_0 + 100·i, raw 0–149,999"


def test_the_documents_solution_is_exact():
    weights = np.zeros((100, 1))
    weights[0] = 0.01
    dataset = ramp()
    np.testing.assert_allclose(dataset.train_inputs @ weights, dataset.train_targets, rtol=1e-15)


def test_the_singular_values_with_a_bias_column():
    # Measured for this project: 3.354e7, 5590, rounding noise. The largest is about √Σk² over all values k.
    singular = np.linalg.svd(np.c_[ramp().train_inputs, np.ones(1500)], compute_uv=False)
    assert singular[0] == pytest.approx(np.sqrt(149_999 * 150_000 * 299_999 / 6), rel=1e-6)
    assert singular[1] == pytest.approx(5590, abs=0.5)
    assert singular[2] < 1e-6


def test_another_length_steps_by_its_length():
    dataset = ramp(samples=3, length=4)
    assert dataset.train_inputs.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_unit_divides_by_the_largest_value_and_leaves_the_index():
    dataset = ramp(scale="unit", samples=3, length=4)
    np.testing.assert_array_equal(dataset.train_inputs, np.arange(12).reshape(3, 4) / 11)
    assert dataset.train_targets.tolist() == [[0], [1], [2]]
    assert dataset.tolerance == 0.5


def test_standard_has_mean_0_and_deviation_1():
    inputs = ramp(scale="standard").train_inputs
    assert inputs.mean() == pytest.approx(0, abs=1e-12)
    assert inputs.std() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("scale", "tolerance"), [("raw", 0.5), ("unit", 0.5 / 11), ("standard", 0.5 / np.arange(12).std())]
)
def test_an_input_target_is_the_same_array(scale, tolerance):
    dataset = ramp("float32", scale=scale, target="input", samples=3, length=4)
    assert dataset.train_targets is dataset.train_inputs
    assert dataset.train_inputs.dtype == np.float32
    assert dataset.tolerance == pytest.approx(tolerance, rel=1e-14)


@pytest.mark.parametrize("scale", ["unit", "standard"])
def test_a_single_value_can_not_be_scaled(scale):
    with pytest.raises(DataError, match="all training values are equal"):
        ramp(scale=scale, samples=1, length=1)


def test_more_values_than_a_machine_should_be_asked_for():
    with pytest.raises(ValueError, match="more than 50,000,000 values"):
        RampData(name="ramp", samples=1_000_000, length=1000)
