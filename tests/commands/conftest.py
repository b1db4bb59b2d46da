"""Each test of the commands works in a folder of its own, with nothing saved and no MNIST."""

import functools

import pytest
from command_runs import DIVERGING, SMALL, carry_out


@pytest.fixture(autouse=True)
def folder(own_folders, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADSTEP_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SMALL)
    (tmp_path / "diverging.toml").write_text(DIVERGING)
    return tmp_path


@pytest.fixture
def gradstep(capsys):
    """`gradstep("run", …)`: its status, what it wrote on stdout and on stderr."""
    return functools.partial(carry_out, capsys)
