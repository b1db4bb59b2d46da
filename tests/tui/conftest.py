"""What the tests of the screen share."""

import pytest


@pytest.fixture(autouse=True)
def no_sessions(tmp_path, monkeypatch):
    """Each test begins with no saved sessions, whatever others have saved."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
