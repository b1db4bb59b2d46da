"""`gradstep completion`: scripts that shells accept, and the words that bash completes with its script."""

import shutil
import subprocess

import pytest
from command_runs import in_a_shell

from gradstep.engine.config.files import preset_names
from gradstep.tui.commands.completion import SHELLS
from gradstep.tui.commands.help import TOPICS
from gradstep.tui.commands.parsers import COMMANDS

SHTABS_OWN = {
    "bash": ["_shtab_gradstep()", "_shtab_gradstep_pos_0_choices=(", "_pos_0_COMPGEN="],
    "zsh": ["_shtab_gradstep_commands() {"],
    "fish": ["function _shtab_gradstep_using", "set -g _shtab_gradstep_npos 0"],
}
"""Names that shtab makes up and the scripts build on."""


@pytest.fixture
def completed(folder):
    """`completed(line)`: what bash offers for the last word of a line."""
    assert in_a_shell("gradstep completion bash > completion.bash").returncode == 0

    def complete(line):
        done = in_a_shell(
            f"source completion.bash; COMP_WORDS=({line}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); "
            "_gradstep 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        return done.stdout.split()

    return complete


@pytest.mark.parametrize("shell", SHELLS)
def test_script_builds_on_names_that_shtab_has(gradstep, shell):
    done = gradstep("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert [name for name in SHTABS_OWN[shell] if name not in done.out] == []
    assert [name for name in preset_names() if name not in done.out] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_accepts_script(gradstep, folder, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (folder / "script").write_text(gradstep("completion", shell).out)
    done = subprocess.run([shell, "-n", "script"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ('gradstep ""', [*COMMANDS, *preset_names(), "small.toml"]),
        ("gradstep exam-constant-init --", ["--set", "--fps", "--ascii"]),
        ("gradstep run linear-1", ["linear-1-layer", "linear-1-layer-diverges", "linear-1-layer-float32"]),
        ("gradstep run linear-1-layer --set train.rule.learning", ["train.rule.learning_rate="]),
        ("gradstep sweep linear-gap --over train.s", ["train.shuffle=", "train.seed="]),
        ('gradstep help ""', TOPICS),
        ("gradstep check sm", ["small.toml"]),
        ("gradstep completion b", ["bash"]),
    ],
)
def test_words_in_bash(completed, line, offered):
    assert set(offered) <= set(completed(line))


def test_sessions_in_bash(completed, gradstep):
    saved = "data/gradstep/sessions/first.gradstep"
    assert gradstep("completion", "sessions").out.strip() == ""
    in_a_shell(f"mkdir -p {saved.rpartition('/')[0]}; gradstep run small.toml --steps 1 --save {saved}")
    assert gradstep("completion", "sessions").out == "first\n"
    for line in (
        "gradstep fir",
        "gradstep run --from fir",
        "gradstep export fir",
        "gradstep sessions name fir",
    ):
        assert completed(line) == ["first"]


def test_unknown_shell(gradstep):
    done = gradstep("completion", "ksh")
    assert done.status == 2
    assert "bash, zsh, fish" in done.err.replace("'", "")
