"""Drives an engine as the explorer does, forks and goes back as it goes, and says on stdout what it was told.

`explorer_stand_in.py SEED PRESET.toml|SESSION`. Lines: `host PID`, `file PATH`, `have BRANCH LAST TIME`.
"""

import queue
import random
import sys
import time
from pathlib import Path

from gradstep.engine.config.files import load_preset
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    Back,
    Fork,
    Open,
    Pause,
    Resume,
    Run,
    Switch,
)
from gradstep.engine.worker.events import (
    Advanced,
    BranchList,
    Died,
    Ready,
    Refused,
    Saved,
    Stopped,
)

CHANGES = (
    {},
    {"train.rule.learning_rate": 5e-4},
    {"train.clip_norm": 0.5},
    {"train.rule.name": "momentum"},
    {"train.rule.name": "adam"},
)
MOST_BRANCHES = 4


def main():
    draw, given = random.Random(int(sys.argv[1])), Path(sys.argv[2])
    events = queue.Queue()
    client = EngineClient(events.put)
    client.start()
    print("host", client.pid, flush=True)
    branches, position = 1, 0

    def until(*kinds, beyond=None):
        nonlocal branches, position
        while True:
            event = events.get()
            if isinstance(event, Advanced):
                position = event.position
                last = event.first + len(event.rows) - 1
                print("have", event.branch, last, time.monotonic(), flush=True)
                if beyond is not None and position >= beyond:
                    return
            elif isinstance(event, BranchList):
                branches = len(event.branches)
            elif isinstance(event, Saved):
                print("file", event.path, flush=True)
            elif isinstance(event, Died | Refused):
                print(event, file=sys.stderr, flush=True)
                sys.exit(3)
            if isinstance(event, kinds):
                return

    until(Ready)
    client.send(Open(load_preset(given)) if given.suffix == ".toml" else Resume(given))
    until(Advanced)
    while True:
        client.send(Run())
        until(beyond=position + draw.randrange(100, 900))
        client.send(Pause())
        until(Stopped)
        client.send(Back(draw.randrange(1, 60)))
        until(Stopped)
        if branches < MOST_BRANCHES:
            client.send(Fork(draw.choice(CHANGES)))
            until(BranchList)
        else:
            client.send(Switch(draw.randrange(branches)))
            until(Stopped)


if __name__ == "__main__":
    main()
