"""What the tests of the panes share."""

import pytest

from gradstep.tui.app import Explorer


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch):
    """A tab asks for its probes as soon as the run stands still."""
    monkeypatch.setattr(Explorer, "REST_SECONDS", 0.001)
