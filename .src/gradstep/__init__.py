"""A debugger for gradient descent, in a terminal.

    from gradstep import Session, load_preset

    session = Session(load_preset("linear-1-layer"))
    session.burst(100)
    session.back()

Each name is imported when it is first used: `import gradstep` imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradstep import engine
from gradstep.engine import __all__ as __all__

if TYPE_CHECKING:
    from gradstep.engine import ConfigError as ConfigError
    from gradstep.engine import History as History
    from gradstep.engine import Preset as Preset
    from gradstep.engine import Record as Record
    from gradstep.engine import Session as Session
    from gradstep.engine import UserError as UserError
    from gradstep.engine import load_preset as load_preset
    from gradstep.engine import preset_names as preset_names


def __getattr__(name: str) -> object:
    return getattr(engine, name)
