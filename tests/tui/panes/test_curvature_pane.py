"""The tab on curvature: eigenvalues, their history, directions, the map."""

import dataclasses

import numpy as np
import probe_results as made
import pytest
from fake_engine import bench, classifier
from probe_tabs import SMALL, WIDTHS, asked, at, drawn, said, tell

from gradstep.engine.probes.budget import QUICK
from gradstep.engine.worker.commands import Probe
from gradstep.engine.worker.events import BranchInfo, BranchList, MeasuredValues


async def test_curvature_has_its_threshold_and_history():
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 19, "7")
        await tell(b, "curvature", made.curvature(18, 26.0))
        await tell(b, "curvature", made.curvature(19, 30.0))
        await tell(b, "surface", made.surface(19))
        shown = b.text("#curvature")
        for says in (
            "2/η = 20.00",
            "1.50",
            "at 2 positions",
            "largest λ",
            "◉",
            "•",
            "Nothing lower on this",
            "on 1,500 samples",
        ):
            assert says in shown, shown


@pytest.mark.parametrize("width", WIDTHS)
def test_map_names_no_lowest_point_above_the_loss_here(width):
    def shown(result):
        return " ".join(" ".join(drawn("exam-full-batch", "surface", result, width=width)).split())

    between = dataclasses.replace(made.surface(), losses=np.full((25, 25), 1.899e5), loss=26.58)
    text = shown(between)  # a valley between the grid's points
    assert "◉" in text
    assert "×" not in text
    for word in ("Nothing lower", "1.899e+05", "narrower", "the path of the run", "leaves this plane"):
        assert word in text
    assert "× lowest: 0.000" in shown(dataclasses.replace(made.surface(), loss=0.5))
    assert "Nothing lower" in shown(made.surface())
    assert "narrower" not in shown(made.surface())


async def test_map_is_scrolled_into_sight_when_v_has_drawn_it():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await tell(b, "curvature", made.curvature(20, 24.0))
        await b.press("v")
        await tell(b, "surface", made.surface())
        pane = b.app.explorer.inspector.probe_pane
        await b.until(lambda: 0 < pane.max_scroll_y == pane.scroll_y)
        await b.press(*["up"] * 30)
        await tell(b, "curvature", made.curvature(20, 25.0))
        assert pane.scroll_y == 0


async def test_enter_renews_the_map():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        assert "v draws it" in said(b)
        await b.press("enter")
        assert [each.name for each in asked(b)] == ["curvature"]
        await tell(b, "curvature", made.curvature())
        await b.press("v")
        await tell(b, "surface", made.surface())
        await b.press("enter")
        assert len(asked(b)) == 2  # all of it is of here
        await at(b, 1)
        assert said(b).count("of step 20; enter computes it here") == 2
        await b.press("enter")
        assert [each.name for each in asked(b)[2:]] == ["curvature", "surface"]
        await b.press("escape")
        assert said(b).count("cancelled; enter tries again") == 2
        await b.press("enter")
        assert [each.name for each in asked(b)[4:]] == ["curvature", "surface"]


async def test_map_beside_another_has_the_same_window():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await tell(b, "surface", made.surface(20))
        await b.press("c")
        await at(b, 1)
        await b.press("v")
        window = ((-1.0, 1.0), (-2.0, 2.0))
        assert asked(b)[-1] == Probe("surface", {"budget": QUICK, "window": window})


async def test_learning_rate_is_spelled_in_ascii():
    async with bench(classifier(), size=SMALL) as b:
        b.app.ascii = True
        await at(b, 20, "7")
        await tell(b, "curvature", made.curvature(20, 24.0))
        assert "2/eta = 20.00" in said(b)
        assert "within +-0.0020" in said(b)


def edge_measured():
    """The sharpness at every tenth of 40 steps, through a threshold of 20."""
    positions = np.arange(0, 41, 10)
    sharpness = np.array([10.0, 15.0, 20.0, 25.0, 30.0])
    return MeasuredValues(
        0, (("sharpness", positions, sharpness), ("stability_limit", positions, np.full(5, 20.0)))
    )


async def test_sharpness_measured_by_the_run_is_a_line():
    """A preset's schedule, or a condition, measures on the way: no position has to be asked for."""
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 40, "7")
        b.engine.tell(edge_measured())
        await b.settled()
        shown = b.text("#curvature")
        assert "sharpness / its threshold, known at 5 positions; faint: the threshold" in shown
        assert "1.50 at step 40" in shown
        assert shown.count("●") == 5


async def test_sharpness_has_probed_values_beside_measured_ones():
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 40, "7")
        await tell(b, "curvature", made.curvature(33, 40.0, samples=1000))
        await tell(b, "curvature", made.curvature(40, 29.0))  # measured there as well: 30
        b.engine.tell(edge_measured())
        await b.settled()
        shown = b.text("#curvature")
        assert "known at 6 positions; faint: the threshold" in shown
        drawn = shown[shown.index("sharpness /") :]
        assert (drawn.count("●"), drawn.count("○")) == (5, 2)  # one in the words
        assert "1.50 at step 40; ○ on a part of the samples" in drawn
        top = next(line for line in drawn.splitlines()[1:] if line.strip())
        assert "○" in top  # 40 / 20 is the greatest


async def test_sharpness_is_absolute_without_a_limit_everywhere():
    """As where `m` draws the sharpness alone: nothing that is known is left out."""
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 40, "7")
        b.engine.tell(MeasuredValues(0, (("sharpness", np.array([0, 10]), np.array([10.0, 15.0])),)))
        await tell(b, "curvature", made.curvature(40, 29.0))
        drawn = b.text("#curvature").split("sharpness, known")[1]
        assert drawn.startswith(" at 3 positions")
        assert drawn.count("●") == 3


async def test_sharpness_of_two_branches_shares_axes():
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 20, "7")
        for position, measured in ((10, 5.0), (20, 10.0)):
            await tell(b, "curvature", made.curvature(position, measured))
        await b.press("c")
        branches = (BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "slower", 0, 0, ()))
        b.engine.tell(BranchList(branches, 1))
        await b.settled()
        for position, measured in ((0, 40.0), (5, 30.0)):
            await tell(b, "curvature", made.curvature(position, measured), branch=1)
        lines = b.text("#curvature").splitlines()
        first = next(i for i, line in enumerate(lines) if line.split() == ["slower", "main"])
        left, right = ([line[a:e] for line in lines[first + 1 : first + 7]] for a, e in ((0, 39), (39, 78)))
        assert "●" in left[0]
        assert "●" not in "".join(right[:4])  # 0.25 and 0.5, where the other has 2 and 1.5
        assert lines[first + 7].split() == ["step", "0", "20"] * 2


async def test_spectrum_says_why_the_loss_stays():
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 200, "7")
        await tell(b, "spectrum", made.spectrum(200))
        shown = b.text("#curvature")
        for says in (
            "rank 2, beyond that",
            "100% of it is in direction 2",
            "5.527e+07 frozen",
            "4.000 solved",
        ):
            assert says in shown, shown
