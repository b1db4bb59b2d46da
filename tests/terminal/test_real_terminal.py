"""The installed `gradstep` in a pseudo-terminal, as a person over SSH has it."""

import os
import re
import signal
import time
from pathlib import Path

import pytest


def position(text):
    """The step that the transport shows."""
    found = re.search(r"step\s+([\d,]+)", text)
    return int(found[1].replace(",", "")) if found else -1


def test_steps_and_quits(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press("n")
    terminal.wait_for(lambda text: position(text) == 1)
    # by hand in NumPy, float64: test_step_reference.py does the same steps
    assert "1.09352e+08" in terminal.text
    terminal.press("n", "n")
    terminal.wait_for(lambda text: position(text) == 3)
    terminal.press("q")
    assert terminal.exit_status() == 0


@pytest.mark.parametrize(
    ("columns", "rows", "in_sight"),
    [(120, 40, ("Charts", "Hyperparameters", "Inspector")), (80, 24, ("1 Charts",)), (60, 20, ("1 Charts",))],
)
def test_works_at_its_three_sizes(explorer, columns, rows, in_sight):
    terminal = explorer("linear-1-layer", columns=columns, rows=rows)
    terminal.wait_for(lambda text: "loss" in text and all(name in text for name in in_sight))
    terminal.wait_for(lambda text: "step" in text.splitlines()[-1])


def test_says_what_it_needs_where_that_is_not_there_and_recovers(explorer):
    terminal = explorer("linear-1-layer", columns=120, rows=40)
    terminal.wait_for(lambda text: "paused" in text)
    terminal.resize(40, 10)
    terminal.wait_for(lambda text: "60" in text and "20" in text)
    terminal.resize(80, 24)
    terminal.wait_for(lambda text: position(text) == 0 and "1 Charts" in text)


def test_what_has_scrolled_back_is_drawn(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)

    def press(key, shown):
        terminal.press(key)
        terminal.wait_for(shown)
        terminal.settle()  # all is drawn before the next key

    first = "Position k of a run"
    for _ in range(2):
        press("?", lambda text: first in text)  # each time it begins at the top
        press("j", lambda text: first not in text)
        press("\x1b", lambda text: "esc closes" not in text)


def test_a_key_is_answered_while_the_run_goes_at_full_speed(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) >= 200)  # the preset's length: it stops there
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) > 1000)
    terminal.press("?")
    terminal.wait_for(lambda text: "One step" in text, 5)
    terminal.press("\x1b")
    terminal.wait_for(lambda text: "One step" not in text, 5)
    terminal.press(" ")
    terminal.wait_for(lambda text: "paused" in text, 5)


def test_says_nothing_while_paused(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press("n")
    terminal.wait_for(lambda text: position(text) == 1)
    terminal.settle()
    before = terminal.written
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        terminal.read(0.1)
    assert terminal.written == before


def test_a_killed_engine_is_shown_and_can_be_restarted(explorer, engine_of):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    engine_of(terminal).send_signal(signal.SIGKILL)
    terminal.wait_for(lambda text: "SIGKILL" in text or "killed" in text.lower())
    terminal.press("r")
    terminal.wait_for(lambda text: position(text) == 0 and "SIGKILL" not in text)
    terminal.press("n")
    terminal.wait_for(lambda text: position(text) == 1)


def test_no_engine_is_left_when_the_explorer_is_killed(explorer, engine_of):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press(" ")
    engine = engine_of(terminal)
    os.kill(terminal.pid, signal.SIGKILL)
    engine.wait(20)


def test_the_screen_never_loads_torch(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press("n")
    terminal.wait_for(lambda text: position(text) == 1)
    # by the first step it has taken every kind of event that opening a preset brings
    maps = Path(f"/proc/{terminal.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not tell what a process has loaded")
    assert "libtorch" not in maps.read_text()


def test_keys_hammered_in_are_all_carried_out(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press(*"n" * 50)
    terminal.wait_for(lambda text: position(text) == 50)
