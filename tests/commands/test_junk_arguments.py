"""Whatever is typed: a status, never an exception."""

import contextlib
import io

import pytest
from command_runs import SMALL
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gradstep.tui.cli import main

WORDS = [
    "run", "presets", "export", "sessions", "data", "check", "name", "delete", "--old", "--json", "--csv",
    "--steps", "--epochs", "--until", "--set", "--save", "--from", "--branch", "--data-dir", "--help", "--",
    "-", "", ".", "..", "/", "/dev/null", "0", "2", "-1", "1e3", "99999999999999999999", "@", "@3", "x@3",
    "small.toml", "s.gradstep", "s.gradstep@1", "s.gradstep@x", "nothing", "loss < 1", "loss >", "[/]",
    "train.seed=3", "train.seed=x", "train.seed=", "=", "a.b.c=1", "network.layers.0.units=2",
    "network.layers.9.units=2", "train.rule=adam", "train.rule.name=nothing", "data=1", "title=[/]",
    "train.batch=[[[", 'train={a="b"}', "run.steps=1\nx=2", "\udcff", "é", "x" * 300,
]  # fmt: skip
junk = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=()), max_size=12
)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """One folder for all of them: what one command saves is junk to the next."""
    place = tmp_path_factory.mktemp("junk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(place / "data"))
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        patch.delenv("GRADSTEP_DATA", raising=False)
        patch.chdir(place)
        (place / "small.toml").write_text(SMALL)
        yield place


@pytest.fixture(scope="module")
def own_folders(folder):
    """Those of `folder`, whichever test runs."""
    return folder


def status(*arguments):
    """The status of a command line, whose output is well-formed UTF-8 and shows no traceback."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    err.reconfigure(errors="backslashreplace")  # as Python's own stderr
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            found = main(arguments)
        except SystemExit as error:
            found = error.code
    err.seek(0)
    assert "Traceback" not in err.read()
    return found


def harmless(arguments):
    """Not a run of many steps, no download, and nothing written outside of the folder."""
    runs_long = any(word.lstrip("-").isdigit() and len(word) > 3 for word in arguments)
    elsewhere = any(word.startswith(("/", "..", "~")) and word != "/dev/null" for word in arguments)
    return not (runs_long or elsewhere or "mnist" in arguments)


junk_lines = st.lists(junk, max_size=6).filter(harmless)
# the first call of a command imports it: no time limit a call
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@given(junk_lines)
@few
@example(["small.toml", "--steps", "2", "--save", "s.gradstep"])
@example(["--from", ""])
@example(["small.toml", "--set", "train.seed=" + "[" * 300])
@example(["small.toml", "--steps", "1", "--data-dir", "\udcff"])
@example(["x" * 300])
def test_run(arguments):
    assert status("run", *arguments) in (0, 2, 3, 4)


@given(junk_lines)
@few
def test_run_of_a_preset(arguments):
    assert status("run", "small.toml", *arguments) in (0, 2, 3, 4)


@given(st.lists(junk, max_size=3).filter(harmless))
@few
def test_presets(arguments):
    assert status("presets", *arguments) in (0, 2)


@given(junk_lines)
@few
def test_export(arguments):
    assert status("export", *arguments) in (0, 2)


@given(junk_lines)
@few
@example(["name", "s", "\udcff"])
@example(["name", "s.gradstep", "\udcff"])
def test_sessions(arguments):
    assert status("sessions", *arguments) in (0, 2)


@given(st.lists(junk.filter(lambda word: word not in ("check", "run")), max_size=4).filter(harmless))
@few
@example(["data", "--data-dir", "\udcff"])
def test_anything(arguments):
    assert status(*arguments) in (0, 1, 2, 3, 4)
