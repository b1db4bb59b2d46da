"""Every benchmark in turn, each with its table: what README.md here says of speed. It takes some 40 minutes.

By hand: python tests/benchmarks/all.py
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
BENCHMARKS = (
    ("step.py",),
    ("fit.py",),
    ("conditions.py",),
    ("probes.py",),
    ("timeline.py", "--million"),
    ("growth.py",),
    ("sweep.py",),
    ("wire.py",),
)
"""`soak.py` is no measurement of speed, and takes as long as it is told to."""


def main() -> int:
    machine = f"{os.cpu_count()} cores of {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}; Python {platform.python_version()}, torch {torch.__version__}")
    return max(subprocess.run([sys.executable, HERE / name, *rest]).returncode for name, *rest in BENCHMARKS)


if __name__ == "__main__":
    sys.exit(main())
