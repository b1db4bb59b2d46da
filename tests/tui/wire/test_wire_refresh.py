"""The command sets Textual's frame rate before Textual is imported."""

import os
import subprocess
import sys

import pytest

from gradstep.tui.wire.refresh import FRAMES_A_SECOND

SHOW = """
from gradstep.tui.cli import main
main(["linear-1-layer"])  # refused: no terminal
from textual.screen import UPDATE_PERIOD
print(round(1 / UPDATE_PERIOD))
"""


@pytest.mark.parametrize(("said", "rate"), [({}, FRAMES_A_SECOND), ({"TEXTUAL_FPS": "7"}, "7")])
def test_user_setting_takes_precedence(said, rate):
    before = {name: value for name, value in os.environ.items() if name != "TEXTUAL_FPS"}
    made = subprocess.run(
        [sys.executable, "-c", SHOW], env=before | said, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == rate
