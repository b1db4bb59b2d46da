"""Ranges and bins of any floats. Expected counts are NumPy's where NumPy has some; the rest is by hand."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from odd_numbers import LARGEST, lists, moved

from gradstep.engine.records.ranges import FAR, binned, evenly, finite_range, is_one_number, quantile, shares

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

LOSS = 0.4810168098397193
"""Of the preset whose seeds all end at one minimum, where NumPy makes no 24 bins."""


def counted(values, bins):
    counts, edges, lost = binned(np.array(values, np.float64), bins)
    return counts.tolist(), edges, lost


@pytest.mark.parametrize(
    ("values", "counts", "lost"),
    [
        ([], [0], 0),
        ([2.0], [1], 0),
        ([LOSS, moved(LOSS, 1), moved(LOSS, 1), moved(LOSS, -1)], [4], 0),
        ([0.0, 5e-324], [2], 0),
        ([1e-310, 0.0], [2], 0),
        ([math.nan, math.inf, -math.inf], [0], 3),
        ([1.0, math.nan, 1.0, math.inf], [2], 2),
        ([LARGEST, LARGEST], [2], 0),
        ([-LARGEST, LARGEST, 0.0], [1, 0, 1, 1], 0),  # 0 is the third bin's left edge
        ([0.0, 1.0, 2.0, 4.0], [1, 1, 1, 1], 0),
        ([1e-300, 4e-300], [1, 0, 0, 1], 0),
    ],
)
def test_values_in_four_bins(values, counts, lost):
    found, edges, left = counted(values, 4)
    assert (found, left) == (counts, lost)
    assert (edges[:-1] < edges[1:]).all()


@given(lists(), st.integers(1, 1000))
@example([5e-324, -1.0000000000000001e307], 1)
def test_every_value_is_in_a_bin_or_counted_as_not_finite(values, bins):
    counts, edges, lost = counted(values, bins)
    assert sum(counts) + lost == len(values)
    assert lost == sum(not math.isfinite(value) for value in values)
    assert len(counts) in (1, bins)
    assert len(edges) == len(counts) + 1
    assert np.isfinite(edges).all()
    assert (edges[:-1] <= edges[1:]).all()
    assert edges[0] < edges[-1]
    if ends := finite_range(np.array(values)):
        assert edges[0] <= ends[0] <= ends[1] <= edges[-1]
        if len(counts) == 1 < bins:
            assert is_one_number(*ends)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2), st.integers(1, 50))
def test_ordinary_values_are_counted_as_numpy_counts_them(values, bins):
    counts, edges, _ = counted(values, bins)
    if len(counts) == bins > 1:
        expected, at = np.histogram(values, bins)
        assert counts == expected.tolist()
        np.testing.assert_array_equal(edges, at)


@given(lists(), lists())
def test_shares_follow_the_order_of_values(values, others):
    if (ends := finite_range(np.array(values, np.float64))) is None:
        return
    low, high = ends
    inside = shares(np.array([value for value in values if math.isfinite(value)]), low, high)
    assert ((inside >= 0) & (inside <= 1)).all()
    for value, share in zip(others, shares(np.array(others, np.float64), low, high).tolist(), strict=True):
        assert math.isnan(share) == math.isnan(value)
        if is_one_number(low, high):
            assert math.isnan(value) or share in (-FAR, 0.5, FAR)
        else:
            assert not share < 0 or value < low
            assert not share > 1 or value > high


def test_shares_by_hand():
    np.testing.assert_array_equal(shares(np.array([0.0, 1.0, 4.0, 6.0]), 0.0, 4.0), [0, 0.25, 1, 1.5])
    np.testing.assert_array_equal(shares(np.array([-LARGEST, 0.0, LARGEST]), -LARGEST, LARGEST), [0, 0.5, 1])
    one = shares(np.array([LOSS, moved(LOSS, 2), 0.4, 0.5, math.nan]), LOSS, moved(LOSS, 1))
    np.testing.assert_array_equal(one, [0.5, 0.5, -FAR, FAR, math.nan])


def test_numbers_evenly_apart():
    np.testing.assert_array_equal(evenly(-LARGEST, LARGEST, 3), [-LARGEST, 0, LARGEST])
    np.testing.assert_array_equal(evenly(0, 1, 5), np.linspace(0, 1, 5))


@given(lists().filter(len), st.floats(0, 1))
def test_a_quantile_lies_between_the_least_and_the_greatest(values, q):
    found = quantile(values, q)
    if any(map(math.isnan, values)):
        assert math.isnan(found)
    elif all(map(math.isfinite, values)):
        assert min(values) <= found <= max(values)


def test_the_median_of_the_largest_floats_is_no_infinity():
    assert quantile([LARGEST, LARGEST], 0.5) == LARGEST
    assert quantile([-LARGEST, LARGEST], 0.5) == 0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2
    assert quantile([1.0, math.inf], 0.5) == math.inf
