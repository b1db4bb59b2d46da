"""The pyramid of minima and maxima against NumPy's, by brute force over each column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstep.tui.charts.reduce import NAN, NOT_POSITIVE, POSITIVE_INFINITY, Envelope

SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)
series = st.builds(
    lambda seed, n, share: _series(seed, n, share),
    st.integers(0, 10**6),
    st.integers(0, 3000),
    st.sampled_from((0.0, 0.05, 0.9)),
)


def _series(seed: int, n: int, share: float) -> np.ndarray:
    """Return noise with non-finite values and zeros, some of them in runs."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=n), 2)
    odd = np.repeat(rng.random(n // 7 + 1) < share, 7)[:n]
    values[odd] = rng.choice(SPECIAL, size=int(odd.sum()))
    return values


def _brute(values: np.ndarray, first: int, last: int, columns: int, positive: bool):
    """Return points and flags by a loop over the aligned columns."""
    size = 1
    while (last - 1) // size - first // size + 1 > columns:
        size *= 2
    points: list[tuple[int, float]] = []
    flags: list[list[int]] = [[], [], [], []]
    for column in range(first // size, (last - 1) // size + 1):
        begin = max(first, column * size)
        part = values[begin : min(last, (column + 1) * size)]
        usable = np.isfinite(part) & ((part > 0) if positive else True)
        if usable.any():
            low = begin + int(np.argmin(np.where(usable, part, np.inf)))
            high = begin + int(np.argmax(np.where(usable, part, -np.inf)))
            points += [(k, values[k]) for k in sorted({low, high})]
        else:
            points.append((begin, np.nan))
        present = (np.isnan(part), part == np.inf, part == -np.inf, np.isfinite(part) & (part <= 0))
        for where, seen in zip(flags, present, strict=True):
            where += [begin] * bool(seen.any())
    return points, flags


@settings(max_examples=80, deadline=None)
@given(series, st.integers(1, 200), st.booleans(), st.data())
def test_query_equals_brute_force_envelope(values, columns, positive, data) -> None:
    envelope = Envelope()
    for piece in np.array_split(values, data.draw(st.integers(1, 5))):
        envelope.append(piece)
    first = data.draw(st.integers(0, len(values)))
    last = data.draw(st.integers(first, len(values)))
    reduced = envelope.query(first, last, columns, positive=positive)
    points, flags = _brute(values, first, last, columns, positive) if last > first else ([], [[], [], [], []])
    np.testing.assert_array_equal(reduced.steps, [p[0] for p in points])
    np.testing.assert_array_equal(reduced.values, [p[1] for p in points])
    found = (reduced.nan, reduced.positive_infinity, reduced.negative_infinity, reduced.not_positive)
    for have, expected in zip(found, flags, strict=True):
        np.testing.assert_array_equal(have, expected)
    assert len(points) <= 2 * columns


@settings(max_examples=40, deadline=None)
@given(series, st.data())
def test_first_flagged_equals_scan(values, data) -> None:
    first = data.draw(st.integers(0, len(values)))
    last = data.draw(st.integers(first, len(values)))
    part = values[first:last]
    envelope = Envelope(values)
    for flag, seen in ((NAN, np.isnan(part)), (NOT_POSITIVE, np.isfinite(part) & (part <= 0))):
        expected = first + int(np.argmax(seen)) if seen.any() else None
        assert envelope.first_flagged(first, last, flag) == expected
    either = np.isnan(part) | (part == np.inf)
    expected = first + int(np.argmax(either)) if either.any() else None
    assert envelope.first_flagged(first, last, NAN | POSITIVE_INFINITY) == expected


def test_one_spike_in_a_million_is_kept() -> None:
    values = np.zeros(1_000_000)
    values[123_456] = 7.0
    values[777_777] = -np.inf
    envelope = Envelope(values)
    reduced = envelope.query(0, len(values), 100)
    assert reduced.steps[reduced.values == 7.0].tolist() == [123_456]
    assert len(reduced.negative_infinity) == 1
    assert envelope.first_flagged(0, len(values), 4) == 777_777


def test_columns_stay_in_place_while_series_grows() -> None:
    """600 … 700 values in at most 100 columns are columns of eight: all but the last are the same."""
    values = np.random.default_rng(0).random(700)
    envelope = Envelope(values[:600])
    before = envelope.query(0, 600, 100)
    envelope.append(values[600:])
    after = envelope.query(0, 700, 100)
    np.testing.assert_array_equal(after.steps[: len(before.steps)], before.steps)


def test_sparse_steps_are_kept_and_found() -> None:
    envelope = Envelope([3.0, 2.0, 1.0], [10, 20, 40])
    envelope.append([0.5])
    assert envelope.steps.tolist() == [10, 20, 40, 41]
    assert envelope.between(11, 40) == (1, 3)
    assert envelope.between(50, 60) == (4, 4)
    assert envelope.at(39) == (20, 2.0)
    assert envelope.at(9) is None


@pytest.mark.parametrize("steps", [[5, 5], [4, 3], [1, 2, 3], [0, 1]])
def test_steps_that_do_not_ascend_or_match_are_refused(steps: list[int]) -> None:
    envelope = Envelope([1.0], [2])
    with pytest.raises(ValueError, match="steps"):
        envelope.append([0.0, 0.0], steps)
