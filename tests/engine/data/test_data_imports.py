"""What importing the data package must not bring along."""

import subprocess
import sys


def test_importing_data_is_light():
    code = "import sys, gradstep.engine.data.load; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "textual", "rich", "sklearn", "scipy", "pooch", "requests"}
    assert heavy.isdisjoint(run.stdout.split())
