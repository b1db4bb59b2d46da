"""What all tests share: `wait_for`, and the skipping of tests whose data this machine does not have."""

import functools
import time

import pytest


@pytest.fixture(scope="session", autouse=True)
def users_data(tmp_path_factory):
    """The user's folders of data and of state, for this process and those it starts: no test saves among real
    ones."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        yield folder


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
