"""Where nothing can be written: a sentence, the run goes on, and a later try writes everything."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from runs import line
from store_runs import branching, facts

from gradstep.engine import Session
from gradstep.engine.session.file import SessionFile, StoreError
from gradstep.engine.worker.autosave import AutoSave
from gradstep.engine.worker.events import (
    Saved,
)


@pytest.fixture
def limit_pages(monkeypatch):
    """`limit_pages(pages)`: a full disk as SQLite sees it. The first file opened can't grow beyond so many
    pages, or beyond what it has."""
    opened, connect = [], sqlite3.connect

    def noted(*given, **options):
        opened.append(connect(*given, **options))
        return opened[-1]

    def limit(pages=None):
        pages = pages or opened[0].execute("pragma page_count").fetchone()[0]
        opened[0].execute(f"pragma max_page_count = {pages}")

    monkeypatch.setattr(sqlite3, "connect", noted)
    return limit


ROOM = 1_000_000


def test_full_disk_neither_stops_run_nor_loses_records(tmp_path, limit_pages):
    session = branching()
    session.save(tmp_path / "run")
    limit_pages()
    refused = []
    for _ in range(5):
        session.burst(200)
        session.fork()
        try:
            session.flush()
        except StoreError as error:
            refused.append(str(error))
    assert len(refused) >= 4
    assert set(refused) == {f"{tmp_path / 'run'}: database or disk is full"}
    reader = Session.open(tmp_path / "run", save=False)
    assert reader.timeline.mismatch is None
    limit_pages(ROOM)
    session.burst(10)
    session.flush()
    before = facts(session)
    session.close()
    again = Session.open(tmp_path / "run")
    assert facts(again) == before
    again.close()


def test_full_disk_at_close_is_reported_and_leaves_good_file(tmp_path, limit_pages):
    session = branching()
    session.save(tmp_path / "run")
    session.flush()
    limit_pages()
    session.burst(1000)
    with pytest.raises(StoreError, match="disk is full"):
        session.close()
    assert session.path is None
    again = Session.open(tmp_path / "run")
    assert again.path is not None
    again.seek(0)
    again.seek(again.timeline.branch.tip)
    assert again.timeline.mismatch is None
    again.close()


def test_failed_creation_leaves_no_file(tmp_path, monkeypatch):
    def full(*_given, **_meta):
        raise StoreError("full")

    session = branching()
    monkeypatch.setattr(SessionFile, "put_meta", full)
    with pytest.raises(StoreError, match="full"):
        session.save(tmp_path / "run")
    assert list(tmp_path.glob("run*")) == []
    monkeypatch.undo()
    session.save(tmp_path / "run")
    before = facts(session)
    session.close()
    again = Session.open(tmp_path / "run")
    assert facts(again) == before
    again.close()


def test_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "run").write_text("precious")
    session = branching()
    with pytest.raises(StoreError, match="run: there is a file already"):
        session.save(tmp_path / "run")
    assert [path.name for path in tmp_path.glob("run*")] == ["run"]
    assert (tmp_path / "run").read_text() == "precious"


def test_autosave_reports_full_disk_and_recovery_once(limit_pages):
    session, said = Session(line()), []
    save = AutoSave(session, said.append, wanted=True)
    save.now()
    assert said == []  # there is nothing to save yet
    session.burst(3)
    save.now()
    limit_pages()
    for _ in range(3):
        session.burst(500)
        save.now()
    limit_pages(ROOM)
    for _ in range(2):
        session.step()
        save.now()
    path = session.path
    assert said == [Saved(path), Saved(path, f"{path}: database or disk is full"), Saved(path)]
    session.close()


def test_home_that_is_a_file_is_reported(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    session, said = Session(line()), []
    session.burst(3)
    AutoSave(session, said.append, wanted=True).now()
    assert said[0].path is None
    assert str(tmp_path / "file") in said[0].problem
    session.burst(3)
    assert session.position == 6


UNPRIVILEGED = """
import os, sys
from pathlib import Path
import filelock  # imported late by gradstep, where another user may not read it
from gradstep.engine import Session, UserError
from runs import line
Session(line()).burst(2)  # whatever else is imported late
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
session = Session.open(Path(sys.argv[1]))
print(session.position, session.path, *session.notices, sep="|")
session.burst(5)
print(session.timeline.mismatch, len(session.history))
try:
    Session.open(Path(sys.argv[2]), save=False)
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["folder", "file"])
def test_read_only_session_opens_with_notice(tmp_path_factory, what):
    folder = Path("/tmp") / f"gradstep-{os.getpid()}-{what}"  # one that another user may enter
    folder.mkdir(mode=0o777)
    path = folder / "run.gradstep"
    try:
        session = branching()
        session.save(path)
        session.close()
        closed = folder / "closed.gradstep"
        closed.write_bytes(path.read_bytes())
        closed.chmod(0)
        folder.chmod(0o555 if what == "folder" else 0o777)
        path.chmod(0o444)
        ran = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, path, closed],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert ran.returncode == 0, ran.stderr
        first, last, refused = ran.stdout.splitlines()
        assert first.startswith(f"44|None|{path}: ")
        assert first.endswith("; changes will not be saved")
        assert last == "None 61"
        assert refused == f"{closed}: Permission denied"
    finally:
        folder.chmod(0o777)
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()


SECOND = """
import sys
from pathlib import Path
from gradstep.engine import Session
session = Session.open(Path(sys.argv[1]))
session.burst(3)
session.flush()
session.close()
print(session.position, session.path, *session.notices, sep="|")
"""


def test_second_explorer_does_not_save(tmp_path):
    session = branching()
    path = tmp_path / "run.gradstep"
    session.save(path)
    before = facts(session)
    ran = subprocess.run([sys.executable, "-c", SECOND, path], capture_output=True, text=True, timeout=60)
    notice = f"{path}: another gradstep has this session open; changes will not be saved"
    assert ran.stdout.strip() == f"47|None|{notice}", ran.stderr
    session.close()
    # and when the first has closed it, it is the next one's
    again = Session.open(path)
    assert facts(again) == before
    assert again.notices == []
    again.close()
    assert list(tmp_path.glob("run*")) == [path]


def test_lock_of_dead_process_is_ignored(tmp_path):
    session = branching()
    path = tmp_path / "run.gradstep"
    session.save(path)
    session.close()
    Path(f"{path}.lock").touch()
    again = Session.open(path)
    assert again.path == path
    again.close()
