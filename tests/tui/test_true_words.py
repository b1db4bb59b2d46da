"""What the transport, the list of saved runs and the table of branches say, at every size."""

import time
from pathlib import Path

import numpy as np
import pytest
from fake_engine import bench, classifier, records

from gradstep.engine.config.files import load_preset
from gradstep.engine.records.record import COLUMNS
from gradstep.engine.session.folder import SessionSummary, list_sessions
from gradstep.engine.session.session import Session
from gradstep.engine.worker.commands import (
    Resume,
)
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
)
from gradstep.tui import text

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


def preset(steps):
    return load_preset("linear-1-layer", [f"run.steps={steps}"])


# --- what the run goes on to -------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
async def test_a_condition_is_in_sight_while_it_is_run_to(size):
    async with bench(preset(10), size=size) as b:
        b.engine.tell(Advanced(1, records(1, 160), 160, True, until="loss > 100"))
        await b.settled()
        shown = b.text("#transport")
        assert "▶ until loss > 100 · 150 " in shown
        assert "150 steps past the plan · space stops" in shown
        await b.stopped("paused", "paused")
        assert "until" not in b.text("#transport")


@pytest.mark.parametrize("size", SIZES)
async def test_a_long_condition_is_cut_and_what_is_past_the_plan_is_not(size):
    condition = " and ".join(["loss < prev.loss"] * 20)
    async with bench(preset(10), size=size) as b:
        b.engine.tell(Advanced(1, records(1, 160), 160, True, until=condition))
        await b.settled()
        assert "… · 150 past the plan" in b.text("#transport")


async def test_a_run_past_its_plan_says_so_and_one_within_it_says_nothing():
    async with bench(preset(100), size=(80, 24)) as b:
        b.engine.tell(Advanced(1, records(1, 50), 50, True))
        await b.settled()
        assert "plan" not in b.text("#transport")
        b.engine.tell(Advanced(51, records(51, 100), 150, True))
        await b.settled()
        assert "50 steps past the plan" in b.text("#transport")


# --- saved runs --------------------------------------------------------------------------------------


def saved(name, preset, seconds=0.0, position=153):
    return SessionSummary(
        Path(f"/runs/{name}.gradstep"),
        1,
        time.time() - seconds,
        "",
        preset,
        "",
        1,
        position + 1,
        1.0,
        position,
    )


@pytest.mark.parametrize("size", SIZES)
async def test_what_o_opens_is_what_the_transport_promises(size, monkeypatch):
    runs = [
        saved("other", "linear-condition"),
        saved("newer", "linear-1-layer"),
        saved("old", "linear-1-layer"),
    ]
    monkeypatch.setattr("gradstep.engine.session.folder.recent_sessions", lambda: runs)
    async with bench("linear-1-layer", size=size) as b:
        await b.until(lambda: b.state.offered[0])
        await b.settled()
        promised = f"o: go on where you left off (step 153, {text.when(runs[1].saved)})"
        assert promised in b.text("#transport")
        await b.press("o")
        lines = [line for line in b.text().splitlines() if "newer" in line or "saved runs" in line]
        assert len(lines) == 2
        await b.press("enter")
        assert b.engine.sent[-1] == Resume(runs[1].path)


async def test_where_the_data_leaves_no_room_the_promise_is_brief(monkeypatch):
    monkeypatch.setattr(
        "gradstep.engine.session.folder.recent_sessions", lambda: [saved("run", "linear-1-layer")]
    )
    async with bench("linear-1-layer", size=(60, 20), opened=False) as b:
        await b.opened(substitute=True, data="scikit-learn digits: 1,500 training images")
        await b.until(lambda: b.state.offered[0])
        await b.settled()
        shown = b.text("#transport")
        assert "o: go on (step 153)" in shown
        assert "where you" not in shown


async def test_a_name_that_is_typed_means_the_preset(monkeypatch):
    monkeypatch.setattr(
        "gradstep.engine.session.folder.recent_sessions",
        lambda: [saved("linear-1-layer-x", "linear-1-layer")],
    )
    async with bench("linear-1-layer") as b:
        await b.press("o", *"linear-1-layer", "enter")
        assert b.engine.sent[-1].preset.name == "linear-1-layer"


async def test_the_run_itself_is_not_offered(monkeypatch):
    run = saved("run", "linear-1-layer")
    monkeypatch.setattr("gradstep.engine.session.folder.recent_sessions", lambda: [run])
    async with bench("linear-1-layer") as b:
        b.state.session = b.state.session.__class__(run.path)
        await b.press("o")
        assert "saved runs" not in b.text()


def test_a_session_knows_where_it_was_left(tmp_path):
    """Left at step 3 of 5."""
    session = Session(preset(10))
    session.save(tmp_path / "run.gradstep")
    session.burst(5)
    session.seek(3)
    session.close()
    (summary,) = list_sessions(tmp_path)
    assert (summary.position, summary.positions) == (3, 6)


def test_the_time_of_a_saved_run():
    now = time.mktime((2026, 11, 28, 20, 30, 0, 0, 0, -1))
    assert text.when(now - 29 * 60, now) == "today 20:01"
    assert text.when(now - 24 * 3600, now) == "Nov 27 20:30"
    assert text.when(now - 366 * 24 * 3600, now) == "2025 Nov 27 20:30"


# --- two branches ------------------------------------------------------------------------------------


async def fork(b, name="branch 1", parts_at=21):
    """The run is on a branch from step 10 on, whose records differ from step `parts_at` on."""
    rows = records(10, 30)
    rows[parts_at - 10 :, COLUMNS.index("loss")] += 0.5
    rows[parts_at - 10 :, COLUMNS.index("mistakes")] += 7
    rows[:, COLUMNS.index("learning_rate")] = 0.3
    rows[:, COLUMNS.index("seconds")] += 9
    b.engine.tell(BranchList((BranchInfo(0, "main", None, 0, ()), BranchInfo(1, name, 0, 10, ())), 1))
    b.engine.tell(Advanced(10, rows, 39, False, 1))
    await b.settled()
    b.app.explorer.show_inspector("branches")
    b.app.explorer.set_focus(b.app.explorer.inspector.pane)
    await b.settled()


@pytest.mark.parametrize("size", SIZES)
async def test_two_branches_compared_do_not_wrap(size):
    async with bench(classifier(), size=size) as b:
        await b.advanced(60)
        await fork(b)
        shown = b.text("#branches")
        (heading,) = [line for line in shown.splitlines() if "here        there   difference" in line]
        loss = 2.3 * np.exp(-39 / 80) + 0.1 + 0.02 * np.sin(13)
        (row,) = [line for line in shown.splitlines() if "loss " in line]
        assert row.split()[-3:] == [f"{loss + 0.5:.6g}", f"{loss:.6g}", "+0.500000"]
        assert len(row.rstrip()) == len(heading.rstrip())
        (row,) = [line for line in shown.splitlines() if "mistakes " in line]
        count = round(1500 * loss / 3)
        assert row.split()[-3:] == [f"{count + 7}", f"{count}", "+7"]
        assert "first differs at step 21" in shown


async def test_a_branch_is_one_line_of_the_tree():
    async with bench(classifier(), size=(80, 24)) as b:
        await b.advanced(60)
        await fork(b, name="a branch with a name that is long enough for two lines of the tree")
        shown = b.text("#branch-tree").splitlines()
        assert "main" in shown[0]
        assert "a branch" in shown[1]
        assert "…" in shown[1]
        assert not shown[2].strip()


async def test_branches_that_never_differ():
    async with bench(classifier(), size=(120, 40)) as b:
        await b.advanced(60)
        await fork(b, parts_at=40)
        assert "no difference up to step 39" in b.text("#branches")


async def test_a_chart_reads_off_a_whole_number_of_mistakes():
    """Four digits would say 4.406e4."""
    async with bench(load_preset("linear-1-layer", ['watch=["loss", "mistakes"]'])) as b:
        rows = records(1, 1)
        rows[0, COLUMNS.index("mistakes")] = 44_063
        await b.advanced(1, rows=rows)
        assert "mistakes  lin  44,063" in b.text("#charts")


# --- what never has a value --------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["u", "U"])
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("val_loss > 1", "val_loss has no value here: this run has no validation set"),
        ("mape > 1", "mape has no value here: its targets are classes"),
        ("epoch_loss > prev.epoch_loss", "epoch_loss and prev.epoch_loss together have no value"),
    ],
)
async def test_a_dialog_refuses_what_never_has_a_value(key, typed, why):
    async with bench(classifier(), size=(120, 40), opened=False) as b:
        await b.opened(batches=12, validate_every=None)
        sent = len(b.engine.sent)
        await b.press(key, *typed, "enter")
        assert why in " ".join(b.text().split())
        assert len(b.engine.sent) == sent


async def test_a_chart_of_it_is_refused_too():
    async with bench(classifier(), size=(120, 40)) as b:
        await b.press("m", *["backspace"] * 30, *"loss, mape", "enter")
        assert "mape has no value here" in " ".join(b.text().split())
