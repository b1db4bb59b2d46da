"""Import names and what an import loads, in a fresh interpreter outside the checkout.

Which module may import which is checked by `lint-imports`, by the contracts in pyproject.toml.
"""

import os
import subprocess
import sys

import pytest

HEAVY = {"torch", "sklearn", "scipy", "pandas"}
SCREEN = {"textual", "rich", "plotext"}


@pytest.fixture
def loaded(tmp_path):
    """`loaded(code)`: the top-level names of the modules that a statement loads."""

    def run(code):
        shown = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
        return set(_python(f"{code}\n{shown}", tmp_path).split("\n")[-2].split())

    return run


def _python(code, folder):
    """The output of a fresh interpreter; it finds what is installed and nothing of the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["engine", "tui", "presets"])
def test_only_gradstep_is_an_import_name(name, tmp_path):
    code = f"try:\n    import {name}\nexcept ModuleNotFoundError as error:\n    print(error.name)"
    assert _python(code, tmp_path) == f"{name}\n"


def test_script_imports(tmp_path):
    code = "from gradstep import Session, load_preset; print(Session.__name__, load_preset.__name__)"
    assert _python(code, tmp_path) == "Session load_preset\n"


def test_importing_gradstep_loads_no_torch(loaded):
    assert loaded("import gradstep").isdisjoint(HEAVY | SCREEN)


def test_first_frame_waits_for_no_torch(loaded):
    assert loaded("import gradstep.tui.app").isdisjoint(HEAVY)


def test_first_frame_waits_for_no_later_module(tmp_path):
    code = (
        "import sys, gradstep.tui.app; from gradstep.tui.later import MODULES; "
        "print([name for name in MODULES if name in sys.modules])"
    )
    assert _python(code, tmp_path) == "[]\n"


def test_importing_data_is_light(loaded):
    heavy = HEAVY | SCREEN | {"pooch", "requests"}
    assert loaded("import gradstep.engine.data.load").isdisjoint(heavy)
