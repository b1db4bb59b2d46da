"""Keeps the folder that gradstep is started in out of where Python looks for modules.

Imports nothing but what every Python has loaded already: a file of that folder could stand in for the rest.
"""

import os
import sys

# where the package gradstep lies: the links of a checkout, or site-packages
OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def leave_current_folder_out() -> None:
    """Take the current folder out of `sys.path` and PYTHONPATH, for this process and those that it starts.

    The folder that gradstep itself was imported from stays.
    """
    # An empty or relative entry of PYTHONPATH means whatever folder one is in. It is mostly a slip, as in
    # PYTHONPATH=$PYTHONPATH:/lib where nothing was set. A full path is the user's choice, also where it is
    # the current folder. What Python imports before our first line (sitecustomize) is out of our hands.
    given = os.environ.get("PYTHONPATH", "")
    entries = given.split(os.pathsep) if given else []
    full = [entry for entry in entries if os.path.isabs(entry)]
    if full:
        os.environ["PYTHONPATH"] = os.pathsep.join(full)
    else:
        os.environ.pop("PYTHONPATH", None)
    try:
        here = os.getcwd()
    except FileNotFoundError:  # a folder that was removed has no modules
        return
    if sys.path and sys.path[0] == here != OURS and not sys.flags.safe_path:  # `python -m gradstep.tui.cli`
        del sys.path[0]
    loose = {os.path.abspath(entry) for entry in entries if not os.path.isabs(entry)} - {OURS, *full}
    sys.path[:] = [path for path in sys.path if os.path.isabs(path) and path not in loose]
