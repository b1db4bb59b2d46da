"""The spin count of OpenMP is set before torch is loaded, unless the environment says otherwise."""

import os
import subprocess
import sys

import pytest

from gradstep.engine.training.threads import SPINS

SHOW = "import os, gradstep.engine; print(os.environ.get('GOMP_SPINCOUNT'))"


@pytest.mark.parametrize(
    ("said", "spins"),
    [({}, SPINS), ({"GOMP_SPINCOUNT": "77"}, "77"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_environment_overrides_spin_count(said, spins):
    before = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    made = subprocess.run(
        [sys.executable, "-c", SHOW], env=before | said, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == spins


def test_importing_the_engine_loads_no_torch():
    code = "import sys, gradstep.engine; print(sys.modules.keys() & {'torch', 'pydantic'})"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "set()"
