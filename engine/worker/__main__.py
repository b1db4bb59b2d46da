"""Runs the host: `python -m gradstep.engine.worker FD SECONDS`."""

import gc

gc.disable()  # torch's import makes a million objects and no garbage: looking for it takes a while

try:
    from gradstep.engine.worker.host import main

    main()
except Exception as error:
    import os
    import sys

    from gradstep.engine.errors import FAULT_STATUS, explain

    print(explain(error), file=sys.stderr, flush=True)
    os._exit(FAULT_STATUS)
