"""The import path of modules, without the folder that gradstep is started in.

Imports only modules that Python has loaded already. A file of that folder could replace any other one.
"""

import os
import sys

# the folder of the package gradstep: the links of a checkout, or site-packages
OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def leave_current_folder_out() -> None:
    """Remove the current folder from `sys.path` and PYTHONPATH, for this process and its children.

    The folder that gradstep itself was imported from stays.
    """
    # An empty or relative entry of PYTHONPATH means the current folder. It is mostly a slip, as in
    # PYTHONPATH=$PYTHONPATH:/lib if PYTHONPATH was unset. A full path is the user's choice, even if it is the
    # current folder. Imports before our first line (sitecustomize) can't be prevented.
    given = os.environ.get("PYTHONPATH", "")
    entries = given.split(os.pathsep) if given else []
    full = [entry for entry in entries if os.path.isabs(entry)]
    if full:
        os.environ["PYTHONPATH"] = os.pathsep.join(full)
    else:
        os.environ.pop("PYTHONPATH", None)
    try:
        here = os.getcwd()
    except FileNotFoundError:  # a deleted folder has no modules
        return
    if sys.path and sys.path[0] == here != OURS and not sys.flags.safe_path:  # `python -m gradstep.tui.cli`
        del sys.path[0]
    loose = {os.path.abspath(entry) for entry in entries if not os.path.isabs(entry)} - {OURS, *full}
    sys.path[:] = [path for path in sys.path if os.path.isabs(path) and path not in loose]
