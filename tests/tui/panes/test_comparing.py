"""Results kept and compared in the tabs on probes, and odd numbers in them."""

import dataclasses

import numpy as np
import probe_results as made
import pytest
from fake_engine import bench, classifier
from probe_tabs import RESULTS, SMALL, TABS, WIDTHS, at, broken, drawn, said, tell


async def test_kept_result_is_shown_beside_a_later_one():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await tell(b, "step", made.step(20))
        await b.press("c")
        await at(b, 1)
        await tell(b, "step", made.step(21, actual=-0.022))
        shown = b.text("#step")
        assert "at step 21, kept: step 20" in shown
        assert "here       kept" in shown
        assert "actual Δ       -0.02200   -0.01100" in shown
        assert "kept         4.612" in said(b)
        await b.press("t")
        assert "kept at step 20; t turns back" in b.text("#step")
        assert "t back" in b.key_bar()
        assert "actual Δ       -0.01100  dᵀg" in b.text("#step")
        assert "-0.02200" not in b.text("#step")
        await b.press("t")
        assert "actual Δ       -0.02200   -0.01100" in b.text("#step")
        assert "c keep  C drop  t kept" in b.key_bar()
        await b.press("c")
        assert "kept to compare with" in b.text("#step")
        assert "c drop  C with last" in b.key_bar()
        await b.press("t")
        assert "The kept result is the one shown. Move to another step" in b.text("#transport")
        await b.press("C")
        assert "kept: step 20" in b.text("#step")
        await b.press("C")
        assert "kept" not in b.text("#step")
        await b.press("c", "c")
        assert "kept" not in b.text("#step")


async def test_key_without_anything_to_compare_says_what_to_press():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await b.press("c")
        assert "Nothing to keep yet. Press enter to compute it." in b.text("#transport")
        await tell(b, "step", made.step(20))
        await b.press("t")
        assert "Nothing is kept yet. Press c, then" in b.text("#transport")
        await b.press("C")
        assert "Nothing to compare with yet. Press c" in b.text("#transport")
        await b.press("c")
        assert "Nothing to compare with" not in b.text("#transport")


TITLES = ["here:", "step", "21", "kept:", "step", "20"]


@pytest.mark.parametrize("preset", TABS)
async def test_every_tab_compares(preset):
    async with bench(preset, size=SMALL) as b:
        await at(b, 20)
        for key, name, make in TABS[preset]:
            await b.press(key)
            await tell(b, name, make(20))
            await b.press("c")
        await at(b, 1)
        for key, name, make in TABS[preset]:
            await b.press(key)
            await tell(b, name, make(21))
            assert "at step 21, kept: step 20" in said(b), (key, name)
            await b.press("t")
            assert "kept at step 20; t turns back" in said(b), (key, name)
            await b.press("t")
            assert "at step 21, kept: step 20" in said(b), (key, name)


EVERY_TAB = [(preset, name, make) for preset, tabs in TABS.items() for _, name, make in tabs]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("preset", "name", "make"), EVERY_TAB)
def test_two_results_fit_any_width(preset, name, make, width):
    lines = drawn(preset, name, make(20), make(21), width=width)
    assert any("at step 21, kept: step 20" in line for line in lines)
    titles = [line for line in lines if line.split() == TITLES]
    pictured = name not in ("step", "curvature", "spectrum") and make is not made.function
    if pictured and width > min(WIDTHS):
        assert len(titles) == 1
        assert max(map(len, lines[2:])) <= width


ODD = {
    "linear-1-layer": [
        *((key, name, broken(make(20))) for key, name, make in TABS["linear-1-layer"] if name != "samples"),
        ("7", "curvature", made.curvature(20, threshold=None)),
        ("8", "samples", made.ramp(20, bad=True)),
    ],
    "identity-1-layer": [
        ("8", "samples", made.copied(20, bad=True)),
        ("9", "function", broken(made.function(20))),
    ],
}


@pytest.mark.parametrize("preset", ODD)
async def test_odd_numbers_are_shown(preset):
    async with bench(preset, size=SMALL) as b:
        await at(b, 20)
        for key, name, result in ODD[preset]:
            await b.press(key)
            await tell(b, name, dataclasses.replace(result, position=19))
            await tell(b, name, result)
            assert "at step 20" in said(b), (key, name)


@pytest.mark.parametrize("name", ["layers", "curvature", "spectrum"])
@pytest.mark.parametrize("kept", [False, True])
def test_numbers_stay_in_their_line_where_it_is_narrow(name, kept):
    width, result = min(WIDTHS), RESULTS[name](20)
    if name == "curvature":
        result = dataclasses.replace(result, largest=np.array([2.25, 1.9, -1.75e-10, 1e-9, 1e-10]))
    elif name == "layers":
        ends = np.linspace(-1.39e-4, 1.39e-4, 33)
        layer = dataclasses.replace(
            result.layers[0], gradients=dataclasses.replace(result.layers[0].gradients, edges=ends)
        )
        result = dataclasses.replace(result, layers=(layer,))
    later = [dataclasses.replace(result, position=21)] if kept else []
    lines = drawn("linear-1-layer", name, result, *later, width=width)
    numbers = [line for line in lines if line[:1].isdigit() or "λ" in line or "…" in line]
    rows = [line for line in lines if "solved" in line or "steps left" in line]
    assert all(len(line) <= width for line in numbers + rows), lines
    assert numbers or rows
