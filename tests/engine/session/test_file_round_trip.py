"""A saved session is the session: branches, records, position, state, and the future that follows."""

import contextlib
import os
import sqlite3
import threading
import time

import numpy as np
import pytest
from runs import bits, diverging, line, minibatch
from store_runs import branching, facts

from gradstep.engine import Session
from gradstep.engine.errors import UserError
from gradstep.engine.records.missing import MISSING, is_missing
from gradstep.engine.records.record import COLUMNS
from gradstep.engine.session.file import SessionFile, StoredBranch, StoreError
from gradstep.engine.session.folder import (
    delete_session,
    list_sessions,
    new_session_path,
    rename_session,
    sessions_folder,
    summarise,
)
from gradstep.engine.session.save import STATE_BYTES, Saver

RUNS = pytest.mark.parametrize("config", [line, minibatch], ids=["full", "minibatch"])


@RUNS
def test_all_facts_are_restored(tmp_path, config):
    session = branching(config)
    session.save(tmp_path / "run.gradstep")
    before = facts(session)
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert again.notices == []
    assert facts(again) == before
    assert again.timeline.mismatch is None
    again.close()


def test_watched_quantities_are_restored_and_measured(tmp_path):
    session = branching()
    position = session.position
    with pytest.raises(UserError, match="relu"):
        session.watch(("loss", "dead"), {"dead": 5})
    assert "dead" not in session.preset.measure
    session.watch(("loss", "rank[1]"), {"rank[1]": 5})
    session.save(tmp_path / "run.gradstep")
    before = session.state_hash()
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert (again.preset.watch, again.state_hash()) == (["loss", "rank[1]"], before)
    tip = again.timeline.branch.tip
    again.seek(tip + 20)
    measured = np.flatnonzero(~np.isnan(again.history["rank[1]"])).tolist()
    assert position in measured
    assert [at for at in measured if at > tip] == [at for at in range(tip + 1, tip + 21) if at % 5 == 0]
    again.close()


@RUNS
def test_restored_session_has_the_same_future(tmp_path, config):
    session = branching(config)
    session.save(tmp_path / "run.gradstep")
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    for run in (session, again):
        run.burst(50)
        run.switch(1)
        run.seek(33)
        run.fork({"train.rule.name": "adam"})
        run.burst(10)
    assert again.state_hash() == session.state_hash()
    for number, branch in session.timeline.branches.items():
        assert np.array_equal(bits(branch.history), bits(again.timeline.branches[number].history))
    assert again.timeline.mismatch is None
    again.close()


def test_non_finite_values_are_restored(tmp_path):
    session = Session(diverging())
    while not np.isnan(session.record.loss):
        session.step()
    losses = session.history["loss"]
    assert np.isinf(losses).any()
    session.save(tmp_path / "run.gradstep")
    before = facts(session)
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert facts(again) == before
    assert is_missing(again.history.column("update_norm"))[0]
    assert not is_missing(again.history.column("loss")).any()
    again.seek(0)
    again.seek(again.timeline.branch.tip)
    assert again.timeline.mismatch is None
    again.close()


def test_rows_are_stored_bit_for_bit(tmp_path):
    payloads = np.array([0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0123, 1, 1 << 63], np.uint64).view(float)
    special = [*payloads.tolist(), MISSING, np.inf, -np.inf, np.nan, 5e-324, -0.0]
    rows = np.resize(np.concatenate([payloads, special]), (7, len(COLUMNS)))
    file = SessionFile(tmp_path / "rows", create=True)
    with file.transaction():
        file.put_rows(3, 10, rows)
    file.close()
    file = SessionFile(tmp_path / "rows", read_only=True)
    assert file.rows(3, 10).tobytes() == rows.tobytes()
    file.close()


def test_a_record_changed_at_the_tip_survives(tmp_path):
    session = Session(line())
    session.save(tmp_path / "run.gradstep")
    for rate in (2e-3, 3e-3, 4e-3):
        session.burst(10)
        session.flush()
        session.change({"train.rule.learning_rate": rate})
        session.flush()
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert again.history["learning_rate"].tolist() == [1e-3] * 10 + [2e-3] * 10 + [3e-3] * 10 + [4e-3]
    assert len(again.timeline.branch.changes) == 3
    again.close()


def test_a_run_can_be_saved_to_another_file_after_it_was_saved_or_opened(tmp_path):
    session = branching()
    session.save(tmp_path / "one")
    session.burst(5)
    session.close()
    session.save(tmp_path / "two")
    session.close()
    keeper = Session.open(tmp_path / "two")
    reader = Session.open(tmp_path / "two")
    assert reader.path is None
    reader.save(tmp_path / "three")
    before = facts(reader)
    reader.close()
    keeper.close()
    for name in ("two", "three"):
        again = Session.open(tmp_path / name)
        assert facts(again) == before
        again.close()


def test_failed_save_elsewhere_keeps_the_present_file(tmp_path):
    session = branching()
    session.save(tmp_path / "run.gradstep")
    (tmp_path / "file").touch()
    with pytest.raises(UserError):
        session.save(tmp_path / "file" / "no.gradstep")
    with pytest.raises(UserError):
        session.reset(seed=-1)
    session.burst(3)
    before = facts(session)
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert facts(again) == before
    again.close()


def test_new_run_drops_notices_of_previous_run(tmp_path):
    session = branching()
    session.save(tmp_path / "run.gradstep")
    second = Session.open(tmp_path / "run.gradstep")
    assert ["has this session open" in notice for notice in second.notices] == [True]
    second.reset(seed=7)
    assert second.notices == []
    session.close()


def test_a_deleted_branch_is_gone(tmp_path):
    session = branching()
    session.save(tmp_path / "run")
    session.switch(0)
    session.timeline.delete(2)
    session.flush()
    session.timeline.branches.rename(1, "renamed")
    session.close()
    again = Session.open(tmp_path / "run")
    assert [(b.number, b.name) for b in again.timeline.branches.values()] == [(0, "main"), (1, "renamed")]
    again.close()


def test_a_kept_state_is_where_a_resumed_run_starts_from(tmp_path):
    """A run of 4,000 positions opens without re-executing them."""
    session = Session(line())
    session.burst(4_000)
    session.save(tmp_path / "run")
    session.close()
    again = Session.open(tmp_path / "run")
    assert again.position == 4_000
    assert 4_000 in again.timeline.keyframe_positions()
    assert again.timeline.keyframe_positions()[0] == 0
    again.close()


def test_bytes_a_position(tmp_path):
    session = Session(line())
    session.save(tmp_path / "run")
    for _ in range(20):
        session.burst(500)
        session.flush()
    session.close()
    assert list(tmp_path.glob("run?*")) == []
    with contextlib.closing(sqlite3.connect(tmp_path / "run")) as db:
        (states,) = db.execute("select sum(length(state)) from keyframes").fetchone()
    assert os.path.getsize(tmp_path / "run") - states <= 200 * 10_000


def test_bytes_a_position_of_a_run_stepped_by_hand(tmp_path):
    session = Session(line())
    parts = (session.timeline, session.breakpoints, session.dataset)
    saver = Saver(tmp_path / "run", *parts, state_count=1)  # states have a limit of their own
    for _ in range(500):
        session.step()
        saver.flush()
    saver.close()
    assert os.path.getsize(tmp_path / "run") <= 200 * 500 + 60_000


def test_states_in_file_are_bounded(tmp_path):
    for config in (line, minibatch):  # 30 of 0.3 kB, and 9 of 32 kB
        session = Session(config())
        path = tmp_path / f"run-{config.__name__}"
        saver = Saver(
            path,
            session.timeline,
            session.breakpoints,
            session.dataset,
            state_bytes=300_000,
            state_count=30,
        )
        for _ in range(50):
            session.burst(3)
            saver.flush()
            saver.save_state()
        file = SessionFile(path, read_only=True)
        sizes = file.keyframe_sizes()
        file.close()
        assert sum(size for *_, size in sizes) <= 300_000
        assert 2 < len(sizes) <= 30
        assert sizes[-1][1] == 150
        saver.close()
    assert STATE_BYTES > 10_000_000


# --- several branches, written while read -----------------------------------------------------------


def test_a_reader_sees_one_moment_of_a_session_that_is_being_written(tmp_path):
    session = Session(line())
    session.burst(5)
    session.save(tmp_path / "run")
    problems, done = [], threading.Event()

    def read():
        while not done.is_set():
            reader = Session.open(tmp_path / "run")
            tips = {b.number: b.tip for b in reader.timeline.branches.values()}
            if reader.path is not None or reader.position > tips[reader.timeline.branch.number]:
                problems.append(tips)

    def guarded():
        try:
            read()
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    for i in range(40):
        session.switch(0)
        session.seek(min(i, 5))
        session.fork()
        session.burst(20)
        session.flush()
        if i >= 3:
            session.timeline.delete(session.timeline.branch.number - 1)
            session.flush()
    done.set()
    thread.join()
    session.close()
    assert problems == []


# --- the clock --------------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_does_not_matter(tmp_path, monkeypatch):
    now = [2e9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    session = Session(line())
    session.burst(10)
    path = new_session_path("run")
    session.save(path)
    for jump in (-1e9, 5e8, -1.5e9):
        now[0] += jump
        session.burst(10)
        session.flush()
    before = facts(session)
    session.close()
    again = Session.open(path)
    assert facts(again) == before
    again.close()
    assert [summary.positions for summary in list_sessions()] == [41]


# --- the list ---------------------------------------------------------------------------------------


def test_the_list_of_sessions():
    assert list_sessions() == []
    session = branching()
    path = new_session_path("small")
    assert path.parent == sessions_folder()
    session.save(path)
    session.rename("the one")
    last = session.history.record(-1).loss
    session.close()
    (summary,) = list_sessions()
    assert summary.path == path
    assert (summary.name, summary.title, summary.branches) == ("the one", "A small run", 3)
    assert summary.loss == last
    assert summary.problem is None
    assert not summary.old
    rename_session(path, " ")
    assert summarise(path).name == ""
    (path.parent / "text.gradstep").write_text("no session")
    assert sum(s.problem is None for s in list_sessions()) == 1
    delete_session(path)
    assert [p.name for p in path.parent.iterdir()] == ["text.gradstep"]
    with pytest.raises(StoreError, match="no gradstep session"):
        delete_session(path.parent / "text.gradstep")


def test_session_list_skips_missing_files(tmp_path):
    """A file may be gone at any moment, as another process deletes it: a link to nowhere is one for good."""
    there = tmp_path / "there.gradstep"
    session = branching()
    session.save(there)
    (tmp_path / "gone.gradstep").symlink_to(tmp_path / "nowhere")
    session.close()
    assert [(each.path, each.problem) for each in list_sessions(tmp_path)] == [(there, None)]
    assert "No such file" in summarise(tmp_path / "gone.gradstep").problem


def test_a_session_that_is_open_is_not_deleted(tmp_path):
    session = branching()
    session.save(tmp_path / "run")
    with pytest.raises(StoreError, match="another gradstep has this session open"):
        delete_session(tmp_path / "run")
    before = facts(session)
    session.close()
    again = Session.open(tmp_path / "run")
    assert facts(again) == before
    again.close()
    delete_session(tmp_path / "run")
    assert list(tmp_path.glob("run*")) == []


def test_new_paths_do_not_collide():
    paths = set()
    for _ in range(3):
        path = new_session_path("x")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        paths.add(path)
    assert len(paths) == 3


def test_branches_come_back_as_they_were_stored(tmp_path):
    stored = [
        StoredBranch(0, "main", None, 0, [(0, "a = 1"), (7, "a = 2")], []),
        StoredBranch(4, "ünïcode 'quoted'", 0, 3, [(3, "")], [(3, {"x": None}), (3, {"x": 1.5, "y": "z"})]),
    ]
    file = SessionFile(tmp_path / "branches", create=True)
    with file.transaction():
        file.put_branches(stored)
    assert file.branches() == stored
    file.close()
