"""README.md: short, with commands, keys and a script that are there. Its walks are in terminal/."""

import re
import shlex
from pathlib import Path

import pytest

from gradstep.engine.config.files import load_preset, preset_names
from gradstep.tui.commands.parsers import COMMANDS, command_parser, explorer_parser
from gradstep.tui.screens.explorer import ExplorerScreen

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
TYPED = [
    *(
        re.split(r"\s{2,}", line.strip())[0]
        for line in README.splitlines()
        if line.startswith("    gradstep ")
    ),
    *re.findall(r"`(gradstep [^`]*)`", README),
]
NAMES = {"plus": "+", "minus": "-"}


def test_is_short():
    assert len(README.splitlines()) <= 150


def test_counts():
    claims = sum(len(load_preset(name).claim) for name in preset_names())
    assert f"{len(preset_names())} scenarios" in README
    assert f"{claims} claims" in README


@pytest.mark.parametrize("line", TYPED)
def test_commands_are_understood(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, first, *rest = shlex.split(line.partition(" > ")[0])
    if first in COMMANDS:
        command_parser(first).parse_args(rest)
    else:
        explorer_parser().parse_args([first, *rest])
        assert first in (*preset_names(), "mine.toml", "NAME")


def test_keys_are_bound():
    section = README.partition("## Keys you need")[2].partition("\n## ")[0]
    keys = set(re.findall(r"`(\S+?)`", section)) - {"ctrl+p", "?"}
    bound = {key for binding in ExplorerScreen.BINDINGS for key in binding.key.split(",")}
    assert keys - {NAMES.get(key, key) for key in bound} == set()


def test_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(script, names)
    assert names["s"].timeline.branch.number == 1
    assert (tmp_path / "mine.gradstep").exists()
