"""Makes the engine tests' helpers (small_runs, numpy_reference) and this folder's to be had."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
