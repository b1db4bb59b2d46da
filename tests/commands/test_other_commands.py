"""`gradstep presets`, `gradstep data`, and `gradstep` alone."""

import re

import pytest

from gradstep.engine.config.files import preset_names
from gradstep.tui.commands.parsers import COMMANDS


def test_presets_by_document(gradstep):
    done = gradstep("presets")
    assert (done.status, done.err) == (0, "")
    assert all(f" {name} " in done.out for name in preset_names())
    documents = [line.split()[0] for line in done.out.splitlines() if not line.startswith(" ")]
    assert documents[0] == "document"
    assert {"identity", "linear", "exam"} <= set(documents)
    assert len(documents) == len(set(documents))


def test_printed_preset_can_be_loaded(gradstep, folder):
    done = gradstep("presets", "linear-4-layer")
    assert (done.status, done.err) == (0, "")
    (folder / "again.toml").write_text(done.out)
    assert gradstep("presets", "again.toml").out == done.out
    assert "threads" in done.out


@pytest.mark.parametrize(
    "name", ["linear-1-layr", "", ".", "x" * 300, "small.tomll", "/dev/null", "empty.toml"]
)
def test_no_such_preset(gradstep, folder, name):
    (folder / "empty.toml").touch()
    done = gradstep("presets", name)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("gradstep: ")
    assert len(done.err.splitlines()) == 1


def test_data_lists_folders_and_what_they_hold(gradstep, folder):
    done = gradstep("data", "--data-dir", folder / "my [/] data")
    assert done.status == 0
    assert f"looked in  {folder / 'my [/] data'}" in done.out
    assert "no MNIST" in done.out
    assert "1,797 handwritten digits" in done.out


def test_damaged_mnist_is_named(gradstep, folder):
    (folder / "train-images-idx3-ubyte").write_bytes(b"nothing")
    for name in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (folder / name).write_bytes(b"")
    done = gradstep("data", "--data-dir", folder)
    assert done.status == 2
    assert str(folder) in done.err


def test_fetch_needs_a_name(gradstep):
    done = gradstep("data", "fetch")
    assert done.status == 2
    assert "gradstep data fetch mnist" in done.err
    assert gradstep("data", "fetch", "cifar").status == 2


@pytest.mark.parametrize("arguments", [[], ["linear-1-layer"], ["small.toml", "--set", "train.seed=3"]])
def test_explorer_needs_a_terminal(gradstep, arguments):
    done = gradstep(*arguments)
    assert (done.status, done.out) == (2, "")
    assert "needs a terminal" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nothing"], "no such command, preset, session or file ("),
        (["linear-1-layr"], "did you mean 'linear-1-layer'?"),
        (["chekc"], "did you mean 'check'"),
        (["chekc", "linear-1-layer"], "did you mean 'check'"),
        (["--set", "train.seed=3"], "name one"),
        (["small.toml", "--set", "train.seed=x"], "train.seed"),
        (["small.toml", "--bogus"], "--bogus"),
        (["heights.csv"], "heights.csv: a data file is no preset."),
        (["notes.txt"], "notes.txt: no valid TOML"),
        (["old.gradstep"], "needs a terminal"),
        (["small.toml", "--steps", "3"], "--steps 3; `gradstep run` has --steps"),
        (["small.toml", "--asci-art"], "did you mean '--ascii'"),
    ],
)
def test_bad_arguments_of_the_explorer(gradstep, folder, arguments, text):
    (folder / "heights.csv").write_text("age,weight\n31,57.5\n")
    (folder / "notes.txt").write_text("a file of notes\n")
    (folder / "old.gradstep").write_text("damaged, and a session by its name\n")
    done = gradstep(*arguments)
    assert done.status == 2
    assert text in done.err


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=str)
def test_help(gradstep, command):
    done = gradstep(*command, "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"usage: gradstep{' ' if command else ''}{' '.join(command)}")


def test_version_names_the_libraries(gradstep):
    done = gradstep("--version")
    assert done.status == 0
    assert re.fullmatch(r"gradstep \S+, torch 2\.13\.\S+, numpy \S+, textual \S+", done.out.strip())


@pytest.mark.parametrize(
    "command",
    [
        ("run", "exam-single-example", "--steps", 1),
        ("sweep", "exam-single-example", "--steps", 1, "--over", "train.seed=0,1"),
        ("check", "exam-single-example"),
    ],
    ids=lambda command: command[0],
)
def test_substituted_digits_are_announced_with_the_folders(gradstep, folder, command):
    said = f"warning: no MNIST in /no/such or {folder}/cache/gradstep/mnist: scikit-learn's digits take its"
    assert said in gradstep(*command, "--data-dir", "/no/such").err
    assert "MNIST" not in gradstep("run", "small.toml", "--data-dir", "/no/such").err
