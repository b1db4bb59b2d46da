"""The explorer, its engine and the processes of its sweep import nothing from the current folder."""

import re

import pytest
from traps import set_traps, sprung


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    folder = set_traps(tmp_path / "started here")
    monkeypatch.chdir(folder)
    return folder


def test_the_explorer_and_its_sweep(explorer, trapped):
    terminal = explorer("linear-gap", "--set", "sweep.axis=[{key='train.seed',values='0:2'}]")
    try:
        terminal.wait_for(lambda text: re.search(r"step +0\b", text))
        terminal.press("n")
        terminal.wait_for(lambda text: re.search(r"step +1\b", text))
        terminal.press("S")
        terminal.wait_for(lambda text: "0 of 2" in text)
        terminal.press(" ")
        terminal.wait_for(lambda text: "2 of 2" in text, 60)
    finally:
        assert sprung(trapped) == set()
    terminal.press("q", "q")
    assert terminal.exit_status(20) == 0
    assert sprung(trapped) == set()
