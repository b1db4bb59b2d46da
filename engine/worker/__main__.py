"""Runs the host: `python -m engine.worker FD SECONDS`."""

import gc

gc.disable()  # torch's import makes a million objects and no garbage: looking for it takes a while

from engine.worker.host import main  # noqa: E402

main()
