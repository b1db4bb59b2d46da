"""Driving the tabs on probes, with results made by hand."""

import dataclasses
import math

import numpy as np
import probe_results as made
from fake_engine import records, run_info

from gradstep.engine.config.files import load_preset
from gradstep.engine.worker.commands import Probe
from gradstep.engine.worker.events import Advanced, BranchInfo, BranchList, Opened, Probed
from gradstep.tui.panes.curvature.pane import CurvaturePane
from gradstep.tui.panes.function import FunctionPane
from gradstep.tui.panes.layers import LayersPane
from gradstep.tui.panes.samples.pane import SamplesPane
from gradstep.tui.panes.step import StepPane
from gradstep.tui.state.events import apply_event
from gradstep.tui.state.probes import Wish
from gradstep.tui.state.run import RunState

SMALL = (80, 24)
WIDTHS = (57, 78, 118)
"""The cells of a tab on terminals of 60, 80 and 120 columns."""
PANES = (StepPane, LayersPane, CurvaturePane, SamplesPane, FunctionPane)
RESULTS = {
    "step": made.step,
    "line": made.line,
    "layers": made.layers,
    "curvature": made.curvature,
    "spectrum": made.spectrum,
    "surface": made.surface,
    "function": made.function,
}
TABS = {
    "linear-1-layer": [
        ("5", "step", made.step),
        ("5", "line", made.line),
        ("6", "layers", made.layers),
        ("7", "curvature", made.curvature),
        ("7", "spectrum", made.spectrum),
        ("7", "surface", made.surface),
        ("8", "samples", made.ramp),
    ],
    "identity-1-layer": [("8", "samples", made.copied), ("9", "function", made.function)],
    "identity-1-layer-linear": [("9", "function", made.linear_function)],
}


def drawn(preset, name, *results, width):
    """The lines of a tab where a probe has had these results; all but the last are kept to compare with."""
    preset = load_preset(preset)
    state = RunState(preset)
    apply_event(state, Opened(preset, run_info(preset)))
    apply_event(state, BranchList((BranchInfo(0, "main", None, 0, ()),), 0))
    for result in results:
        state.probes.keep([name], before=False)
        first = len(state.history)
        apply_event(
            state, Advanced(first, records(first, result.position + 1 - first), result.position, False)
        )
        request = state.probes.ask(Wish(name), state.place)
        apply_event(state, Probed(name, result.position, 0, result, 0.1, request))
    pane = next(pane() for pane in PANES if name in pane.PROBES)
    return "\n".join(line.plain for line in pane.lines(state, width)).split("\n")


def asked(b):
    """The probes asked for so far."""
    return [command for command in b.engine.sent if isinstance(command, Probe)]


async def tell(b, name, result, branch=0):
    b.probed(name, result, branch)
    await b.settled()


async def at(b, position, key=None):
    """The run stands at a position, with a tab in sight."""
    await b.advanced(position)
    await b.stopped()
    if key:
        await b.press(key)


def said(b):
    """All that the tab in sight says, also what is scrolled away."""
    return b.app.explorer.inspector.probe_pane.body.content.plain


def broken(result):
    """A result whose numbers are all NaN or infinite."""
    spoiled = {}
    for at, field in enumerate(dataclasses.fields(result)):
        value = getattr(result, field.name)
        bad = (math.nan, math.inf, -math.inf)[at % 3]
        if isinstance(value, float):
            spoiled[field.name] = bad
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            spoiled[field.name] = np.full_like(value, bad)
    return dataclasses.replace(result, **spoiled)
