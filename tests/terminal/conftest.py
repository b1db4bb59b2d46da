"""The explorer in a real pseudo-terminal."""

import psutil
import pytest
from terminal_emulator import Terminal


@pytest.fixture
def explorer(tmp_path):
    """Starts the installed `gradstep` in a terminal, saving to a folder of the test's own."""
    opened = []

    def start(*arguments, columns=80, rows=24, kind=Terminal, answers=True, **settings):
        environment = {
            "TERM": "xterm-256color",
            "XDG_DATA_HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path),
            "GRADSTEP_DATA": str(tmp_path),
            **settings,
        }
        terminal = kind(["gradstep", *arguments], environment, columns, rows, answers=answers)
        terminal.keep = True
        opened.append(terminal)
        return terminal.__enter__()

    yield start
    for terminal in opened:
        terminal.__exit__()


@pytest.fixture
def engine_of():
    """The engine's process of a terminal's explorer."""

    def find(terminal):
        return psutil.Process(terminal.pid).children()[0]

    return find
