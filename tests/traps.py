"""A folder of modules that gradstep must never import: each one writes its name to a file there."""

NAMES = ("numpy", "random", "engine", "torch", "tui", "presets", "gradstep")
FILES = ("numpy", "random")
"""Modules that are one file; the others are folders."""


def set_traps(folder, names=NAMES):
    """Write modules of these names to a new folder."""
    folder.mkdir()
    for name in names:
        path = folder / f"{name}.py" if name in FILES else folder / name / "__init__.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"with open({str(folder / 'sprung')!r}, 'a') as file:\n    print({name!r}, file=file)\n"
        )
    return folder


def sprung(folder):
    """The names of the modules that were imported from the folder."""
    written = folder / "sprung"
    return set(written.read_text().split()) if written.exists() else set()
