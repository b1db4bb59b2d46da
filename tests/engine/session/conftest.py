import pytest


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """No test writes where the user's sessions are."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
