"""The screen knows no torch, and the engine no screen."""

import ast
import subprocess
import sys
from pathlib import Path

import gradstep.engine

SCREEN = ("textual", "rich", "plotext", "gradstep.tui")


def test_the_explorer_is_imported_without_torch():
    code = (
        "import sys, gradstep.tui.app; "
        "print(sorted({'torch', 'sklearn', 'scipy', 'pandas'} & {n.partition('.')[0] for n in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_frame_does_not_wait_for_what_a_key_may_need():
    code = (
        "import sys, gradstep.tui.app; from gradstep.tui.later import MODULES; "
        "print([name for name in MODULES if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_engine_imports_nothing_of_the_screen():
    files = list(Path(gradstep.engine.__file__).parent.rglob("*.py"))
    assert files
    found = {(file.name, name) for file in files for name in imported(file) if name.startswith(SCREEN)}
    assert not found


def imported(file):
    """The modules that a file names in its imports, at any depth."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
