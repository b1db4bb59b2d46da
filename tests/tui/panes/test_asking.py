"""When the tabs on probes ask the engine, and what they show of the answers."""

import dataclasses

import numpy as np
import probe_results as made
import pytest
from fake_engine import bench, classifier, run_info
from probe_tabs import RESULTS, SMALL, asked, at, said, tell

from gradstep.engine.config.files import load_preset
from gradstep.engine.probes.budget import QUICK
from gradstep.engine.worker.commands import CancelProbe, Probe
from gradstep.engine.worker.events import Died, Opened, Probed, ProbeFailed, Probing, SettingsChanged
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import COMPUTED_SHARE
from gradstep.tui.state.run import RunState


async def test_tab_in_sight_asks_once_at_each_stop():
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


async def test_tab_out_of_sight_asks_nothing():
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


async def test_change_at_same_position_asks_again():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await b.until(lambda: len(asked(b)) == 1)
        await tell(b, "step", made.step())
        b.engine.tell(SettingsChanged(b.state.preset, 20, {"train.rule.learning_rate": 0.5}))
        await b.until(lambda: len(asked(b)) == 2)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("5", [Probe("line")]),
        ("6", [Probe("layers", {"whole": True, "ranks": True})]),
        ("7", [Probe("spectrum"), Probe("curvature", {"k": 5, "budget": QUICK})]),
    ],
)
async def test_enter_asks_for_expensive_probes(key, wanted):
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 20, key)
        for name in ("step", "layers"):
            await tell(b, name, RESULTS[name]())
        b.engine.sent.clear()
        await b.press("enter")
        assert asked(b) == wanted


async def test_keys_of_a_tab_ask_for_more():
    async with bench(classifier(), size=SMALL) as b:
        await b.opened(samples=60_000)
        await at(b, 20, "7")
        await b.press("enter", "v", "a")
        assert asked(b) == [
            Probe("curvature", {"k": 5, "budget": QUICK}),
            Probe("surface", {"budget": QUICK}),
            Probe("curvature", {"k": 5, "budget": None, "tolerance": 1e-2}),
        ]
        b.engine.sent.clear()
        await b.press("5", "a")
        assert Probe("step", {"full": True}) in asked(b)


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


async def test_answers_match_their_requests():
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


async def test_late_answer_counts_as_the_result_before():
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


async def test_answer_about_another_run_is_ignored():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "7")
        await b.press("enter")
        request = b.request("curvature")
        await b.opened()
        await at(b, 19)
        b.engine.tell(Probed("curvature", 19, 0, made.curvature(19, 30.0), 0.1, request))
        await b.settled()
        assert b.state.probes.found == {}


async def test_cheap_probes_follow_a_run_within_their_share_of_time(monkeypatch):
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


async def test_failure_says_why():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        b.engine.tell(ProbeFailed("step", "MemoryError: \x1b[31mno", b.request("step")))
        await b.settled()
        assert "✗ MemoryError: \ufffd[31mno" in b.text("#step")


async def test_dead_engine_is_asked_nothing():
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


@pytest.mark.parametrize("key", "789")
async def test_result_of_another_position_is_dimmed(key):
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


async def test_old_result_names_its_step_while_a_new_one_is_computed():
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


async def test_tab_that_does_not_apply_says_so():
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 20, "9")
        await b.press("enter")
        assert asked(b) == []
        says = "Not available here: needs targets that are the inputs themselves."
        assert says in said(b)


def test_engine_tells_which_probes_apply():
    state = RunState(load_preset("linear-1-layer"))
    assert unmet("flips", state) == ""
    state.info = run_info(state.preset, available={"flips": "needs targets that are labels", "step": None})
    assert unmet("flips", state) == "needs targets that are labels"
    assert unmet("step", state) == ""


async def test_another_run_forgets_results():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await tell(b, "step", made.step())
        b.engine.tell(Opened(classifier(), b.state.info))
        await b.settled()
        assert "as the quadratic predicts" not in b.text("#step")
