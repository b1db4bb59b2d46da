"""Pictures of the inspector's tabs on probes."""

import probe_results as made
import pytest
from fake_engine import Bench, classifier, explorer

from gradstep.engine.worker.events import (
    Probing,
)
from gradstep.tui.looking import Looking
from gradstep.tui.state import catalogue


@pytest.fixture(autouse=True)
def _one_preset(monkeypatch):
    """The pictures don't change with the presets that are shipped."""
    monkeypatch.setattr(catalogue, "shipped", lambda: [classifier()])


RESULTS = {
    "5": [("step", made.step(full=True, trials=made.trials())), ("line", made.line())],
    "6": [("layers", made.layers())],
    "7": [
        ("curvature", made.curvature(19)),
        ("curvature", made.curvature(20, 24.0)),
        ("surface", made.surface()),
    ],
    "8": [("flips", made.flips()), ("samples", made.labelled())],
}


@pytest.fixture(autouse=True)
def _nothing_is_asked_for(monkeypatch):
    """All that is told was made by hand."""
    monkeypatch.setattr(Looking, "_wishes", lambda _looking: [])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("key", RESULTS)
def test_a_tab(snap_compare, key, size):
    app, engine = explorer(classifier())

    async def before(pilot):
        b = Bench(app, engine, pilot)
        await b.opened()
        await b.advanced(20)
        await b.stopped()
        await b.press(key)
        for name, result in RESULTS[key]:
            b.probed(name, result)
            await b.settled()
        await b.settled()

    assert snap_compare(app, terminal_size=size, run_before=before)


def test_one_that_is_computed_while_the_run_goes_on(snap_compare):
    app, engine = explorer(classifier())

    async def before(pilot):
        b = Bench(app, engine, pilot)
        await b.opened()
        await b.advanced(20)
        await b.stopped()
        await b.press("7")
        b.probed("curvature", made.curvature(20, 24.0))
        await b.settled()
        await b.press("v")
        engine.tell(Probing("surface", 0.42, b.request("surface")))
        await b.advanced(9, running=True)

    assert snap_compare(app, terminal_size=(80, 24), run_before=before)
