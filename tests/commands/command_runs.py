"""What the tests of the commands share: a small preset's file, and a command line carried out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from gradstep.tui.cli import main

GRADSTEP = Path(sys.executable).with_name("gradstep")
SMALL = """\
title = "A small run"
question = "Does it fall?"
document = "tests"
[data]
name = "ramp"
samples = 24
length = 6
scale = "unit"
[network]
layers = [{ units = 1 }]
[train]
loss = "mse"
dtype = "float64"
threads = 1
rule = { name = "gradient_descent", learning_rate = 0.05 }
[run]
steps = 20
"""
DIVERGING = SMALL.replace("0.05", "1e30")
LINEAR_4_SHRUNKEN = ["linear-4-layer-diverges", "--set", "network.layers=[{units=9},{units=1}]"]


class Done(NamedTuple):
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def objects(self):
        return [json.loads(line) for line in self.out.splitlines()]


def carry_out(capsys, *arguments):
    """A command line in this process; `argparse`'s own way out is a status like any other."""
    capsys.readouterr()
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as error:
        status = error.code
    written = capsys.readouterr()
    assert "Traceback" not in written.err
    return Done(status, written.out, written.err)


def in_a_shell(line, **settings):
    """A line of shell that calls the installed `gradstep`."""
    return subprocess.run(
        ["bash", "-c", f'PATH="{GRADSTEP.parent}:$PATH"; {line}'],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **settings,
    )
