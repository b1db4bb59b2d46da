"""A fault of gradstep's own in a command: one sentence, the traceback in a file, exit status 70 (sysexits.h:
EX_SOFTWARE). A signal ends a command as Ctrl+C does; its exit status is 128 and its number (POSIX)."""

import re
import signal
import subprocess

import pytest
from command_runs import GRADSTEP

from gradstep.engine import Session, load_preset
from gradstep.engine.training.trainer import Trainer
from gradstep.tui.cli import main

SENTENCE = r"gradstep met a fault of its own \(ZeroDivisionError\); the traceback is in (\S+)\."
STEPS = 7


@pytest.fixture
def failing(monkeypatch):
    """A session whose steps beyond position 7 divide by zero."""
    fine = Session.advance

    def advance(session, *given, **options):
        if session.position >= STEPS:
            1 / 0  # noqa: B018
        fine(session, 1, **options)

    monkeypatch.setattr(Session, "advance", advance)


def position(path):
    session = Session.open(path)
    try:
        return session.position
    finally:
        session.close()


def test_fault_is_a_sentence_and_a_file(gradstep, failing, folder):
    done = gradstep("run", "small.toml", "--json")
    assert done.status == 70
    assert [record["step"] for record in done.objects] == list(range(STEPS + 1))
    said = done.err.splitlines()
    assert said[0] == f"failed at step {STEPS}"
    file = re.fullmatch(SENTENCE, said[1])[1]
    assert len(said) == 2
    assert file.startswith(str(folder / "state"))
    with open(file, encoding="utf-8") as kept:
        text = kept.read()
    assert text.count("Traceback (most recent call last)") == 1
    assert "in advance\n    1 / 0" in text
    assert text.endswith("ZeroDivisionError: division by zero\n")


def test_steps_before_a_fault_are_saved(gradstep, failing, folder, monkeypatch):
    done = gradstep("run", "small.toml", "--save", "x.gradstep")
    assert done.status == 70
    assert done.err.splitlines()[:2] == [
        f"failed at step {STEPS}, which is saved; go on with",
        "    gradstep run --from x.gradstep",
    ]
    assert position(folder / "x.gradstep") == STEPS


def test_state_in_the_middle_of_a_step_is_not_saved(gradstep, folder, monkeypatch):
    fine = Trainer.step

    def step(trainer):
        if trainer.position == STEPS:
            trainer.model.vector.add_(1.0)
            1 / 0  # noqa: B018
        fine(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", step)
        assert gradstep("run", "small.toml", "--save", "x.gradstep").status == 70
    whole = Session(load_preset("small.toml"))
    whole.burst(STEPS)
    resumed = Session.open(folder / "x.gradstep", save=False)
    assert resumed.position == STEPS
    assert resumed.state_hash() == whole.state_hash()


def test_repeated_fault_names_its_first_file(gradstep, failing, folder):
    first, second = (gradstep("run", "small.toml").err for _ in range(2))
    assert first == second
    assert len(list((folder / "state").rglob("*.txt"))) == 1


def test_traceback_goes_to_stderr_without_a_file(capsys, failing, folder):
    (folder / "state").write_text("a file where the folder would be")
    assert main(["run", "small.toml"]) == 70
    said = capsys.readouterr().err
    assert "gradstep met a fault of its own (ZeroDivisionError); no file could be written" in said
    assert said.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("arguments", "patched"),
    [
        (["presets"], "gradstep.tui.commands.presets.preset_names"),
        (["sessions"], "gradstep.tui.commands.sessions.list_sessions"),
        (["check", "small.toml"], "gradstep.tui.commands.check.load_preset"),
        (["sweep", "small.toml", "--over", "train.seed=0:2"], "gradstep.tui.commands.sweep.parse_axis"),
        (["export", "x", "--json"], "gradstep.tui.commands.export.session_path"),
        (["nonsense"], "gradstep.tui.cli._nothing_such"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_fault_in_any_command_is_reported(gradstep, monkeypatch, arguments, patched):
    monkeypatch.setattr(patched, lambda *_given, **_options: 1 / 0)
    done = gradstep(*arguments)
    assert (done.status, done.out) == (70, "")
    assert re.fullmatch(SENTENCE + "\n", done.err)


def test_recursion_error_is_a_fault(gradstep, monkeypatch):
    def endless(*given):
        return endless(*given)

    monkeypatch.setattr("gradstep.tui.commands.presets.preset_names", endless)
    done = gradstep("presets")
    assert done.status == 70
    assert "(RecursionError); the traceback is in" in done.err


def test_failure_caused_by_an_interrupt_is_no_fault(gradstep, monkeypatch):
    def failing():
        try:
            raise KeyboardInterrupt
        except BaseException:
            raise ValueError("as plotext says of any failure") from None

    monkeypatch.setattr("gradstep.tui.commands.presets.preset_names", failing)
    done = gradstep("presets")
    assert (done.status, done.err) == (130, "")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_ends_a_run_and_keeps_its_steps(folder, number, status):
    process = subprocess.Popen(
        [GRADSTEP, "run", "small.toml", "--steps", "100000000", "--json", "--save", "x.gradstep"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        for _ in range(50):
            process.stdout.readline()
        process.send_signal(number)
        process.send_signal(number)  # as a shell and the terminal do
        process.stdout.read()
        err = process.stderr.read()
    assert process.returncode == status
    at = re.match(r"interrupted at step ([\d,]+), which is saved", err)[1]
    assert err.splitlines()[1:] == ["    gradstep run --from x.gradstep"]
    assert position(folder / "x.gradstep") == int(at.replace(",", ""))


def test_help_lists_the_exit_statuses(gradstep):
    for command in ([], ["run"], ["sweep"]):
        said = " ".join(gradstep(*command, "--help").out.split())
        assert "70 a fault of gradstep's own" in said
        assert "130 Ctrl+C" in said
