"""`gradstep sessions` and `gradstep export`."""

import csv
import os
import time

import pytest
from test_run_command import without_seconds

from gradstep.engine import Session
from gradstep.engine.records.record import FIELDS
from gradstep.engine.session.file import SessionFile
from gradstep.engine.session.folder import find_session, session_name


@pytest.fixture
def sessions(gradstep, folder):
    """Two sessions in the user's folder, the second one later."""
    place = folder / "data" / "gradstep" / "sessions"
    place.mkdir(parents=True)
    for number, steps in ((1, 5), (2, 9)):
        path = place / f"run-{number}.gradstep"
        assert gradstep("run", "small.toml", "--steps", steps, "--save", path).status == 0
        os.utime(path, (time.time() + number, time.time() + number))
    return place


def listed(done):
    return [line.split()[0] for line in done.out.splitlines()[1:]]


def test_none_yet(gradstep):
    done = gradstep("sessions")
    assert done.status == 0
    assert "no sessions yet" in done.out


def test_the_list(gradstep, sessions):
    done = gradstep("sessions")
    assert (done.status, done.err) == (0, "")
    assert listed(done) == ["run-2", "run-1"]
    heading, second, first = done.out.splitlines()
    assert heading.split() == ["session", "name", "when", "branches", "positions", "last", "loss", "size"]
    assert " 10 " in second
    assert " 6 " in first


@pytest.mark.parametrize("name", ["my best run", "[/]", "[red]x", "a@3", "名前", ":smile:"])
def test_name_is_shown_verbatim(gradstep, sessions, name):
    assert gradstep("sessions", "name", "run-1", name).out == f"run-1 is called {name}\n"
    done = gradstep("sessions")
    assert done.status == 0
    assert name in done.out


def test_control_characters_of_a_name_are_removed(gradstep, sessions):
    file = SessionFile(sessions / "run-1.gradstep")
    with file.transaction():
        file.put_meta(name="a\x1b[2Jb")
    file.close()
    done = gradstep("sessions")
    assert "a\N{REPLACEMENT CHARACTER}[2Jb" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\x1b[2Jb", "printable"),
        ("two\nlines", "printable"),
        ("x" * 61, "up to 60"),
        ("mine.toml", "no .toml or .gradstep"),
        ("mine.gradstep", "no .toml or .gradstep"),
        ("linear-1-layer", "this is a preset's name"),
        ("run-2", "this is another session's file"),
    ],
)
def test_ambiguous_name_is_refused(gradstep, sessions, name, why):
    done = gradstep("sessions", "name", "run-1", name)
    assert done.status == 2
    assert why in done.err
    assert not any(name in line for line in gradstep("sessions").out.splitlines() if "run-1" in line)


def test_naming_keeps_the_time_of_saving(gradstep, sessions):
    """The list is by when a run was saved, and says it."""
    before = (sessions / "run-1.gradstep").stat().st_mtime_ns
    gradstep("sessions", "name", "run-1", "mine")
    assert (sessions / "run-1.gradstep").stat().st_mtime_ns == before
    assert listed(gradstep("sessions")) == ["run-2", "run-1"]
    assert gradstep("sessions", "name", "run-1", "").out == "run-1 has no name now\n"


def test_delete_takes_names_paths_and_several(gradstep, sessions):
    done = gradstep("sessions", "delete", "run-1", sessions / "run-2.gradstep")
    assert done.status == 0
    assert done.out.splitlines() == ["deleted run-1", "deleted run-2"]
    assert "no sessions yet" in gradstep("sessions").out


def test_delete_old_takes_old_unnamed_sessions(gradstep, sessions):
    long_ago = time.time() - 40 * 24 * 3600
    gradstep("sessions", "name", "run-2", "kept")
    for path in sessions.glob("*.gradstep"):
        os.utime(path, (long_ago, long_ago))
    assert "1 unnamed and older than 30 days" in gradstep("sessions").out
    assert gradstep("sessions", "delete", "--old").out.split() == ["deleted", "run-1"]
    assert listed(gradstep("sessions")) == ["run-2"]
    assert gradstep("sessions", "delete", "--old").out == ""


def test_given_name_finds_a_session(gradstep, sessions):
    gradstep("sessions", "name", "run-2", "both kept")
    gradstep("sessions", "name", "run-1", "both kept")
    assert "several have this name: run-2, run-1" in gradstep("sessions", "delete", "both kept").err
    gradstep("sessions", "name", "run-1", "mine")
    by_name, by_file = (gradstep("export", which, "--json").out for which in ("mine", "run-1"))
    assert by_name == by_file != ""
    assert gradstep("sessions", "delete", "mine").out.split() == ["deleted", "run-1"]


def test_unreadable_file_is_listed_and_not_deleted(gradstep, sessions):
    foreign = sessions / "foreign.gradstep"
    foreign.write_text("hello " * 1000)
    done = gradstep("sessions")
    assert done.status == 0
    assert "unreadable" in done.out
    assert gradstep("sessions", "delete", "foreign").status == 2
    assert foreign.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["delete"], "give the sessions to delete, or --old"),
        (["delete", "run-1", "nothing"], "nothing: no such session"),
        (["name", "nothing", "x"], "nothing: no such session"),
        (["name", "run-1"], "required: name"),
        (["rename", "run-1", "x"], "rename"),
        (["delete", "x" * 300], "x" * 300),
        (["delete", ""], "no such session"),
        (["delete", "run"], "no such session; several begin so: run-2, run-1"),
        (["delete", "rum-1"], "no such session; did you mean 'run-1'?"),
        (["delete", "."], "this is a folder"),
        (["delete", "--odl"], "did you mean '--old'"),
    ],
    ids=lambda value: " ".join(value)[:30],
)
def test_bad_input(gradstep, sessions, arguments, text):
    done = gradstep("sessions", *arguments)
    assert done.status == 2
    assert text in done.err
    assert listed(gradstep("sessions")) == ["run-2", "run-1"], "nothing is deleted if one can't be"


def test_session_is_found_by_name(sessions, folder):
    """As the explorer tells it when one quits: in the user's folder by its name, elsewhere by its path."""
    elsewhere = folder / "mine.gradstep"
    elsewhere.write_bytes((sessions / "run-1.gradstep").read_bytes())
    assert session_name(sessions / "run-1.gradstep") == "run-1"
    for path in (sessions / "run-1.gradstep", elsewhere):
        assert find_session(session_name(path)) == path


# --- export -----------------------------------------------------------------------------------------


def test_export_equals_the_output_of_the_run(gradstep, sessions, folder):
    printed = gradstep("run", "small.toml", "--steps", 9, "--json").objects
    exported = gradstep("export", "run-2", "--json")
    assert (exported.status, exported.err) == (0, "")
    assert without_seconds(exported.objects) == without_seconds(printed)
    assert all(tuple(record) == FIELDS for record in exported.objects)
    done = gradstep("export", sessions / "run-2.gradstep", "--csv", "x.csv")
    assert (done.status, done.out) == (0, "")
    with (folder / "x.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, record in zip(rows, exported.objects, strict=True):
        assert row == {name: "" if record[name] is None else str(record[name]) for name in FIELDS}


def test_export_reads_a_snapshot_of_a_running_session(gradstep, sessions, monkeypatch):
    """A session that is written to between two reads: records and what was measured are of the same flush."""
    running = Session.open(sessions / "run-1.gradstep")
    running.measure("train_loss")
    running.flush()
    last, read = len(running.history) - 1, SessionFile.rows

    def rows(file, branch, fork):
        found = read(file, branch, fork)
        running.burst(2)
        running.flush()
        return found

    monkeypatch.setattr(SessionFile, "rows", rows)
    exported = gradstep("export", "run-1", "--json").objects
    running.close()
    assert [record["step"] for record in exported] == list(range(last + 1))


def test_export_spells_nonfinite_numbers(gradstep):
    gradstep("run", "diverging.toml", "--save", "x.gradstep")
    printed = gradstep("run", "diverging.toml", "--json").objects
    exported = gradstep("export", "x.gradstep", "--json").objects
    assert without_seconds(exported) == without_seconds(printed)
    assert exported[-1]["loss"] in ("NaN", "Infinity")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run-1"], "--json or --csv FILE"),
        (["nothing", "--json"], "no such session"),
        (["run-1", "--json", "--branch", "b"], "no branch 'b'; there are: main"),
        (["run-1", "--csv", "no/such/x.csv"], "cannot be written"),
        (["run-1", "--csv", "x", "--json"], "not allowed with"),
        (["small.toml", "--json"], "this is no gradstep session"),
        (["x" * 300, "--json"], "x" * 300),
        ([], "required: session"),
    ],
    ids=lambda value: " ".join(value)[:30],
)
def test_bad_exports(gradstep, sessions, arguments, text):
    done = gradstep("export", *arguments)
    assert (done.status, done.out) == (2, "")
    assert text in done.err
