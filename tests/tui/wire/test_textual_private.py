"""Textual's private names: checked for this minor version, and used in one module only."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest
import textual

import gradstep.tui
from gradstep.tui.wire import textual_private
from gradstep.tui.wire.textual_private import CHECKED, NAMES

TUI = Path(gradstep.tui.__file__).parent
PRIVATE = {name for names in NAMES.values() for name in names}


def found(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def attributes(source):
    """Yield the attributes that a module uses, and the methods that it defines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) != "os._exit":
            yield node.attr
        elif isinstance(node, ast.ClassDef):
            yield from (each.name for each in node.body if isinstance(each, ast.FunctionDef))


def test_textual_is_the_checked_minor_version():
    version = ".".join(textual.__version__.split(".")[:2])
    listed = "; ".join(f"{path}: {', '.join(names)}" for path, names in NAMES.items())
    assert version == CHECKED, (
        f"Textual {version} is installed; its private names were checked in {CHECKED}. "
        f"Compare what they do in both versions, then change CHECKED in tui/wire/textual_private.py. {listed}"
    )


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in NAMES.items() for name in names])
def test_textual_still_has_private_name(path, name):
    kind = found(path)
    sources = (inspect.getsource(base) for base in kind.__mro__ if base is not object)
    assert hasattr(kind, name) or any(f"self.{name}" in source for source in sources), (
        f"{path} has no {name} in Textual {textual.__version__}: adapt tui/wire/textual_private.py"
    )


def test_linux_driver_reads_keys_with_replaceable_parser():
    assert "XTermParser(" in inspect.getsource(found("textual.drivers.linux_driver.LinuxDriver"))
    from textual.drivers import linux_driver

    assert "XTermParser" in vars(linux_driver)


def test_every_private_name_in_use_is_listed():
    used = set(attributes(Path(textual_private.__file__).read_text(encoding="utf-8")))
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    assert private - {"_scrolled"} == PRIVATE


def test_no_other_module_uses_private_names():
    for path in TUI.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if path.name != "textual_private.py":
            assert not PRIVATE & set(attributes(source)), path
            assert "textual._" not in source, path
