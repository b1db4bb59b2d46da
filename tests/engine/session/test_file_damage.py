"""Files that are not what they should be: a clear sentence with the file's name, and never anything else."""

import random
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import line
from store_runs import branching, facts

from gradstep.engine import Session, UserError
from gradstep.engine.session.file import SessionFile, StoreError
from gradstep.engine.session.folder import summarise


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "whole.gradstep"
    session = branching()
    session.save(path)
    session.close()
    return path


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copy(saved, tmp_path / "copy.gradstep")


def refuse(path, match=None):
    """The file is refused as it should be, by everything that reads one."""
    with pytest.raises(UserError) as raised:
        Session.open(path)
    text = str(raised.value)
    assert str(path) in text
    if match is not None:
        assert match in text
    summarise(path)
    return text


def opened_or_refused(path):
    """Damage that can't be noticed is one thing, a traceback is another."""
    summarise(path)
    try:
        session = Session.open(path)
        session.seek(0)
        for number in session.timeline.branches:
            session.switch(number)
            session.seek(session.timeline.branch.tip)
        session.close()
    except UserError as error:
        assert str(path) in str(error)  # noqa: PT017


def edit(path, *statements):
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)
    db.close()


# --- other files ------------------------------------------------------------------------------------


def test_no_file(tmp_path):
    with pytest.raises(StoreError, match=r"nothing\.gradstep: no such file"):
        Session.open(tmp_path / "nothing.gradstep")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"title = 'a preset'\n", b"\0" * 5000, b"SQLite format 3\0"])
def test_no_session(tmp_path, content):
    path = tmp_path / "file.gradstep"
    path.write_bytes(content)
    refuse(path, "this is no gradstep session")
    assert path.read_bytes() == content


def test_a_directory(tmp_path):
    with pytest.raises(StoreError, match="this is no gradstep session"):
        Session.open(tmp_path)


def test_a_file_within_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file/inside"):
        Session.open(tmp_path / "file" / "inside")


def test_somebody_elses_database(tmp_path):
    path = tmp_path / "foreign.db"
    edit(path, "create table meta (key text, value text)")
    before = path.read_bytes()
    refuse(path, "this is no gradstep session")
    assert path.read_bytes() == before


def test_a_newer_file(copy):
    reads = SessionFile.version
    edit(copy, f"pragma user_version = {reads + 1}")
    refuse(copy, f"written by a newer gradstep (format {reads + 1}; this one reads {reads})")


def test_another_application(copy):
    edit(copy, "pragma application_id = 12345")
    refuse(copy, "this is no gradstep session")


@pytest.mark.parametrize(
    "statement",
    [
        "create view v as select 1",
        "create trigger t after insert on meta begin delete from records; end",
    ],
)
def test_a_file_with_views_or_triggers(copy, statement):
    edit(copy, statement)
    refuse(copy, "this is no gradstep session")


# --- damaged ones -----------------------------------------------------------------------------------


def test_truncated_anywhere(saved, tmp_path):
    whole, draw = saved.read_bytes(), random.Random(4)
    lengths = {1, 15, 16, 99, 100, 4095, 4096, 4097, len(whole) - 1, *draw.sample(range(len(whole)), 20)}
    for length in sorted(lengths):
        path = tmp_path / f"{length}.gradstep"
        path.write_bytes(whole[:length])
        if length < len(whole) - 4096:
            refuse(path)
        else:
            opened_or_refused(path)  # SQLite reads what is gone of the last page as zeros


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bytes_changed_anywhere(saved, tmp_path_factory, data):
    whole = bytearray(saved.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("changed") / "changed.gradstep"
    path.write_bytes(whole)
    opened_or_refused(path)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_bytes_changed_anywhere_many_times(saved, tmp_path):
    draw, path = random.Random(5), tmp_path / "changed.gradstep"
    for _ in range(2000):
        whole = bytearray(saved.read_bytes())
        for _ in range(draw.randrange(1, 100)):
            whole[draw.randrange(len(whole))] = draw.randrange(256)
        path.write_bytes(whole)
        opened_or_refused(path)


NEST = "[" * 100_000
GARBAGE = [
    "update keyframes set state = x'00112233'",
    "update keyframes set state = zeroblob(4000)",
    "update keyframes set state = 'text'",
    "update keyframes set state = substr(state, 1, length(state) - 8)",
    "update records set rows = x'0011'",
    "update records set rows = 'text'",
    "update records set first = first + 1",
    "update records set first = -5",
    "update records set first = 1000000000000",
    "update records set first = 'text'",
    "update records set first = null",
    "delete from records",
    "delete from records where branch = 1",
    "update configs set toml = 'no = toml = at all'",
    "update configs set toml = 'title = 1'",
    "update configs set toml = x'ff00ff'",
    "update configs set toml = ''",
    ("update configs set toml = 'a = ' || ?", (NEST,)),
    "update configs set toml = replace(toml, 'threads = 1', 'threads = \"auto\"')",
    "update configs set toml = replace(toml, 'samples = 24', 'samples = 25')",
    "delete from configs",
    "delete from branches",
    "delete from branches where number = 0",
    "update branches set parent = 17 where number = 1",
    "update branches set parent = 1 where number = 1",
    "update branches set parent = 'x' where number = 1",
    "update branches set parent = x'00' where number = 1",
    "update branches set fork = 1000 where number = 1",
    "update branches set fork = -1 where number = 1",
    "update branches set fork = 'x' where number = 1",
    "update branches set fork = 3 where number = 0",
    "update branches set name = x'ff' where number = 1",
    "update changes set changes = '{'",
    "update changes set changes = '3'",
    ("update changes set changes = ?", (NEST,)),
    "update changes set position = 'x'",
    "delete from meta",
    "update meta set value = 'x' where key = 'branch'",
    "update meta set value = '77' where key = 'branch'",
    "update meta set value = x'ff' where key = 'branch'",
    "update meta set value = 'x' where key = 'position'",
    "update meta set value = 'x' where key = 'fingerprint'",
    "drop table keyframes",
    "drop table meta",
    "drop table records",
]


@pytest.mark.parametrize("statement", GARBAGE, ids=lambda s: s if isinstance(s, str) else s[0])
def test_garbage_in_a_table(copy, statement):
    edit(copy, statement)
    refuse(copy)


@pytest.mark.parametrize(
    "statement",
    [
        "update meta set value = '-7' where key = 'position'",
        "update meta set value = '100000' where key = 'position'",
        "update keyframes set position = -3 where rowid = 1",
        "update keyframes set position = 100000 where rowid = 1",
        "update keyframes set branch = 100 where rowid = 1",
        "delete from keyframes",
        "update meta set value = 'x' where key in ('title', 'created', 'saved', 'name')",
        "insert into meta values ('from a later version', 'x')",
    ],
)
def test_missing_optional_tables_are_tolerated(copy, statement):
    edit(copy, statement)
    session = Session.open(copy)
    assert session.timeline.mismatch is None
    for number in session.timeline.branches:
        session.switch(number)
        session.seek(0)
        session.seek(session.timeline.branch.tip)
    assert session.timeline.mismatch is None
    session.close()


def test_a_changed_number_in_a_state_is_noticed(copy):
    (state,) = (
        sqlite3.connect(copy).execute("select state from keyframes order by position desc limit 1").fetchone()
    )
    changed = bytearray(state)
    changed[-9] ^= 0x40
    edit(copy, ("update keyframes set state = ? where state = ?", (bytes(changed), state)))
    session = Session.open(copy)
    session.seek(session.timeline.branch.tip)
    assert session.timeline.mismatch is not None
    session.close()


# --- another machine --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["torch", "capability"])
def test_another_machine_gets_a_branch(copy, key):
    edit(copy, ("update meta set value = 'another' where key = ?", (key,)))
    session = Session.open(copy)
    assert any("another" in notice and str(copy) in notice for notice in session.notices)
    assert session.timeline.branch.name.startswith("replay from")
    assert len(session.timeline.branches) == 4
    session.burst(5)
    session.close()


def test_another_machine_can_open_a_session_again_and_again(copy):
    edit(copy, "update meta set value = 'another' where key = 'torch'")
    for _ in range(3):
        session = Session.open(copy)
        session.seek(44)
        session.close()


def test_other_data_is_refused(copy):
    edit(copy, "update meta set value = 'x' where key = 'fingerprint'")
    refuse(copy, "recorded on other data")


# --- the file is not harmed by looking at it --------------------------------------------------------


def test_a_refused_file_is_not_changed(copy):
    edit(copy, "update configs set toml = ''")
    before = copy.read_bytes()
    refuse(copy)
    assert copy.read_bytes() == before


def test_reading_changes_nothing(copy):
    before = copy.read_bytes()
    file = SessionFile(copy, read_only=True)
    file.meta()
    with pytest.raises(StoreError, match="copy"), file.transaction():
        file.put_meta(a="b")
    file.close()
    assert copy.read_bytes() == before


def test_undamaged_file_opens(copy):
    session = Session.open(copy)
    assert facts(session)[:2] == (2, 44)
    session.close()
    assert line() == session.timeline.branches[0].configs[0][1]
