"""What a step of a session costs beside the bare PyTorch loop. By hand: python tests/benchmarks/step.py

The loop does zero_grad, forward, backward, optimizer step and loss.item(), on batches that lie ready.
"""

from __future__ import annotations

import statistics

import torch
from measure import ROUNDS, duration, in_the_middle, open_preset, show, table, tell, timed

from gradstep.engine import Session
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.rules import RMSpropKeras2

PRESETS = {
    "identity-1-layer": 150,
    "identity-4-layer": 64,
    "exam-full-batch": 32,
    "linear-4-layer": 32,
    "linear-1-layer": 1500,
}
"""With the number of steps a round."""
ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "leaky_relu": torch.nn.LeakyReLU,
}


class BareLoop:
    """The same network, loss and rule as a session's, as one writes them in PyTorch."""

    def __init__(self, preset: Preset, session: Session) -> None:
        trainer, train = session.trainer, preset.train
        parts: list[torch.nn.Module] = []
        for (units, inputs), layer in zip(
            preset.network.shapes(preset.data.width), preset.network.layers, strict=True
        ):
            parts.append(torch.nn.Linear(inputs, units, dtype=trainer.samples.inputs.dtype))
            if layer.activation in ACTIVATIONS:
                parts.append(ACTIVATIONS[layer.activation]())
        self.model = torch.nn.Sequential(*parts)
        self.loss = torch.nn.CrossEntropyLoss() if train.loss == "cross_entropy" else torch.nn.MSELoss()
        rule, parameters = train.rule, self.model.parameters()
        if isinstance(rule, RMSpropKeras2):
            self.optimizer: torch.optim.Optimizer = torch.optim.RMSprop(
                parameters, rule.learning_rate, alpha=rule.rho, eps=rule.epsilon
            )
        else:
            self.optimizer = torch.optim.SGD(parameters, rule.learning_rate)
        self.batches = [trainer.batch(position) for position in range(min(8, trainer.batches.count))]

    def burst(self, count: int) -> None:
        for step in range(count):
            inputs, targets = self.batches[step % len(self.batches)]
            self.optimizer.zero_grad()
            outputs = self.model(inputs)
            if isinstance(self.loss, torch.nn.MSELoss):
                targets = targets.reshape(outputs.shape)
            loss = self.loss(outputs, targets)
            loss.backward()
            self.optimizer.step()
            loss.item()


def main() -> None:
    made = table(
        "A step, beside the bare PyTorch loop", "preset", "threads", "session", "PyTorch", "ratio", "±"
    )
    for name, steps in PRESETS.items():
        preset, session = open_preset(name)
        loop = BareLoop(preset, session)
        in_the_middle(session, steps)
        loop.burst(steps)
        ratios, ours, theirs = [], [], []
        for number in range(ROUNDS):
            if number % 2:
                mine = timed(lambda: in_the_middle(session, steps))  # noqa: B023
                bare = timed(lambda: loop.burst(steps))  # noqa: B023
            else:
                bare = timed(lambda: loop.burst(steps))  # noqa: B023
                mine = timed(lambda: in_the_middle(session, steps))  # noqa: B023
            ratios.append(mine / bare)
            ours.append(mine / steps)
            theirs.append(bare / steps)
        row = (
            name,
            str(torch.get_num_threads()),
            duration(statistics.median(ours)),
            duration(statistics.median(theirs)),
            f"{statistics.median(ratios):.2f}",
            f"{(max(ratios) - min(ratios)) / 2:.2f}",
        )
        tell(*row)
        made.add_row(*row)
    show(made)


if __name__ == "__main__":
    main()
