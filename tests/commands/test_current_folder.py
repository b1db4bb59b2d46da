"""The installed `gradstep` imports nothing from the folder that it is started in."""

import os
import subprocess
import sys

import pytest
from command_runs import GRADSTEP, SMALL
from traps import NAMES, set_traps, sprung

SEEDS = """
[[claim]]
says = "It falls, for every seed."
source = "tests"
seeds = 2
condition = "loss < 1e9"
expect = "holds"
"""
SWEEP = "sweep {presets}/small.toml --over train.seed=0:2 --jobs 2"
COMMANDS = (
    "--version",
    "run linear-1-layer --steps 1 --json",
    "run --from {presets}/kept.gradstep --steps 1 --json",
    SWEEP,
    "check {presets}/seeds.toml",
    "export {presets}/kept.gradstep --json",
    "presets",
    "presets linear-1-layer",
    "sessions",
    "data",
)


@pytest.fixture
def presets(folder, gradstep):
    """A folder with presets and a saved run, which is not the one that the program is started in."""
    (folder / "seeds.toml").write_text(SMALL + SEEDS)
    assert gradstep("run", "small.toml", "--steps", 3, "--save", "kept.gradstep").status == 0
    return folder


@pytest.fixture(autouse=True)
def unsafe(monkeypatch):
    """What the user of these tests has set does not keep the traps shut."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)


@pytest.fixture
def trapped(folder):
    return set_traps(folder / "started here")


def started(trapped, program, command, presets, **settings):
    return subprocess.run(
        [*program, *command.format(presets=presets).split()],
        cwd=trapped,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_trap_springs(trapped):
    """With `-c` the current folder is first on the path."""
    subprocess.run([sys.executable, "-c", f"import {', '.join(NAMES)}"], cwd=trapped, check=True)
    assert sprung(trapped) == set(NAMES)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command(trapped, presets, command):
    done = started(trapped, [GRADSTEP], command, presets)
    assert sprung(trapped) == set()
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize(
    ("program", "settings"),
    [
        ([GRADSTEP], {"PYTHONPATH": os.pathsep}),
        ([GRADSTEP], {"PYTHONPATH": "."}),
        ([sys.executable, "-m", "gradstep.tui.cli"], {}),
    ],
    ids=["empty entry", "dot", "-m"],
)
def test_path_beginning_with_the_current_folder(folder, presets, program, settings):
    """Without `gradstep`, which Python itself looks up before a line of gradstep's has run."""
    trapped = set_traps(folder / "started here", [name for name in NAMES if name != "gradstep"])
    done = started(trapped, program, SWEEP, presets, **settings)
    assert sprung(trapped) == set()
    assert done.returncode == 0, done.stderr


def test_absolute_folder_in_pythonpath_is_kept(trapped, presets):
    started(trapped, [GRADSTEP], "presets", presets, PYTHONPATH=str(trapped))
    assert sprung(trapped)
