"""The moving average against its recurrence, written as a loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstep.tui.charts.smooth import Smoother


def _loop(values: np.ndarray, factor: float) -> list[float]:
    state, correction, averages = 0.0, 1.0, []
    for value in values.tolist():
        if not np.isfinite(value):
            averages.append(np.nan)
            continue
        state = factor * state + (1 - factor) * value
        correction *= factor
        averages.append(state / (1 - correction))
    return averages


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(np.nan) | st.just(np.inf), max_size=300),
    st.sampled_from((0.1, 0.9, 0.99, 0.999)),
    st.integers(1, 6),
)
def test_average_in_pieces_equals_recurrence(values: list[float], factor: float, pieces: int) -> None:
    array = np.array(values, dtype=np.float64)
    smoother = Smoother(factor)
    got = np.concatenate([smoother.push(piece) for piece in np.array_split(array, pieces)])
    np.testing.assert_allclose(got, _loop(array, factor), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, 5e-324, 3.0])
def test_average_of_constant_is_the_constant(value: float) -> None:
    """The correction makes this true from the first value on."""
    got = Smoother(0.99).push(np.full(200, value))
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-300)
