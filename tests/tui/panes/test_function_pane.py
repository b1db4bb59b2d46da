"""The tab on a network that copies its input."""

import dataclasses

import numpy as np
import probe_results as made
import pytest
from fake_engine import bench
from probe_tabs import SMALL, WIDTHS, asked, at, broken, drawn, said, tell

from gradstep.engine.worker.commands import Probe


async def test_errors_are_listed_by_output():
    async with bench("identity-1-layer", size=SMALL) as b:
        await at(b, 20, "9")
        await b.press("enter")
        assert asked(b)[-1] == Probe("function")
        await tell(b, "function", made.function(exact=False))
        shown = b.text("#function")
        for says in (
            "outputs dead          3",
            "dead 6, 47, 95",
            "a lower bound",
            "575 ",
            "output 188 is the worst",
            "Not all layers are linear",
        ):
            assert says in shown, shown


@pytest.mark.parametrize("width", WIDTHS)
def test_singular_values_are_drawn_as_far_as_they_differ_from_0(width):
    lines = drawn("identity-1-layer-linear", "function", made.linear_function(), width=width)
    shown = "\n".join(lines)
    assert "span, max        0.9800" in shown
    assert "2.000 … 0.01000; faint: I" in shown
    assert "72 of 784 below 3.4e-05:\nas good as 0 in float32" in shown
    assert "e-274" not in shown
    first = next(i for i, line in enumerate(lines) if line.split() == ["σ", "1", "784"])
    chart = [line.ljust(44) for line in lines[first - 5 : first]]
    ends = [line[-3:] for line in chart]
    assert chart[0][0] != " "  # the greatest, above
    assert ends[-1].strip() == ""  # 72 of 784 columns hold nothing below the identity's line


@pytest.mark.parametrize("width", WIDTHS)
def test_singular_values_of_two_maps_stand_side_by_side(width):
    two = made.linear_function(), made.linear_function(21, 200.0)
    lines = drawn("identity-1-layer-linear", "function", *two, width=width)
    first = next(i for i, line in enumerate(lines) if line.split() == ["σ", "1", "784"] * 2)
    assert lines[first + 1].count("; faint: I") == 2
    assert max(map(len, lines[first - 6 : first + 4])) <= width


async def test_zero_map_and_nan_map_are_drawn():
    async with bench("identity-1-layer-linear", size=SMALL) as b:
        await at(b, 20, "9")
        zero = made.linear_function()
        zero = dataclasses.replace(zero, map_singular_values=np.zeros(784), map_resolution=0.0)
        await tell(b, "function", zero)
        assert "784 of 784 below" in said(b)
        await tell(b, "function", broken(made.linear_function(20)))
        assert "at step 20" in said(b)
