"""The tabs' lines for results of probes whose numbers are any floats, or of no direction at all."""

import dataclasses
import math

import numpy as np
import probe_results as made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_numbers import LARGEST, lists
from textual.content import Content

from gradstep.tui import text
from gradstep.tui.panes.curvature.directions import direction_lines
from gradstep.tui.panes.curvature.eigenvalues import eigenvalue_lines
from gradstep.tui.panes.curvature.history import SharpnessHistory, history_lines
from gradstep.tui.panes.curvature.map import map_lines
from gradstep.tui.panes.function import _function
from gradstep.tui.panes.layers import _layers
from gradstep.tui.panes.samples.labels import class_bars
from gradstep.tui.panes.samples.scatter import scatter
from gradstep.tui.panes.step import _line, _said, _step

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

TITLES = Content("here"), Content("kept")
DRAWN = {
    "step": (made.step(full=True, trials=made.trials()), lambda one, other, w: _step(w, 1, one, other)),
    "line": (made.line(), lambda one, other, w: _line(w, TITLES, one, other)),
    "layers": (made.layers(), lambda one, other, w: _layers(w, TITLES if other else None, one, other)),
    "curvature": (made.curvature(), lambda one, other, w: eigenvalue_lines(w, 1500, one, other)),
    "spectrum": (made.spectrum(), lambda one, other, w: direction_lines(w, one, other)),
    "surface": (made.surface(), lambda one, other, w: map_lines(w, TITLES, one, other)),
    "function": (made.linear_function(), lambda one, other, w: _function(w, TITLES, "float64", one, other)),
    "scatter": (made.ramp(), lambda one, other, w: scatter(one, other, w)),
}
GIVEN = {"x", "y", "multiples", "collapsed_weight", "directions"}
"""What a probe chooses, and is never odd."""


def filled(result, numbers):
    """The result with these numbers for its own."""
    changes = {}
    for field in dataclasses.fields(result):
        value = getattr(result, field.name)
        if field.name in GIVEN:
            continue
        if isinstance(value, float):
            changes[field.name] = numbers[len(changes) % len(numbers)]
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            changes[field.name] = np.resize(np.array(numbers), value.shape)
    if "shares" in changes:  # of the loss, none of which is more than all of it
        changes["loss"] = float(changes["shares"].max())
    return dataclasses.replace(result, **changes)


@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=40, deadline=None)
@given(lists().filter(len), lists(), st.sampled_from((40, 78)))
def test_results_of_any_numbers_are_drawn(name, numbers, kept, width):
    result, draw = DRAWN[name]
    other = filled(result, kept) if kept else None
    lines = list(draw(filled(result, numbers), other, width))
    assert lines
    for line in lines:
        assert max(map(len, line.plain.split()), default=0) <= 80  # no number with hundreds of digits


@settings(max_examples=60, deadline=None)
@given(lists().filter(len), lists().filter(len))
def test_any_history_of_the_sharpness_is_drawn(sharpness, limits):
    count = max(len(sharpness), 2)
    history = SharpnessHistory(
        np.arange(count, dtype=np.float64),
        np.resize(np.array(sharpness), count),
        np.resize(np.array(limits), count),
        np.zeros(count, np.bool_),
    )
    assert list(history_lines([history], [Content("main")], 78))
    assert list(history_lines([history, history], [Content("main"), Content("fork")], 78))


def test_data_without_a_direction_has_no_table_of_them():
    """One sample whose inputs are all 0, no bias: of rank 0."""
    none = np.zeros(0)
    result = dataclasses.replace(
        made.spectrum(), rank=0, eigenvalues=none, shares=none, factors=none, steps_left=none, states=()
    )
    assert not any("eigenvalue" in line.plain for line in direction_lines(78, result, None))


@pytest.mark.parametrize("value", [4.8e118, -1e300, LARGEST, math.nan, math.inf, 12.5])
def test_an_output_that_is_no_probability_stays_in_its_column(value):
    (line,) = class_bars(0, None, np.array([value]), 30)
    assert line.cell_length <= 26


def test_losses_none_of_which_is_finite_have_no_least():
    line = made.line()
    said = [each.plain for each in _said(dataclasses.replace(line, losses=np.full(25, math.nan)))]
    assert not any("least" in each for each in said)
    assert "  the loss along it is not finite" in said


def test_losses_whose_sum_overflows_are_finite():
    said = [each.plain for each in _said(dataclasses.replace(made.line(), losses=np.full(25, 1e308)))]
    assert not any("not finite" in each for each in said)


def test_a_short_number_that_is_none():
    assert [text.fitted(value, 9) for value in (math.nan, math.inf, -math.inf)] == ["NaN", "Inf", "-Inf"]
