"""What the screen shows of what the engine says."""

import asyncio

import numpy as np
from fake_engine import FakeEngine, bench, classifier, explorer, records

from gradstep.engine.records.record import COLUMNS
from gradstep.engine.worker.commands import (
    Open,
)
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    Died,
    Logged,
    Refused,
    Saved,
    Working,
)
from gradstep.tui.state.lineage import branch_marks


async def test_position_loss_and_its_change_are_shown():
    async with bench(classifier()) as b:
        await b.advanced(3)
        await b.stopped()
        line = b.text("#transport")
        assert "■ paused" in line
        assert "step         3" in line
        assert "of 300" in line
        before, now = records(2, 2)[:, COLUMNS.index("loss")]
        assert f"loss      {now:.5f}" in line
        assert f"Δ of the last step   {now - before:.7f}" in line
        assert "reached step 3" in line
        assert "lr 0.1" in line


async def test_steps_a_second_are_shown_while_running_only():
    async with bench(classifier()) as b:
        await b.advanced(50, running=True)
        assert "▶ running" in b.text("#transport")
        assert "1,000 steps/s" in b.text("#transport")
        await b.stopped("paused", "paused")
        assert "steps/s" not in b.text("#transport")


async def test_the_data_in_use_is_in_sight_at_every_size():
    for size in ((120, 40), (80, 24), (60, 20)):
        async with bench(classifier(), size=size) as b:
            assert "MNIST" in b.text("#transport")
            await b.opened(data="scikit-learn digits in MNIST's place: 1,497 images", substitute=True)
            assert "digits in MNIST's place" in b.text("#transport")


async def test_what_takes_long_is_said_until_it_is_done():
    async with bench(classifier(), opened=False) as b:
        b.engine.tell(Working("Reading the data", 1, 4))
        await b.settled()
        assert "… working" in b.text("#transport")
        assert "Reading the data 25%…" in b.text("#transport")
        await b.opened()
        assert "Reading" not in b.text("#transport")


async def test_a_step_that_takes_long_shows_that_it_is_under_way():
    async with bench(classifier()) as b:
        await b.press("n")
        await b.until(lambda: "computing…" in b.text("#transport"))
        await b.settled()
        assert "space pause" in b.key_bar()
        await b.advanced(1)
        assert "computing" not in b.text("#transport")


async def test_divergence_is_shown_in_the_transport_the_log_and_the_charts():
    async with bench(classifier()) as b:
        await b.advanced(9)
        rows = records(10, 1)
        rows[:, COLUMNS.index("loss")] = np.nan
        await b.advanced(1, rows=rows)
        await b.stopped("diverged", "diverged: the loss is nan at step 10")
        assert "✗ diverged" in b.text("#transport")
        assert "the loss is nan at step 10" in b.text("#transport")
        assert "NaN" in b.text("#charts")
        assert [mark.position for mark in branch_marks(b.state)] == [10]
        b.app.explorer.show_inspector("log")
        await b.settled()
        assert "10 ✗ diverged: the loss is nan at step 10" in b.text("#log")


async def test_a_refusal_is_shown_and_nothing_else_changes():
    async with bench(classifier()) as b:
        await b.advanced(5)
        await b.press("2", "down", "enter")
        assert "opening" in b.text("#transport")
        b.engine.tell(Refused("train-images: truncated"))
        await b.settled()
        assert "train-images: truncated" in b.text("#transport")
        assert b.state.preset == classifier()
        assert len(b.state.history) == 6
        await b.press("n")
        assert "truncated" not in b.text("#transport")


async def test_the_log_keeps_what_happened():
    async with bench(classifier()) as b:
        b.engine.tell(Logged("warning", "a warning\nof two lines"))
        b.engine.tell(Saved(None, "the disk is full"))
        await b.settled()
        await b.press("less_than_sign")
        assert "⚠ a warning" in b.text("#log")
        assert "of two lines" in b.text("#log")
        assert "⚠ the disk is full" in b.text("#log")


async def test_a_stranger_s_text_reaches_the_terminal_without_its_control_characters():
    async with bench(classifier()) as b:
        b.engine.tell(Logged("info", "\x1b]0;owned\x07 \u202etxt"))
        await b.settled()
        await b.press("less_than_sign")
        assert "owned" in b.text("#log")
        assert not {"\x1b", "\x07", "\u202e"} & set(b.text())


async def test_a_dead_engine_is_shown_and_restarted():
    async with bench(classifier()) as b:
        await b.advanced(5)
        b.engine.tell(Died(-9, "one line\nlast words"))
        await b.until(lambda: "SIGKILL" in b.text())
        assert "last words" in b.text("#engine-died")
        await b.press("escape")
        assert "no engine" not in b.text("#charts")
        assert "killed by SIGKILL" in b.text("#transport")
        assert "r restart engine" in b.key_bar()
        await b.press("r")
        assert b.engine.starts == 2
        assert b.engine.sent[-1] == Open(classifier())
        await b.opened()
        assert "■ paused" in b.text("#transport")
        assert len(b.state.history) == 1


async def test_a_dead_engine_is_restarted_from_the_dialog():
    async with bench(classifier()) as b:
        b.engine.tell(Died(3, ""))
        await b.until(lambda: "exit status 3" in b.text())
        await b.press("r")
        assert b.engine.starts == 2


async def test_a_thousand_frames_of_a_running_engine_are_drawn_as_a_few():
    async with bench(classifier(), frame_seconds=0.1) as b:
        drawn = []
        show = b.app.explorer.show
        b.app.explorer.show = lambda topics: (drawn.append(topics), show(topics))
        for position in range(1, 1001):
            b.advancing(records(position, 1), running=True)
        await b.settled()
        assert len(b.state.history) == 1001
        assert len(drawn) < 20


async def test_nothing_is_sent_to_the_terminal_while_nothing_happens():
    async with bench(classifier()) as b:
        await b.advanced(30)
        await b.stopped()
        await b.press("e", "enter")
        sent = []
        b.app._display = lambda *_: sent.append(1)
        await asyncio.sleep(0.7)
        assert sent == []


def test_the_engine_is_ended_when_the_explorer_ends(monkeypatch):
    app, engine = explorer(classifier())
    app.call_later(app.exit)
    app.run(headless=True)
    assert isinstance(engine, FakeEngine)
    assert engine.closed


async def test_a_branch_whose_records_are_still_to_come_is_compared_with_none():
    async with bench() as b:
        await b.advanced(10)
        await b.stopped()
        b.app.explorer.show_inspector("branches")
        main, fork = BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "fork", 0, 0, ())
        b.engine.tell(BranchList((main, fork), 0))
        await b.until(lambda: len(b.app.state.branches) == 2)
        b.app.explorer.set_focus(b.app.explorer.inspector.pane)
        await b.press("down")
        b.engine.tell(BranchList((main, fork), 1))
        await b.until(lambda: b.app.state.branch == 1)
        await b.press("up")
        await b.settled()
        assert b.app.is_running


async def test_the_values_of_a_stop_are_told_where_its_words_have_no_room():
    async with bench(classifier(), size=(80, 24)) as b:
        await b.advanced(5)
        await b.stopped(
            "breakpoint", "mistakes up while loss down, and many words more  (mistakes = 917, loss = 2.3121)"
        )
        assert "…  (mistakes = 917, loss = 2.3121)" in b.text("#transport")


async def test_a_branch_is_drawn_also_where_its_records_come_after_a_frame():
    """As of a long session that is resumed: its branches are told first, their records one by one."""
    async with bench() as b:
        await b.advanced(10)
        main, fork = BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "slower", 0, 4, ())
        b.engine.tell(BranchList((main, fork), 0))
        await b.settled()
        assert "slower" not in b.text("#charts")
        b.engine.tell(Advanced(4, records(4, 3), 10, False, 1))
        await b.settled()
        assert "slower" in b.text("#charts")
        b.engine.tell(Advanced(7, records(7, 20), 10, False, 1))
        await b.settled()
        assert b.app.explorer.charts.charts[0].ends == (0, 26)
