"""How long torch's threads spin is settled before torch is loaded, and by the user where he has said so."""

import os
import subprocess
import sys

import pytest

from gradstep.engine.training.openmp import SPINS

SHOW = "import os, engine; print(os.environ.get('GOMP_SPINCOUNT'))"


@pytest.mark.parametrize(
    ("said", "spins"),
    [({}, SPINS), ({"GOMP_SPINCOUNT": "77"}, "77"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_the_user_s_word_goes_before(said, spins):
    before = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    made = subprocess.run(
        [sys.executable, "-c", SHOW], env=before | said, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == spins


def test_torch_is_loaded_afterwards():
    code = "import sys, engine; print('torch' in sys.modules); engine.Session; print('torch' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.split() == ["False", "True"]
