"""Axes and ticks. Expected bounds and labels follow by hand from the rule: multiples of 1, 2, 5 × 10ⁿ."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstep.tui.charts.axis import (
    ValueAxis,
    nice,
    recent_range,
    step_label,
    step_ticks,
    value_axis,
    value_ticks,
    whole_range,
)


def scale(*values: float, log: bool = False, before: ValueAxis | None = None) -> ValueAxis:
    return value_axis(np.array(values), log=log, before=before)


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (1.1, 2), (0.021, 0.05), (51, 100), (7e-9, 1e-8)])
def test_nice_sizes(size: float, expected: float) -> None:
    assert nice(size) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (0, (0, 10)),
        (7, (0, 10)),
        (101, (0, 150)),
        (200, (0, 200)),
        (201, (0, 300)),
        (999_999, (0, 1_000_000)),
    ],
)
def test_whole_range_ends_on_strides(last: int, expected: tuple[int, int]) -> None:
    assert whole_range(0, last) == expected


def test_whole_range_changes_few_times_per_decade() -> None:
    ranges = [whole_range(0, n) for n in range(100, 1000)]
    assert len(set(ranges)) <= 8
    assert all(
        low == 0 and n <= high <= 1.6 * n for n, (low, high) in zip(range(100, 1000), ranges, strict=True)
    )


def test_recent_range_holds_its_steps_and_moves_by_strides() -> None:
    ranges = [recent_range(last, 100) for last in range(1000, 1100)]
    assert all(
        low <= last - 99 and last <= high for last, (low, high) in zip(range(1000, 1100), ranges, strict=True)
    )
    assert len(set(ranges)) <= 6
    assert recent_range(3, 100) == whole_range(0, 3)


@pytest.mark.parametrize(
    ("step", "label"),
    [(0, "0"), (500, "500"), (9999, "9999"), (20_000, "20k"), (1_500_000, "1.5M"), (10_001, "10001")],
)
def test_step_labels_are_short_and_exact(step: int, label: str) -> None:
    assert step_label(step) == label


@given(st.integers(0, 10**7), st.integers(10, 10**7), st.integers(4, 150))
def test_step_ticks_leave_room_between_their_labels(low: int, span: int, width: int) -> None:
    ticks = step_ticks(low, low + span, width)
    if len(ticks) > 2:
        gap = (ticks[1].place - ticks[0].place) * width
        assert gap >= max(len(t.label) for t in ticks) + 2
    assert all(0 <= t.place <= 1 for t in ticks)


def test_linear_bounds_are_multiples_of_a_nice_stride() -> None:
    bounds = scale(0.03, 2.27)
    assert (bounds.low, bounds.high) == (0, 3)
    assert [t.label for t in value_ticks(bounds, 6)] == ["     0", "     1", "     2", "     3"]


def test_log_bounds_and_labels() -> None:
    wide = scale(3e-9, 0.2, log=True)
    assert (wide.low, wide.high) == (-9, 0)
    assert [t.label.strip() for t in value_ticks(wide, 20)] == ["1e-8", "1e-6", "1e-4", "1e-2", "1e0"]
    narrow = scale(0.03, 0.3, log=True)
    assert 10**narrow.low == pytest.approx(0.02)
    assert 10**narrow.high == pytest.approx(0.5)


def test_axis_is_kept_until_values_leave_it_or_shrink() -> None:
    first = scale(0.0, 1.9)
    assert scale(0.1, 1.0, before=first) is first
    assert scale(0.1, 2.5, before=first) is not first
    assert scale(0.1, 0.2, before=first) is not first
    assert scale(0.1, 1.0, log=True, before=first).log


@pytest.mark.parametrize("value", [0.3, -2.0, 0.0, 5e-324, 1e-300, 1e308, -1e308, 1e16])
def test_constant_lies_inside_axis(value: float) -> None:
    place = scale(value, value).place(np.array([value]))
    assert 0.2 <= place[0] <= 0.9


def test_axis_of_largest_floats_ends_with_them() -> None:
    """A quarter of the range is 8.99e307, so the stride is 1e308; 2e308 would be no float."""
    largest = sys.float_info.max
    bounds = scale(-largest, largest)
    assert (bounds.low, bounds.high) == (-largest, largest)
    assert bounds.place(np.array([-largest, 0.0, 1e308, largest])).tolist() == pytest.approx(
        [0, 0.5, 0.5 + 0.5 / 1.797693, 1], abs=1e-6
    )
    assert [t.label.strip() for t in value_ticks(bounds, 9)] == ["-1e308", "0", "1e308"]


def test_numbers_apart_by_rounding_are_a_constant() -> None:
    """Half the range is the nice size above 0.481/5, which is 0.1; so is the stride."""
    bounds = scale(0.48101680983971934, 0.4810168098397193)
    assert (bounds.low, bounds.high) == pytest.approx((0.381, 0.581), abs=1e-3)
    assert [t.label.strip() for t in value_ticks(bounds, 6)] == ["0.4", "0.5"]


def test_big_and_small_labels() -> None:
    assert [t.label.strip() for t in value_ticks(ValueAxis(0, 40_000), 6)] == ["0", "20k", "40k"]
    assert [t.label.strip() for t in value_ticks(ValueAxis(0, 4e-5), 4)] == ["0", "2e-5", "4e-5"]
    assert [t.label.strip() for t in value_ticks(ValueAxis(0.0312, 0.0314), 4)] == [
        "0.0312",
        "0.0313",
        "0.0314",
    ]


UNITS = {"k": 3, "M": 6, "G": 9, "T": 12}
finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=300)
@given(st.lists(finite, min_size=1, max_size=5), st.integers(-2, 60))
def test_any_values_lie_on_their_axis(values: list[float], rows: int) -> None:
    bounds = scale(*values)
    assert -sys.float_info.max <= bounds.low < bounds.high <= sys.float_info.max
    slack = 1e-6 * (bounds.high / 2 - bounds.low / 2)
    assert bounds.low - slack <= min(values) <= max(values) <= bounds.high + slack
    ticks = value_ticks(bounds, rows)
    labels = [tick.label for tick in ticks]
    assert len(set(labels)) == len(labels) >= 2
    assert len({len(label) for label in labels}) == 1
    assert [tick.place for tick in ticks] == sorted({tick.place for tick in ticks})
    for tick in ticks:  # a label is the number at its place
        number = float(tick.label.translate({ord(unit): f"e{zeros}" for unit, zeros in UNITS.items()}))
        at = bounds.place(np.array([number])).item()
        assert at == pytest.approx(tick.place, abs=0.06)


@settings(max_examples=200)
@given(
    st.lists(st.floats(min_value=5e-324, allow_infinity=False), min_size=1, max_size=5), st.integers(-2, 60)
)
def test_any_positive_values_lie_on_their_log_axis(values: list[float], rows: int) -> None:
    bounds = scale(*values, log=True)
    places = bounds.place(np.array(values))
    assert bounds.low < bounds.high
    assert ((places >= 0) & (places <= 1)).all()
    labels = [t.label for t in value_ticks(bounds, rows)]
    assert len(set(labels)) == len(labels) >= 2
