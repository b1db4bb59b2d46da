"""Shared by all tests: folders of their own, `wait_for`, and skipping where MNIST is missing."""

import functools
import time

import pytest


@pytest.fixture(scope="session", autouse=True)
def users_data(tmp_path_factory):
    """Keep fixtures wider than a test, and the processes they start, out of the user's folders."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        yield folder


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Each test begins with no saved sessions, and saves its own below its `tmp_path`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def wait_for():
    """`wait_for(condition, timeout)`: poll until the condition is true, and give back what it returned."""

    def wait(condition, timeout=20.0):
        end = time.monotonic() + timeout
        while not (result := condition()):
            if time.monotonic() > end:
                pytest.fail(
                    f"not true within {timeout} s: {getattr(condition, '__doc__', None) or condition}"
                )
            time.sleep(0.005)
        return result

    return wait


def pytest_runtest_setup(item):
    if item.get_closest_marker("mnist") and (why := _no_mnist()):
        pytest.skip(why)


@functools.cache
def _no_mnist():
    """Why tests of the real MNIST can't run here; None where they can. Damaged files are for them to find."""
    from gradstep.engine.data import mnist

    if mnist.locate() is not None:
        return None
    folders = " or ".join(map(str, mnist.folders()))
    return f"no MNIST in {folders}: set GRADSTEP_DATA, or `gradstep data fetch mnist`"
