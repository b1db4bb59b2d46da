"""The inspector's tabs on probes: what they ask for, what they show, and what they do with odd numbers."""

import dataclasses
import math

import numpy as np
import probe_results as made
import pytest
from fake_engine import bench, classifier

from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.files import load_preset
from gradstep.engine.errors import UserError
from gradstep.engine.worker.messages import (
    Branches,
    BranchInfo,
    CancelProbe,
    Changed,
    Died,
    Measured,
    Opened,
    Probe,
    Probed,
    ProbeFailed,
    Probing,
    Seek,
    SeekKiller,
    Verdicts,
)
from gradstep.tui.app import Explorer
from gradstep.tui.panes.layers import unit_of
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import COMPUTED_SHARE

SMALL = (80, 24)
RESULTS = {
    "step": made.step,
    "line": made.line,
    "layers": made.layers,
    "curvature": made.curvature,
    "spectrum": made.spectrum,
    "surface": made.surface,
    "function": made.function,
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(Explorer, "REST_SECONDS", 0.001)


def asked(b):
    """The probes asked for so far."""
    return [command for command in b.engine.sent if isinstance(command, Probe)]


async def tell(b, name, result, branch=0):
    b.probed(name, result, branch)
    await b.settled()


async def at(b, position, key=None):
    """The run stands at a position, with a tab in sight."""
    await b.advanced(position)
    await b.stopped()
    if key:
        await b.press(key)


def said(b):
    """All that the tab in sight says, also what is scrolled away."""
    return b.app.explorer.inspector.probe_pane.body.content.plain


# --- asking -----------------------------------------------------------------------------------------


async def test_the_tab_in_sight_asks_once_at_each_stop():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await b.until(lambda: asked(b) == [Probe("step")])
        await b.press("1", "5")
        assert asked(b) == [Probe("step")]
        await b.advanced(1)
        await b.stopped()
        await b.until(lambda: asked(b) == [Probe("step")] * 2)
        await b.press("6")
        await b.until(lambda: asked(b)[2:] == [Probe("layers")])


async def test_nothing_is_asked_while_running_or_out_of_sight():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await b.until(lambda: len(asked(b)) == 1)
        await tell(b, "step", made.step())
        await b.advanced(20, running=True)
        await b.press("1")
        await b.stopped()
        await b.pilot.pause(0.05)
        assert len(asked(b)) == 1
        await b.press("5")
        await b.until(lambda: len(asked(b)) == 2)


async def test_a_change_at_the_same_position_asks_again():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await b.until(lambda: len(asked(b)) == 1)
        await tell(b, "step", made.step())
        b.engine.tell(Changed(b.state.preset, 20, {"train.rule.learning_rate": 0.5}))
        await b.until(lambda: len(asked(b)) == 2)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("5", [Probe("line")]),
        ("6", [Probe("layers", {"whole": True, "ranks": True})]),
        ("7", [Probe("spectrum"), Probe("curvature", {"k": 5})]),
    ],
)
async def test_enter_asks_for_what_is_dear(key, wanted):
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 20, key)
        for name in ("step", "layers"):
            await tell(b, name, RESULTS[name]())
        b.engine.sent.clear()
        await b.press("enter")
        assert asked(b) == wanted


async def test_the_tabs_own_keys_ask_for_more():
    async with bench(classifier(), size=SMALL) as b:
        await b.opened(samples=60_000)
        await at(b, 20, "7")
        await b.press("enter", "v", "a")
        assert asked(b) == [
            Probe("curvature", {"k": 5, "samples": 5000, "tolerance": 1e-2}),
            Probe("surface", {"samples": 5000}),
            Probe("curvature", {"k": 5, "samples": None, "tolerance": 1e-2}),
        ]
        b.engine.sent.clear()
        await b.press("5", "a")
        assert Probe("step", {"full": True}) in asked(b)


async def test_the_flips_are_asked_for_and_then_their_samples():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await b.until(lambda: asked(b) == [Probe("flips")])
        await tell(b, "flips", made.flips())
        await b.until(
            lambda: asked(b)[1:] == [Probe("samples", {"chosen": (45, 46), "worst": 8, "part": "training"})]
        )
        await b.press("number_sign", *"1499", "enter")
        await b.until(
            lambda: (
                asked(b)[-1] == Probe("samples", {"chosen": (1499, 45, 46), "worst": 8, "part": "training"})
            )
        )


async def test_a_sample_s_number_is_checked():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await b.press("number_sign", *"1500", "enter")
        assert "allowed: 0 to 1,499" in b.text("#ask")


async def test_the_evidence_of_a_claim_leads_to_the_samples_that_turned():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "4")
        verdicts = tuple(Verdict(claim, "refuted", 20, 7) for claim in classifier().claim)
        b.engine.tell(Verdicts(verdicts))
        await b.settled()
        assert "8 shows whom it turned" in " ".join(b.text("#story").split())
        await b.press("down", "enter")
        assert Seek(7) in b.engine.sent
        await b.moved(7)
        await b.press("8")
        await b.until(lambda: asked(b) == [Probe("flips")])


# --- progress, cancelling, failing ------------------------------------------------------------------


async def test_progress_is_shown_and_escape_cancels():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        assert "esc cancel" not in b.key_bar()
        await b.press("enter")
        b.engine.tell(Probing("curvature", 0.42, b.request("curvature")))
        await b.settled()
        assert "computing at step 20  42%" in b.text("#curvature")
        assert "esc cancel" in b.key_bar()
        await b.press("n")
        assert b.app.state.working == ""
        await b.press("5")
        await b.until(lambda: "after curvature, 42% done" in b.text("#step"))
        await b.press("7", "escape")
        assert b.engine.sent[-1] == CancelProbe("curvature")
        assert "cancelled; enter tries again" in b.text("#curvature")
        await b.press("enter")
        assert asked(b)[-1].name == "curvature"


async def test_each_answer_is_taken_for_the_request_that_it_answers():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 19, "7")
        await b.press("enter")
        first = b.request("curvature")
        await b.advanced(1)
        await b.stopped()
        await b.press("enter")
        second = b.request("curvature")
        assert second != first
        b.engine.tell(Probing("curvature", 0.9, first))
        await b.settled()
        assert "computing at step 20 …" in b.text("#curvature")
        b.engine.tell(Probed("curvature", 19, 0, made.curvature(19, 26.0), 0.1, first))
        await b.settled()
        assert "computing at step 20 …" in b.text("#curvature")
        assert b.state.probes.found["curvature"].place.position == 19
        b.engine.tell(ProbeFailed("curvature", "cancelled", first))
        b.engine.tell(Probed("curvature", 20, 0, made.curvature(20, 30.0), 0.1, second))
        await b.settled()
        assert "at step 20" in b.text("#curvature")
        assert "30.00" in b.text("#curvature")


async def test_a_late_answer_to_an_earlier_request_stands_behind_the_later_ones():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 19, "6")
        await b.press("enter")  # looks at all samples: dear
        dear = b.request("layers")
        await b.advanced(1)
        await b.stopped()
        await b.until(lambda: asked(b)[-1] == Probe("layers"))
        await tell(b, "layers", made.layers(20, distinct=63))
        b.engine.tell(Probed("layers", 19, 0, made.layers(19, dead=np.array([7])), 9.0, dear))
        await b.settled()
        assert "63 distinct" in b.text("#layers")
        await b.press("C")
        assert "(kept 1)" in b.text("#layers")


async def test_an_answer_about_another_run_is_not_taken():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await b.press("enter")
        request = b.request("curvature")
        await b.opened()
        await at(b, 19)
        b.engine.tell(Probed("curvature", 19, 0, made.curvature(19, 30.0), 0.1, request))
        await b.settled()
        assert b.state.probes.found == {}


async def test_cheap_probes_follow_a_run_and_take_a_share_of_its_time(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("gradstep.tui.state.probes.monotonic", lambda: clock[0])
    async with bench(classifier(), size=SMALL) as b:
        await b.advanced(5, running=True)
        await b.press("6")
        await b.until(lambda: asked(b) == [Probe("layers")])
        await b.advanced(5, running=True)
        assert len(asked(b)) == 1  # it is not answered yet
        b.probed("layers", made.layers(7), seconds=2.0)
        await b.advanced(5, running=True)
        assert "at step 7" in b.text("#layers")
        assert "64 units" in b.text("#layers")
        clock[0] += 2.0 / COMPUTED_SHARE - 1.0
        await b.advanced(5, running=True)
        assert len(asked(b)) == 1
        clock[0] += 1.0
        await b.advanced(5, running=True)
        assert asked(b) == [Probe("layers")] * 2
        await b.press("8")
        await b.advanced(5, running=True)
        assert len(asked(b)) == 2  # the samples are dear


async def test_a_failure_says_why():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        b.engine.tell(ProbeFailed("step", "MemoryError: \x1b[31mno", b.request("step")))
        await b.settled()
        assert "✗ MemoryError: \ufffd[31mno" in b.text("#step")


async def test_a_dead_engine_computes_nothing():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await b.press("enter")
        b.engine.tell(Died(1, ""))
        await b.settled()
        await b.press("escape")
        assert "computing" not in b.text("#curvature")
        b.engine.sent.clear()
        await b.press("enter")
        assert asked(b) == []


# --- results ----------------------------------------------------------------------------------------


async def test_the_step_is_told_in_words_and_numbers():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await tell(b, "step", made.step(full=True, trials=made.trials(), remark="not\x1b downhill"))
        await tell(b, "line", made.line())
        shown = said(b)
        for says in (
            "as the quadratic predicts",
            "not\ufffd downhill",
            "dᵀg+dᵀHd/2     -0.01095",
            "layer2       1.830     0.3022  1.000e-09",
            "vanishing gradient",
            "0.5000      2.310          2  taken",
            "cos(batch g)     0.9700",
            "●",
            "▼ ×1.5",
        ):
            assert says in shown


async def test_the_two_changes_of_the_loss_are_told_apart_where_there_are_batches():
    async with bench(classifier(), size=(120, 40)) as b:
        await b.opened(batches=12)
        await at(b, 20, "5")
        await tell(b, "step", made.step(20))
        assert "the bottom line's Δ: from batch to batch" in b.text("#step")
        assert "Δ between batches" in b.text("#transport")


async def test_the_layers_are_drawn_and_counted():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        since = np.array([3, 12, 12, 12, 15])
        singular = np.array([3.5, 0.1])
        await tell(b, "layers", made.layers(silent_since=since, rank=60, singular_values=singular))
        shown = b.text("#layers")
        for says in (
            "64 units, 1 distinct",
            "1 group; 0–63; 1 distinct gradient",
            "▁▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇██ -0.600 … 2.66",
            "silent     5 of 64: 3, 7–9, 40",
            "since      the update of step 2: unit 3; of step 11: 3 units; later: 1",
            "60 of the weights",
        ):
            assert says in shown, shown


async def test_units_are_gone_through_and_their_killer_is_gone_to():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        await tell(b, "layers", made.layers())
        assert "1 of 5 silent › unit 3 of layer1  silent on every batch so far" in b.text("#layers")
        assert "enter looks whether it is dead" in b.text("#layers")
        await b.press("full_stop")
        assert "‹ 2 of 5 silent › unit 7 of layer1  silent since the update of step 11" in b.text("#layers")
        await b.press(*["full_stop"] * 9)
        assert "‹ 5 of 5 silent   unit 40 of layer1  silent since the update of step 19" in b.text("#layers")
        await tell(b, "layers", made.layers(dead=np.array([8, 9])))
        assert "‹ 2 dead   unit 40" in b.text("#layers")
        assert "not dead: other training samples" in b.text("#layers")
        await b.press("comma")
        assert "‹ 2 of 2 dead   unit 9 of layer1" in b.text("#layers")
        assert "dead on all training samples; x goes to the update that killed it" in b.text("#layers")
        assert "x killer" in b.key_bar()
        await b.press("x")
        assert b.engine.sent[-1] == SeekKiller(0, 9)
        await b.press("c")
        await at(b, 1)
        await tell(b, "layers", made.layers(21, distinct=63))
        assert "x killer" in b.key_bar()
        assert "C drop  t kept" in b.key_bar()
        assert all(len(line) <= 78 for line in said(b).splitlines())
        await b.opened()
        await tell(b, "layers", made.layers(0))
        assert "unit 3 of layer1" in said(b)  # the unit 9 was one of the run before


async def test_a_unit_is_shown_by_its_number():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        await tell(b, "layers", made.layers(silent_since=np.array([20, 20, 20, 20, 20]), watched_from=20))
        assert "silent since step 20 at least" in b.text("#layers")
        await b.press("number_sign", *"63", "enter")
        assert "unit 63 of layer1  fires on this batch" in b.text("#layers")
        await b.press("number_sign", *"2:4", "enter")  # of a layer that the result does not have
        assert "unit 3 of layer1" in b.text("#layers")


@pytest.mark.parametrize(
    ("typed", "unit"), [("17", (0, 17)), (" 2:9 ", (1, 9)), ("1:0", (0, 0)), ("1 : 63", (0, 63))]
)
def test_a_unit_is_typed(typed, unit):
    found = unit_of(typed, [64, 10])
    assert (found.layer, found.number) == unit


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "allowed: a unit's number"),
        ("x", "given 'x'"),
        ("-1", "allowed: a unit's number"),
        ("1:2:3", "allowed: a unit's number"),
        ("²", "allowed: a unit's number"),
        ("64", "layer1 has no unit 64; allowed: 0 to 63"),
        ("2:10", "layer2 has no unit 10; allowed: 0 to 9"),
        ("0:1", "no layer 0; allowed: 1 to 2"),
        ("3:1", "no layer 3"),
    ],
)
def test_a_unit_that_is_none_is_refused(typed, says):
    with pytest.raises(UserError, match=says):
        unit_of(typed, [64, 10])


async def test_layers_without_silent_units_have_no_keys_for_them():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        await tell(b, "layers", made.layers(silent=None, silent_since=None, watched_from=None))
        assert "killer" not in b.key_bar()
        await b.press("x", "full_stop")
        assert not [sent for sent in b.engine.sent if isinstance(sent, SeekKiller)]


async def test_the_curvature_stands_against_its_threshold_and_its_history():
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


def narrow(position=20):
    """A valley between the grid's points: at all of them the loss is above the one here."""
    return dataclasses.replace(made.surface(position), losses=np.full((25, 25), 1.899e5), loss=26.58)


@pytest.mark.parametrize("size", [SMALL, (120, 40), (60, 20)])
async def test_a_map_claims_no_lowest_that_is_above_here(size):
    async with bench(classifier(), size=size) as b:
        await at(b, 20, "7")
        await tell(b, "surface", narrow())
        shown = " ".join(said(b).split())
        assert "◉" in shown
        assert "×" not in shown
        for word in ("Nothing lower", "1.899e+05", "narrower", "the path of the run", "leaves this plane"):
            assert word in shown
        await tell(b, "surface", dataclasses.replace(made.surface(), loss=0.5))
        assert "× lowest: 0.000" in said(b)
        await tell(b, "surface", made.surface())
        assert "Nothing lower" in said(b)
        assert "narrower" not in said(b)


async def test_the_map_comes_in_sight_when_v_has_drawn_it():
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


async def test_the_rate_has_a_word_in_ascii():
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
    return Measured(
        0, (("sharpness", positions, sharpness), ("stability_limit", positions, np.full(5, 20.0)))
    )


async def test_the_edge_is_a_line_over_what_the_run_measured():
    """A preset's schedule, or a condition, measures on the way: no position has to be asked for."""
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 40, "7")
        b.engine.tell(edge_measured())
        await b.settled()
        shown = b.text("#curvature")
        assert "sharpness / its threshold, known at 5 positions; faint: the threshold" in shown
        assert "1.50 at step 40" in shown
        assert shown.count("●") == 5


async def test_the_edge_has_what_was_asked_for_beside_what_the_run_measured():
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


async def test_without_a_limit_everywhere_the_edge_is_the_sharpness_itself():
    """As where `m` draws the sharpness alone: nothing that is known is left out."""
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 40, "7")
        b.engine.tell(Measured(0, (("sharpness", np.array([0, 10]), np.array([10.0, 15.0])),)))
        await tell(b, "curvature", made.curvature(40, 29.0))
        drawn = b.text("#curvature").split("sharpness, known")[1]
        assert drawn.startswith(" at 3 positions")
        assert drawn.count("●") == 3


async def test_enter_renews_the_map_that_v_has_drawn():
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


async def test_the_edges_of_two_branches_have_the_same_axes():
    async with bench(classifier(), size=(80, 40)) as b:
        await at(b, 20, "7")
        for position, measured in ((10, 5.0), (20, 10.0)):
            await tell(b, "curvature", made.curvature(position, measured))
        await b.press("c")
        branches = (BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "slower", 0, 0, ()))
        b.engine.tell(Branches(branches, 1))
        await b.settled()
        for position, measured in ((0, 40.0), (5, 30.0)):
            await tell(b, "curvature", made.curvature(position, measured), branch=1)
        lines = b.text("#curvature").splitlines()
        first = next(i for i, line in enumerate(lines) if line.split() == ["slower", "main"])
        left, right = ([line[a:e] for line in lines[first + 1 : first + 7]] for a, e in ((0, 39), (39, 78)))
        assert "●" in left[0]
        assert "●" not in "".join(right[:4])  # 0.25 and 0.5, where the other has 2 and 1.5
        assert lines[first + 7].split() == ["step", "0", "20"] * 2


async def test_the_spectrum_says_why_the_loss_stays():
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


async def test_samples_are_gone_through():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "flips", made.flips())
        await tell(b, "samples", made.labelled())
        shown = b.text("#samples")
        assert "mistakes 1,188 → 1,190 of 1,500" in shown
        assert "1 of 4 listed" in shown
        assert "#45 turned wrong" in shown
        assert shown.count("▀") == 28 * 14
        assert "0.080 → 0.280" in shown
        await b.press("full_stop", "down")
        assert "#1 among the worst" in b.text("#samples")
        await b.press("comma")
        assert "#46 turned right" in b.text("#samples")
        await b.press(*["comma"] * 5)
        assert "#45" in b.text("#samples")


async def test_before_the_first_update_samples_will_turn():
    async with bench(classifier(), size=SMALL) as b:
        await b.stopped()
        await b.press("8")
        await tell(b, "flips", made.flips(0))
        await tell(b, "samples", made.labelled(position=0))
        shown = b.text("#samples")
        assert "What the first update will turn" in shown
        assert "5 wrong, 3 right" in shown
        assert "#45 will turn wrong" in shown


async def test_the_validation_samples_have_a_list_of_their_own():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "flips", made.flips())
        await tell(b, "samples", made.labelled())
        await b.press("v")
        validation = {"chosen": (), "worst": 8, "part": "validation"}
        await b.until(lambda: asked(b)[-1] == Probe("samples", validation))
        assert "Validation" in b.text("#samples")
        assert "#45" not in b.text("#samples")
        found = dataclasses.replace(made.labelled(()), part="validation", samples=300, mistakes=17)
        await tell(b, "samples", found)
        assert "17 of 300 wrong" in b.text("#samples")
        assert "1 of 2" in b.text("#samples")
        assert "#1 among the worst" in b.text("#samples")
        await b.press("number_sign", *"300", "enter")
        assert "allowed: 0 to 299" in b.text("#ask")
        await b.press(*["backspace"] * 3, *"299", "enter")
        assert asked(b)[-1] == Probe("samples", {**validation, "chosen": (299,)})
        await b.press("v")
        await b.until(lambda: asked(b)[-1].options["part"] == "training")
        assert "#45 turned wrong" in b.text("#samples")


async def test_the_identity_s_samples_stand_side_by_side():
    async with bench("identity-1-layer", size=SMALL) as b:
        await at(b, 20, "8")
        await b.until(lambda: asked(b) == [Probe("samples", {"chosen": (), "worst": 8, "part": "training"})])
        await tell(b, "samples", made.copied())
        shown = b.text("#samples")
        assert "#13650 among the worst" in shown
        assert "largest error 255.0" in shown
        assert "difference" in shown
        assert shown.count("▀") == 3 * 24 * 12


async def test_the_ramp_s_samples_are_a_scatter():
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "samples", made.ramp())
        shown = b.text("#samples")
        assert "output over target" in shown
        assert "99          99.00      92.10" in shown


async def test_the_function_s_errors_are_listed():
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


@pytest.mark.parametrize("size", [SMALL, (60, 20), (120, 40)])
async def test_the_map_s_singular_values_are_drawn_as_far_as_they_are_told_from_0(size):
    async with bench("identity-1-layer-linear", size=size) as b:
        await at(b, 20, "9")
        await tell(b, "function", made.linear_function())
        lines = said(b).splitlines()
        shown = "\n".join(lines)
        assert "span, max        0.9800" in shown
        assert "2.000 … 0.01000; faint: I" in shown
        assert "72 of 784 below 3.4e-05:\nas good as 0 in float32" in shown
        assert "e-274" not in shown
        first = next(i for i, line in enumerate(lines) if line.split() == ["σ", "1", "784"])
        drawn = [line.ljust(44) for line in lines[first - 5 : first]]
        ends = [line[-3:] for line in drawn]
        assert drawn[0][0] != " "  # the greatest, above
        assert ends[-1].strip() == ""  # 72 of 784 columns hold nothing below the identity's line
        await b.press("c")
        await at(b, 1)
        await tell(b, "function", made.linear_function(21, 200.0))
        lines = said(b).splitlines()
        first = next(i for i, line in enumerate(lines) if line.split() == ["σ", "1", "784"] * 2)
        assert lines[first + 1].count("; faint: I") == 2
        room = b.app.explorer.inspector.probe_pane.size.width
        assert max(map(len, lines[first - 6 : first + 4])) <= room


async def test_a_map_that_is_zero_and_one_that_is_none():
    async with bench("identity-1-layer-linear", size=SMALL) as b:
        await at(b, 20, "9")
        zero = made.linear_function()
        zero = dataclasses.replace(zero, map_singular_values=np.zeros(784), map_resolution=0.0)
        await tell(b, "function", zero)
        assert "784 of 784 below" in said(b)
        await tell(b, "function", broken(made.linear_function(20)))
        assert "at step 20" in said(b)


@pytest.mark.parametrize("key", "789")
async def test_a_result_of_another_position_is_dimmed_and_says_of_which(key):
    preset = "identity-1-layer" if key == "9" else classifier()
    name, result = {
        "7": ("curvature", made.curvature()),
        "8": ("flips", made.flips()),
        "9": ("function", made.function()),
    }[key]
    async with bench(preset, size=SMALL) as b:
        await at(b, 20, key)
        await tell(b, name, dataclasses.replace(result, position=19))
        shown = b.app.explorer.inspector.probe_pane
        assert "at step 19" not in b.text(f"#{shown.id}")
        await b.advanced(1, running=True)
        await b.until(lambda: "of step 19; enter computes it here" in b.text(f"#{shown.id}"))
        assert any("dim" in str(span.style) for span in shown.body.content.spans)


async def test_a_tab_that_says_nothing_of_the_run_says_so():
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 20, "9")
        await b.press("enter")
        assert asked(b) == []
        says = "Not available here: needs targets that are the inputs themselves."
        assert says in said(b)


def test_what_is_unmet_is_told_from_the_preset():
    assert unmet("flips", load_preset("linear-1-layer"))
    assert unmet("spectrum", load_preset("exam-full-batch"))
    assert not unmet("spectrum", load_preset("identity-1-layer-linear"))
    assert not unmet("step", load_preset("exam-full-batch"))


async def test_another_run_forgets_the_results():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await tell(b, "step", made.step())
        b.engine.tell(Opened(classifier(), b.state.info))
        await b.settled()
        assert "as the quadratic predicts" not in b.text("#step")


# --- comparing --------------------------------------------------------------------------------------


async def test_a_marked_result_stands_beside_a_later_one():
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


async def test_a_key_that_has_nothing_to_compare_says_what_to_press():
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


TABS = {
    "linear-1-layer": [
        ("5", "step", made.step),
        ("5", "line", made.line),
        ("6", "layers", made.layers),
        ("7", "curvature", made.curvature),
        ("7", "spectrum", made.spectrum),
        ("7", "surface", made.surface),
        ("8", "samples", made.ramp),
    ],
    "identity-1-layer": [("8", "samples", made.copied), ("9", "function", made.function)],
    "identity-1-layer-linear": [("9", "function", made.linear_function)],
}


@pytest.mark.parametrize("preset", TABS)
@pytest.mark.parametrize("size", [SMALL, (60, 20), (120, 40)])
async def test_every_tab_compares_at_every_size(preset, size):
    async with bench(preset, size=size) as b:
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


TITLES = ["here:", "step", "21", "kept:", "step", "20"]


@pytest.mark.parametrize("preset", TABS)
@pytest.mark.parametrize("size", [SMALL, (120, 40)])
async def test_pictures_stand_side_by_side_under_where_they_are_from(preset, size):
    async with bench(preset, size=size) as b:
        await at(b, 20)
        told = ("step", "curvature", "spectrum")
        pictured = [each for each in TABS[preset] if each[1] not in told and each[2] is not made.function]
        for key, name, make in pictured:
            await b.press(key)
            await tell(b, name, make(20))
            await b.press("c")
        await at(b, 1)
        for key, name, make in pictured:
            await b.press(key)
            await tell(b, name, make(21))
            titles = [line for line in said(b).splitlines() if line.split() == TITLES]
            assert len(titles) == 1, (key, name, said(b))
            assert max(map(len, said(b).splitlines()[2:])) <= b.app.explorer.inspector.probe_pane.size.width


async def test_a_map_beside_another_is_seen_through_its_window():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await tell(b, "surface", made.surface(20))
        await b.press("c")
        await at(b, 1)
        await b.press("v")
        window = ((-1.0, 1.0), (-2.0, 2.0))
        assert asked(b)[-1] == Probe("surface", {"samples": 5000, "window": window})


async def test_a_sample_kept_to_compare_with_is_asked_for_and_shown_first():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "flips", made.flips())
        await tell(b, "samples", made.labelled())
        await b.press("full_stop", "c")
        assert "#46 turned right" in b.text("#samples")
        await at(b, 1)
        await tell(b, "flips", made.flips(21))
        await b.until(lambda: asked(b)[-1].options.get("chosen") == (46, 45, 1, 2))
        later = made.labelled((46, 45), 21)
        row = dataclasses.replace(later.chosen[0], output=made.probabilities(9))
        await tell(b, "samples", dataclasses.replace(later, chosen=(row,)))
        assert "#46 turned right" in b.text("#samples")
        assert "1 of 4 listed" in b.text("#samples")
        assert "7 ▊         0.080  7 ██▌       0.280" in b.text("#samples")


# --- numbers that are none --------------------------------------------------------------------------


def broken(result):
    """A result whose numbers are all NaN or infinite."""
    spoiled = {}
    for at, field in enumerate(dataclasses.fields(result)):
        value = getattr(result, field.name)
        bad = (math.nan, math.inf, -math.inf)[at % 3]
        if isinstance(value, float):
            spoiled[field.name] = bad
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            spoiled[field.name] = np.full_like(value, bad)
    return dataclasses.replace(result, **spoiled)


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
async def test_numbers_that_are_none_are_shown(preset):
    async with bench(preset, size=SMALL) as b:
        await at(b, 20)
        for key, name, result in ODD[preset]:
            await b.press(key)
            await tell(b, name, dataclasses.replace(result, position=19))
            await tell(b, name, result)
            assert "at step 20" in said(b), (key, name)


@pytest.mark.parametrize(("key", "name"), [("6", "layers"), ("7", "curvature"), ("7", "spectrum")])
@pytest.mark.parametrize("kept", [False, True])
async def test_numbers_stay_in_their_line_where_it_is_narrow(key, name, kept):
    async with bench("linear-1-layer", size=(60, 20)) as b:
        await at(b, 20, key)
        result = RESULTS[name]()
        if name == "curvature":
            result = dataclasses.replace(result, largest=np.array([2.25, 1.9, -1.75e-10, 1e-9, 1e-10]))
        elif name == "layers":
            ends = np.linspace(-1.39e-4, 1.39e-4, 33)
            layer = dataclasses.replace(
                result.layers[0], gradients=dataclasses.replace(result.layers[0].gradients, edges=ends)
            )
            result = dataclasses.replace(result, layers=(layer,))
        await tell(b, name, result)
        if kept:
            await b.press("c")
            await at(b, 1)
            await tell(b, name, dataclasses.replace(result, position=21))
        numbers = [line for line in said(b).splitlines() if line[:1].isdigit() or "λ" in line or "…" in line]
        width = b.app.explorer.inspector.probe_pane.size.width
        rows = [line for line in said(b).splitlines() if "solved" in line or "steps left" in line]
        assert all(len(line) <= width for line in numbers + rows), said(b)
        assert numbers or rows


async def test_what_is_old_says_of_which_step_it_is_while_the_new_is_computed():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await tell(b, "curvature", made.curvature(20, 24.0))
        await b.press("c")
        await b.advanced(1)
        await b.stopped()
        await tell(b, "curvature", made.curvature(21, 25.0))
        await b.advanced(1)
        await b.stopped()
        await b.press("enter")
        b.engine.tell(Probing("curvature", 0.42, b.request("curvature")))
        await b.settled()
        assert "computing at step 22" in said(b)
        assert "still of step 21, kept: step 20" in said(b)
        await b.press("escape")
        assert "still of step 21, kept: step 20" in said(b)
        await b.press("enter")
        await tell(b, "curvature", made.curvature(22, 26.0))
        assert "still of" not in said(b)
