"""What the time line and the session file cost.

By hand: python tests/benchmarks/timeline.py [--steps N | --million]

Every row is a ratio of two things timed in turn in this run. $GRADSTEP_DATA says where MNIST is.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from collections.abc import Callable
from math import isqrt
from pathlib import Path

from measure import ROUNDS, duration, in_turn, open_preset, show, table, tell, timed

from gradstep.engine import Session

LONG = 100_000
Row = tuple[str, str, str, str, str]


def steps_back(name: str, description: str, count: int) -> Row:
    """Steps back one after another from the end of a run that ended in a burst, and a step."""
    _, session = open_preset(name)
    for _ in range(100):
        session.advance(dense=False)
    session.burst(20)
    step = statistics.median(timed(session.step) for _ in range(2 * ROUNDS))
    backs = [timed(session.back) for _ in range(count)]
    mean, most = statistics.mean(backs), statistics.quantiles(backs, n=20)[-1]
    return (
        f"{description}, {name}",
        f"{duration(mean)}, 95th % {duration(most)}",
        duration(step),
        f"{mean / step:.2f}, {most / step:.2f}",
        "2, or 50 ms",
    )


def seeks(session: Session, length: int) -> Row:
    """Seeks to anywhere in a long run, and the price of as many steps as the root of its length."""
    draw, root, state = random.Random(1), isqrt(length), session.position
    costs = sorted(timed(lambda: session.seek(draw.randrange(length))) for _ in range(100))
    session.seek(state)
    price = statistics.median(timed(lambda: session.burst(root)) for _ in range(ROUNDS))
    name = f"seek (worst of 100) / √n steps, linear-1-layer, n = {length:,}"
    return name, duration(costs[-1]), duration(price), f"{costs[-1] / price:.2f}", "1"


def keyframes(name: str, steps: int, before: int) -> Row:
    """The middle of a run that keeps states, all that there is room for, and of one that keeps none."""
    _, keeping = open_preset(name)
    _, plain = open_preset(name)
    plain.timeline.branch.keyframes.wants = lambda *_, **__: False  # type: ignore[method-assign]

    def run(session: Session, count: int) -> None:
        for _ in range(count):
            session.advance(dense=False)

    run(keeping, before)
    run(plain, steps)
    one, other = in_turn(lambda: run(keeping, steps), lambda: run(plain, steps), 3 * ROUNDS)
    return f"run with / without states, {name}", duration(one), duration(other), f"{one / other:.3f}", "1.03"


def saving(name: str, steps: int, folder: Path) -> Row:
    """A run with a flush every half second, as the explorer has it, and one without."""
    from gradstep.engine.worker.autosave import AutoSave

    _, saved = open_preset(name)
    _, plain = open_preset(name)
    saved.burst(20)
    plain.burst(20)
    saved.save(folder / f"{name}.gradstep")
    save = AutoSave(saved, lambda _event: None, wanted=True)

    def with_saving() -> None:
        for _ in range(steps):
            saved.advance()
            save.now_and_then()

    def without() -> None:
        for _ in range(steps):
            plain.advance()

    one, other = in_turn(with_saving, without, ROUNDS)
    saved.close()
    return f"run with / without saving, {name}", duration(one), duration(other), f"{one / other:.3f}", "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="a run of a million steps (minutes)")
    parser.add_argument("--steps", type=int, default=LONG, help=f"the length of the long run ({LONG:,})")
    given = parser.parse_args()
    length = 1_000_000 if given.million else given.steps
    made = table("The time line", "what", "takes", "beside", "ratio", "at most")

    def add(measure: Callable[[], Row]) -> None:
        row = measure()
        tell(*row)
        made.add_row(*row)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        add(lambda: steps_back("identity-4-layer", "a step back after a run / step", 10))
        add(lambda: steps_back("identity-4-layer", "100 steps back in a row / step", 100))
        add(lambda: keyframes("identity-4-layer", 40, 500))
        add(lambda: keyframes("linear-1-layer", 4000, 4000))
        add(lambda: saving("identity-4-layer", 20, folder))
        add(lambda: saving("linear-1-layer", 5000, folder))
        _, long = open_preset("linear-1-layer")
        long.burst(length)
        add(lambda: seeks(long, length))
    show(made)


if __name__ == "__main__":
    main()
