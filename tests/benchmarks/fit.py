"""Steps of a session beside a DataLoader loop and Keras's fit, on the identity presets' first images.

By hand: python tests/benchmarks/fit.py (needs the extra `benchmarks`). All shuffle; Keras runs on torch and
tells its loss alone, while a session's record holds five metrics and three norms besides.
"""

from __future__ import annotations

import os
import statistics

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
from measure import ROUNDS, duration, in_the_middle, open_preset, show, table, tell, timed
from step import BareLoop
from torch.utils.data import DataLoader, TensorDataset

from gradstep.engine import Session
from gradstep.engine.config.preset import Preset

PRESETS = {"identity-1-layer": 200, "identity-4-layer": 50}
"""With the number of batches a round; fewer and what `fit` does once an epoch would count for much."""


class LoaderLoop(BareLoop):
    """The bare loop on batches that a DataLoader makes."""

    def __init__(self, preset: Preset, session: Session, samples: int, size: int) -> None:
        super().__init__(preset, session)
        inputs = session.trainer.samples.inputs[:samples]
        self.loader = DataLoader(TensorDataset(inputs, inputs), batch_size=size, shuffle=True)

    def epoch(self) -> None:
        for inputs, targets in self.loader:
            self.optimizer.zero_grad()
            loss = self.loss(self.model(inputs), targets)
            loss.backward()
            self.optimizer.step()
            loss.item()


def keras_model(preset: Preset) -> keras.Model:
    model = keras.Sequential(
        [keras.layers.Dense(layer.units, layer.activation) for layer in preset.network.layers]
    )
    model.compile(keras.optimizers.RMSprop(preset.train.rule.learning_rate), "mse")
    return model


def main() -> None:
    made = table(
        "Steps, beside a DataLoader loop and Keras's fit", "preset", "beside", "session", "it", "ratio"
    )
    for name, batches in PRESETS.items():
        preset, session = open_preset(name)
        size = int(preset.train.batch)
        samples = min(batches * size, len(session.trainer.samples.inputs))
        steps = -(-samples // size)
        loop, model = LoaderLoop(preset, session, samples, size), keras_model(preset)
        inputs = session.trainer.samples.inputs[:samples].numpy()

        def fit(model: keras.Model = model, inputs: object = inputs, size: int = size) -> None:
            model.fit(inputs, inputs, batch_size=size, epochs=1, verbose=0)

        others = {"DataLoader loop": loop.epoch, f"Keras {keras.__version__} fit": fit}
        ours: list[float] = []
        theirs: dict[str, list[float]] = {other: [] for other in others}
        for warm in range(ROUNDS + 1):
            took = timed(lambda: in_the_middle(session, steps))  # noqa: B023
            for other, do in others.items():
                theirs[other].append(timed(do))
            ours.append(took)
            if not warm:
                ours.clear()
                for times in theirs.values():
                    times.clear()
        for other, times in theirs.items():
            ratio = statistics.median(it / mine for it, mine in zip(times, ours, strict=True))
            row = (
                name,
                other,
                duration(statistics.median(ours) / steps),
                duration(statistics.median(times) / steps),
                f"{ratio:.2f}",
            )
            tell(*row)
            made.add_row(*row)
    print(f"{torch.get_num_threads()} threads; the ratio is their time to ours")
    show(made)


if __name__ == "__main__":
    main()
