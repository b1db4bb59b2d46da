"""Verdicts in the story, the transport line and the log."""

import math

import pytest
from fake_engine import bench, classifier, records, run_info

from gradstep.engine import Session, load_preset
from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.config.files import preset_names
from gradstep.engine.records.missing import MISSING
from gradstep.engine.worker.commands import (
    Switch,
)
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    Opened,
    Stopped,
    Verdicts,
)
from gradstep.tui.panes.story import told
from gradstep.tui.state import verdicts
from gradstep.tui.state.events import apply_event
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.state.verdicts import SIGNS, evidence, news, signed

SIZES = [(80, 24), (120, 40)]
MAIN = BranchInfo(0, "main", None, 0, ())
FORK = BranchInfo(1, "fork", 0, 10, ())
FALLS, RISES = classifier().claim
MORE_MISTAKES = (("mistakes", 4419.0), ("prev.mistakes", 4406.0))


def holding(steps, planned=None):
    """Return a verdict: the first claim holds so far."""
    return Verdict(FALLS, "holds", steps, looked=steps, planned=planned)


def refuted(position=1):
    return Verdict(RISES, "refuted", position, position, MORE_MISTAKES)


def open_yet(steps=0):
    return Verdict(RISES, "holds", steps, looked=steps)


def flat(text):
    return " ".join(text.split())


# --- signs and words --------------------------------------------------------------------------------


def test_four_standings_differ_by_sign_word_and_colour():
    four = [
        signed(Verdict(FALLS, "holds", 0)),
        signed(holding(12)),
        signed(holding(12, planned=12)),
        signed(refuted(1_234)),
    ]
    assert four == [
        "○ not checked yet",
        "… holds so far (12 steps)",
        "✓ shown to step 12",
        "✗ refuted at step 1,234",
    ]
    assert len({sign for sign, _ in SIGNS.values()}) == len({colour for _, colour in SIGNS.values()}) == 4


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (MORE_MISTAKES, "mistakes 4,406 → 4,419"),
        (MORE_MISTAKES[::-1], "mistakes 4,406 → 4,419"),
        ((("loss", 0.64), ("prev.loss", 0.61), ("rank[1]", 2.0)), "loss 0.61 → 0.64, rank[1] = 2"),
        ((("loss", 2.0), ("ago(loss, 10)", 1.5)), "loss 1.5 → 2 over 10 steps"),
        ((("prev.loss", 2.0),), "prev.loss = 2"),
        ((("loss", math.nan), ("prev.loss", math.inf)), "loss Inf → NaN"),
        ((("val_loss", MISSING),), "val_loss = none"),
        ((("loss", 1e300), ("mape", 192590419.9936)), "loss = 1e+300, mape = 1.9259e+08"),
        ((), ""),
    ],
)
def test_evidence(values, text):
    assert evidence(Verdict(RISES, "refuted", 1, 1, values)) == text


def test_news_are_brief():
    assert news(refuted()) == "✗ refuted at step 1: mistakes 4,406 → 4,419"
    several = Verdict(RISES, "refuted", 1, 1, (*MORE_MISTAKES, ("loss", 1.0)))
    assert news(several) == "✗ refuted at step 1: mistakes 4,406 → 4,419, …"
    assert news(holding(5, planned=5)) == "✓ shown to step 5"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.mnist) if load_preset(name).data.name == "mnist" else name
        for name in preset_names()
    ],
)
def test_only_claims_about_position_0_are_shown_at_position_0(name):
    """No step is done: claims about steps are not checked yet."""
    found = Session(load_preset(name)).claims()
    for verdict in found:
        line = told(verdict).plain
        if verdict.claim.at == 0 and verdict.outcome == "shown":
            assert verdict.position == 0
            assert verdict.values
        else:
            assert "✓" not in line
            assert "so far" not in line
            assert "(0 steps)" not in line
        assert line[0] in "○✓✗"
        if verdict.claim.seeds is not None:
            assert f"not checked yet: `gradstep check` runs {verdict.claim.seeds} seeds" in line


# --- the replica ------------------------------------------------------------------------------------


def opened(*first):
    state = RunState(classifier())
    apply_event(state, Opened(classifier(), run_info(classifier())))
    apply_event(state, Verdicts(first or (Verdict(FALLS, "holds", 0), open_yet())))
    apply_event(state, BranchList((MAIN,), 0))
    apply_event(state, Advanced(0, records(0, 1), 0, False))
    return state


def test_verdicts_of_opened_run_are_no_news():
    state = opened(holding(5), refuted())
    assert [verdict.standing for verdict in state.verdicts] == ["so far", "refuted"]
    assert state.judged.turned == ()
    assert not any("refuted" in line.text for line in state.log)


def test_turned_verdict_is_news_and_logged():
    state = opened()
    topics = apply_event(state, Verdicts((holding(1), refuted())))
    assert Topic.STATUS | Topic.CLAIMS | Topic.LOG in topics
    assert state.judged.turned == (refuted(),)
    line = state.log[-1]
    assert (line.position, line.level) == (1, "info")
    assert line.text == (
        "✗ refuted at step 1: “The number of mistakes never increases.”  mistakes 4,406 → 4,419"
    )


def test_more_steps_are_no_news():
    state = opened()
    logged = len(state.log)
    assert apply_event(state, Verdicts((holding(1), open_yet(1)))) == Topic.CLAIMS
    assert apply_event(state, Verdicts((holding(9), open_yet(9)))) == Topic.CLAIMS
    assert (state.judged.turned, len(state.log)) == ((), logged)


def test_next_action_ends_news():
    state = opened()
    apply_event(state, Verdicts((holding(1), refuted())))
    assert state.asking() == Topic.STATUS
    assert state.judged.turned == ()


def test_news_stay_long_enough_to_read(monkeypatch):
    """Verdicts that turn soon after are added; later ones replace the news."""
    now = 100.0
    monkeypatch.setattr(verdicts.time, "monotonic", lambda: now)
    state = opened()
    apply_event(state, Verdicts((holding(1), refuted())))
    now += 1
    apply_event(state, Verdicts((holding(9, planned=9), refuted())))
    assert [verdict.standing for verdict in state.judged.turned] == ["refuted", "shown"]
    now += 60
    beyond = Verdict(FALLS, "refuted", 12, 12)
    apply_event(state, Verdicts((beyond, refuted())))
    assert state.judged.turned == (beyond,)


def test_claim_that_turns_twice_is_news_once():
    state = opened()
    apply_event(state, Verdicts((holding(9, planned=9), open_yet(9))))
    apply_event(state, Verdicts((Verdict(FALLS, "refuted", 10, 10), open_yet(10))))
    assert [verdict.text for verdict in state.judged.turned] == ["refuted at step 10"]


@pytest.mark.parametrize(
    ("position", "seconds", "kept"), [(1, 60, True), (40, 60, False), (40, 1, True)], ids=str
)
def test_stop_ends_news_that_were_read(monkeypatch, position, seconds, kept):
    now = 100.0
    monkeypatch.setattr(verdicts.time, "monotonic", lambda: now)
    state = opened()
    apply_event(state, Verdicts((holding(1), refuted())))
    apply_event(state, Advanced(1, records(1, position), position, True))
    now += seconds
    apply_event(state, Stopped(position, "loss > 1", "breakpoint"))
    assert bool(state.judged.turned) == kept


def test_each_branch_has_its_verdicts():
    """Verdicts arrive before their branch, and are no news on it."""
    state = opened()
    apply_event(state, Advanced(1, records(1, 20), 20, False))
    apply_event(state, Verdicts((holding(20), refuted(15))))
    state.asking()
    logged = len(state.log)
    apply_event(state, Verdicts((holding(10), open_yet(10)), branch=1))
    assert state.verdicts[1].standing == "refuted"
    assert Topic.CLAIMS in apply_event(state, BranchList((MAIN, FORK), 1))
    assert state.verdicts == (holding(10), open_yet(10))
    assert (state.judged.turned, len(state.log)) == ((), logged)
    apply_event(state, Verdicts((holding(11), refuted(11)), branch=1))
    assert state.judged.turned == (refuted(11),)
    apply_event(state, BranchList((MAIN, FORK), 0))
    assert state.verdicts[1] == refuted(15)
    assert state.judged.turned == ()
    apply_event(state, BranchList((MAIN,), 0))
    assert state.judged.of(1) == ()


def test_new_run_has_no_verdicts():
    state = opened(holding(5), refuted())
    apply_event(state, Opened(classifier(), run_info(classifier())))
    assert (state.verdicts, state.judged.turned) == ((), ())


# --- the screen -------------------------------------------------------------------------------------


async def at_the_story(b, size):
    if size == (80, 24):
        await b.press("4")
    return lambda: flat(b.text("#story"))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_story_follows_run(size):
    async with bench(classifier(), size=size) as b:
        story = await at_the_story(b, size)
        assert story().count("○") == 2
        assert story().count("not checked yet") == 2
        b.engine.tell(Verdicts((holding(49), open_yet(49))))
        await b.advanced(49, running=True)
        assert "… “The loss reduces on every step.”" in story()
        assert "holds so far (49 steps)" in story()
        b.engine.tell(Verdicts((holding(60), refuted(55))))
        await b.advanced(11, running=True)
        assert "holds so far (60 steps)" in story()
        assert "✗ “The number of mistakes never increases.”" in story()
        assert "refuted at step 55" in story()
        assert "mistakes 4,406 → 4,419" in story()
        assert "✓" not in story()
        b.engine.tell(Verdicts((holding(70, planned=70), refuted(55))))
        await b.advanced(10)
        assert "✓ “The loss reduces on every step.”" in story()
        assert "shown to step 70" in story()


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_transport_shows_turned_verdict_while_running(size):
    async with bench(classifier(), size=size) as b:
        await b.press("space")
        b.engine.tell(Verdicts((Verdict(FALLS, "holds", 0), open_yet())))
        b.engine.tell(Verdicts((holding(9), refuted())))
        await b.advanced(9, running=True)
        said = b.text("#transport")
        assert "▶ running" in said
        assert "✗ refuted at step 1: mistakes 4,406 → 4,419" in said
        await b.advanced(9, running=True)
        assert "✗ refuted at step 1: mistakes 4,406 → 4,419" in b.text("#transport")
        await b.press("space")
        assert "refuted" not in b.text("#transport")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_stop_reason_and_turned_verdict_are_both_shown(size):
    async with bench(classifier(), size=size) as b:
        b.engine.tell(Verdicts((Verdict(FALLS, "holds", 0), open_yet())))
        b.engine.tell(Verdicts((holding(1), refuted())))
        await b.advanced(1, running=True)
        await b.stopped("breakpoint", "the loss rose  (loss = 0.64, prev.loss = 0.61)")
        said = b.text("#transport")
        assert "the loss rose  (loss = 0.64, prev.loss = 0.61)" in said
        assert "✗ refuted" in said


async def test_verdicts_that_turn_together_are_counted():
    async with bench(classifier(), size=(80, 24)) as b:
        b.engine.tell(Verdicts((Verdict(FALLS, "holds", 0), open_yet())))
        b.engine.tell(Verdicts((holding(1, planned=1), refuted())))
        await b.advanced(1, running=True)
        said = flat(b.text("#transport"))
        assert "✗ refuted at step 1: mistakes 4,406 → 4,419 · 1 more in Story" in said
        assert "▶ running" in said


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_story_names_the_range_of_verdicts_in_the_past(size):
    async with bench(classifier(), size=size) as b:
        story = await at_the_story(b, size)
        b.engine.tell(Verdicts((holding(50), refuted())))
        await b.advanced(50)
        assert "of this branch" not in story()
        await b.moved(20)
        assert "The verdicts are of all 50 steps of this branch." in story()
        assert "holds so far (50 steps)" in story()


async def test_switch_shows_verdicts_of_branch():
    async with bench(classifier()) as b:
        b.engine.tell(Verdicts((holding(20), refuted())))
        await b.advanced(20)
        b.engine.tell(Verdicts((holding(10), open_yet(10)), branch=1))
        b.engine.tell(BranchList((MAIN, FORK), 1))
        b.engine.tell(Advanced(10, records(10, 1), 10, False, 1))
        await b.settled()
        assert "✗" not in b.text("#story")
        assert "holds so far (10 steps)" in flat(b.text("#story"))
        b.app.link.send(Switch(0))
        b.engine.tell(BranchList((MAIN, FORK), 0))
        await b.settled()
        assert "✗" in b.text("#story")


async def test_changed_verdict_keeps_highlight():
    async with bench(classifier()) as b:
        b.engine.tell(Verdicts((holding(1), open_yet(1))))
        await b.press("4", "down")
        b.engine.tell(Verdicts((holding(2), refuted(2))))
        await b.settled()
        assert b.app.explorer.inspector.query_one("#claims").highlighted == 1
