"""The installed `gradstep`: pipes that close, disks that are full, Ctrl+C."""

import json
import os
import signal
import subprocess

import pytest
from command_runs import GRADSTEP, in_a_shell

pytestmark = pytest.mark.timeout(60)


def test_a_run(folder):
    done = in_a_shell("gradstep run small.toml --steps 2 --json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["step"] for line in done.stdout.splitlines()] == [0, 1, 2]


def test_reader_that_closes_the_pipe_is_no_error():
    done = in_a_shell(
        "gradstep run small.toml --steps 2000 --json | head -1; echo ${PIPESTATUS[0]}", env=unbuffered("")
    )
    first, status = done.stdout.splitlines()
    assert json.loads(first)["step"] == 0
    assert (status, done.stderr) == ("0", "")


@pytest.mark.parametrize("command", ["presets linear-1-layer", "presets", "run small.toml --steps 3 --json"])
def test_closed_stdout_is_no_error(command):
    """What is short is written only at the very end."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write) as pipe:
        done = subprocess.run(
            [GRADSTEP, *command.split()],
            stdout=pipe,
            stderr=subprocess.PIPE,
            env=unbuffered(""),
            timeout=60,
            check=False,
        )
    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.parametrize("output", ["--json > /dev/full", "--csv /dev/full"])
def test_full_disk_is_a_sentence(output):
    done = in_a_shell(f"gradstep run small.toml --steps 3 {output}", env=unbuffered(""))
    assert done.returncode == 2
    assert done.stderr.startswith("gradstep: ")
    assert "No space left" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert output.startswith("--json") or "--csv /dev/full" in done.stderr


def test_commands_run_without_standard_streams():
    done = in_a_shell("gradstep small.toml <&-")
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    done = in_a_shell("gradstep presets small.toml >&-")
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_a_run_and_keeps_its_steps(folder):
    process = subprocess.Popen(
        [GRADSTEP, "run", "small.toml", "--steps", "100000000", "--json", "--save", "x.gradstep"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=unbuffered("1"),
    )
    with process:
        printed = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGINT)
        printed += process.stdout.readlines()
        err = process.stderr.read()
    assert process.returncode == 130
    assert err.splitlines()[1:] == ["    gradstep run --from x.gradstep"]
    whole = [json.loads(line)["step"] for line in printed if line.endswith("}\n")]
    assert whole == list(range(len(whole)))
    done = in_a_shell("gradstep export x.gradstep --json | tail -1")
    assert not done.stderr
    assert json.loads(done.stdout)["step"] >= whole[-1]


def unbuffered(value):
    return os.environ | {"PYTHONUNBUFFERED": value}
