"""What evaluating a condition costs, in µs and as a share of a step of linear-1-layer.

Run as `python tests/benchmarks/conditions.py`; exit status 1 if a condition of one record or two takes more
than 5 µs.
"""

import sys
import time

from gradstep.engine import Session, load_preset
from gradstep.engine.conditions.breakpoints import READY
from gradstep.engine.conditions.language import MAX_WINDOW, parse_condition

STEPS = 300
REPEATS = 5
ALLOWED_MICROSECONDS = 5.0
CONDITIONS = [
    "grad_norm < 1e-8",
    "step % 100 == 0",
    "loss > prev.loss",
    *READY.values(),
    "change(loss, 10) > 0",
    "rising(mistakes, 3)",
    "mean(loss, 100) < 1",
    f"highest(loss, {MAX_WINDOW}) > 1",
]


def microseconds(action, times):
    """The best of a few repetitions, a call."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        for _ in range(times):
            action()
        best = min(best, time.perf_counter() - started)
    return best / times * 1e6


def main():
    session = Session(load_preset("linear-1-layer"))
    step = microseconds(session.advance, STEPS)
    while len(session.history) <= MAX_WINDOW:
        session.history.extend(session.history.rows())
    position = len(session.history) - 1
    print(f"a step of linear-1-layer: {step:.0f} µs\n\n{'µs':>7} {'of a step':>10}  condition")
    slow = 0
    for text in CONDITIONS:
        condition = parse_condition(text)
        cost = microseconds(lambda condition=condition: condition.holds(session.history, position), 2000)
        print(f"{cost:7.2f} {cost / step:10.2%}  {text}")
        windowed = any(operand.kind not in ("field", "ago") for operand in condition.operands)
        slow += cost > ALLOWED_MICROSECONDS and not windowed
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
