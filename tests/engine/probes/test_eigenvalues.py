"""ARPACK's extreme eigenvalues of matrices whose own are known: made so, or by NumPy."""

import threading

import numpy as np
import pytest
import torch

from gradstep.engine.probes.eigenvalues import SPARE, by_products

SIZE = 200


class OfMatrix:
    """What ARPACK asks of a Hessian, of a matrix that is given."""

    def __init__(self, matrix, dtype=torch.float64):
        self.dtype, self.device, self.products = dtype, torch.device("cpu"), 0
        self._matrix = torch.from_numpy(matrix).to(dtype)

    def zeros(self):
        return torch.zeros(len(self._matrix), dtype=self.dtype)

    def times(self, vector):
        assert vector.dtype == self.dtype
        self.products += 1
        return self._matrix @ vector


def made(values, seed=0):
    """A symmetric matrix with these eigenvalues, in random directions."""
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    return (q * values) @ q.T


def spread(seed=0):
    """Like a net's: a few large ones, many near 0, some below it."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [[2.3, 2.1, 2.0, 1.5, 1.2, 0.9], 0.01 * rng.standard_normal(SIZE - 8), [-0.11, -0.2]]
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e-12, 1e-6, 1.0, 1e12])
def test_each_is_as_near_as_is_said_whatever_its_size(dtype, size):
    """In float32 ARPACK's own tolerance is absolute below 2e-5."""
    values = np.sort(spread())[::-1] * size
    for tolerance in (1e-2, 1e-4):
        found = by_products(OfMatrix(made(values), dtype), 5, tolerance, smallest=True)
        assert found.converged
        assert found.resolution == pytest.approx(tolerance * (values[0] - values[-1]), rel=0.2)
        np.testing.assert_allclose(found.largest, values[:5], rtol=0, atol=found.resolution)
        assert found.smallest == pytest.approx(values[-1], rel=0, abs=found.resolution)


def test_the_vectors_are_those_of_the_values():
    matrix = made(spread())
    found = by_products(OfMatrix(matrix), 3, 1e-6, vectors=True)
    np.testing.assert_allclose(matrix @ found.vectors, found.vectors * found.largest, atol=1e-5)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(3), atol=1e-12)
    assert found.smallest is None


def test_the_preconditioned_ones_are_those_of_the_product():
    values, scale = spread(), np.random.default_rng(1).uniform(0.1, 10.0, SIZE)
    matrix = made(values)
    root = torch.from_numpy(scale**-0.5)
    found = by_products(OfMatrix(matrix), 2, 1e-6, inverse_root=root)
    expected = np.sort(np.linalg.eigvals(matrix / scale[:, None]).real)[::-1]
    np.testing.assert_allclose(found.largest, expected[:2], rtol=1e-6)


def test_a_large_negative_one_is_not_the_largest():
    found = by_products(OfMatrix(made(np.linspace(-5.0, 1.0, SIZE))), 1, 1e-4, smallest=True)
    assert found.largest[0] == pytest.approx(1.0, abs=found.resolution)
    assert found.smallest == pytest.approx(-5.0, abs=found.resolution)


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_all_equal(value):
    """A net that is dead has no curvature at all; ARPACK refuses an operator that is 0."""
    found = by_products(OfMatrix(np.eye(SIZE) * value), 3, 1e-3, smallest=True)
    np.testing.assert_allclose(found.largest, value, atol=1e-12)
    assert found.smallest == pytest.approx(value, abs=1e-12)
    assert found.converged


def test_of_equal_ones_the_largest_is_right_and_each_is_one():
    values = np.concatenate([np.full(100, 3.0), np.linspace(0.0, 2.0, SIZE - 100)])
    found = by_products(OfMatrix(made(values)), 5, 1e-4)
    assert found.largest[0] == pytest.approx(3.0, abs=found.resolution)
    assert np.abs(found.largest[:, None] - values).min(1).max() <= found.resolution


def test_what_is_not_finite_has_none():
    matrix = made(spread())
    matrix[7, 7] = np.inf
    found = by_products(OfMatrix(matrix), 3, 1e-3, smallest=True)
    assert np.isnan(found.largest).all()
    assert np.isnan([found.smallest, found.resolution]).all()


def test_what_is_not_found_in_time_is_said():
    """ARPACK gives up: what it has found is kept, the rest is no number."""
    values = np.concatenate([[10.0, 9.0], np.linspace(0.0, 1.0, SIZE - 2)])
    for vectors in (False, True):
        found = by_products(OfMatrix(made(values)), 6, 1e-10, smallest=True, vectors=vectors, restarts=3)
        assert not found.converged
        np.testing.assert_allclose(found.largest[:2], [10.0, 9.0])
        assert np.isnan([*found.largest[-3:], found.smallest]).all()


def test_equal_from_equal_and_two_at_a_time():
    """A run measures while a tab computes: neither waits for the other, nor disturbs it."""
    matrix = made(spread())
    alone = by_products(OfMatrix(matrix), 2, 1e-6, smallest=True)
    inside, beside = OfMatrix(matrix), {}
    times = inside.times

    def another():
        beside["found"] = by_products(OfMatrix(matrix), 2, 1e-6, smallest=True)

    def stopping_once(vector):
        if inside.products == 15:
            thread = threading.Thread(target=another)
            thread.start()
            thread.join(30)
        return times(vector)

    inside.times = stopping_once
    found = by_products(inside, 2, 1e-6, smallest=True)
    for each in (found, beside["found"]):
        np.testing.assert_array_equal(each.largest, alone.largest)
        assert each.smallest == alone.smallest


def test_few_products():
    """A well parted largest one is found at the first look, and the start's product is not made again."""
    hessian = OfMatrix(made(spread()))
    by_products(hessian, 1, 1e-3)
    alone = hessian.products
    assert alone == 1 + 2 + SPARE
    by_products(hessian, 1, 1e-3, smallest=True)
    assert hessian.products - alone <= 3 * alone
