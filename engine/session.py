"""The face of the engine: what a front end or a script drives."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine import data
from engine.config import Preset, changed, is_live
from engine.devices import resolve_device
from engine.errors import UserError
from engine.history import NULL, History, Record
from engine.threads import resolve_threads
from engine.trainer import Trainer, Validation

_NOT_VALIDATED = Validation(NULL, NULL, NULL)


class Session:
    """A run, at a position of its time line, with the records of every position so far.

    `data_dir` is where MNIST is looked for first; `progress` is told in words what takes long.
    Raises UserError where the data or the device is not to be had.
    """

    def __init__(
        self, preset: Preset, data_dir: Path | None = None, progress: Callable[[str], None] | None = None
    ) -> None:
        say = progress or (lambda _text: None)
        self.dataset = data.load(preset.data, preset.train.dtype, data_dir, say)
        say("Building the network")
        self._begin(preset)

    def _begin(self, preset: Preset) -> None:
        started = time.perf_counter()
        self.preset = changed(
            preset,
            {
                "train.threads": resolve_threads(preset, len(self.dataset.train_inputs)),
                "train.device": resolve_device(preset.train.device).type,
            },
            "resolved config",
        )
        self._use_threads()
        self.trainer = Trainer(self.preset, self.dataset)
        batches = self.trainer.batches
        self.history = History(batches.count)
        self._batch_sizes = batches.sizes()
        self.validate_every = preset.train.validate_every or (batches.count if batches.count > 1 else 10)
        self._seconds = time.perf_counter() - started
        self._record()

    @property
    def position(self) -> int:
        """The number of updates done."""
        return self.trainer.position

    @property
    def record(self) -> Record:
        """The record of the present position."""
        return self.history.record(self.position)

    @property
    def planned_steps(self) -> int | None:
        """The position at which the preset says the run is over."""
        run = self.preset.run
        return run.epochs * self.history.batches if run.epochs is not None else run.steps

    @property
    def diverged(self) -> str | None:
        """Why this run cannot go on to anything, in words; None while its loss is finite."""
        loss = self.trainer.evaluation.metrics.loss
        return None if math.isfinite(loss) else f"diverged: the loss is {loss} at step {self.position}"

    def step(self) -> Record:
        """Apply the update that the present evaluation proposes; the record of the position arrived at."""
        self.advance()
        return self.record

    def burst(self, count: int) -> Record:
        """Do up to `count` steps; a loss that is not finite is recorded and ends the burst."""
        for _ in range(count):
            self.advance()
            if self.diverged:
                break
        return self.record

    def advance(self) -> None:
        """One step, without making a record object of the row that it adds to the history."""
        started = time.perf_counter()
        self._use_threads()
        self.trainer.step()
        self._seconds += time.perf_counter() - started
        self._record()

    def reset(self, seed: int | None = None) -> Record:
        """Back to position 0: to the same initial weights and batches, or to those of another seed."""
        preset = self.preset if seed is None else changed(self.preset, {"train.seed": seed}, "seed")
        self._begin(preset)
        return self.record

    def change(self, changes: Mapping[str, Any]) -> Preset:
        """Change live settings, {dotted key: value}, from the next update on; the new config.

        Raises UserError, with nothing changed, for a bad value or a setting that needs a new run.
        """
        for key in changes:
            if not is_live(key):
                raise UserError(f"{key} determines the run from its start: it needs a new run")
        preset = changed(self.preset, changes)
        self.trainer.change(preset)
        self.preset = preset
        self.history.put(self.position, "learning_rate", preset.train.rule.learning_rate)
        return preset

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Copies of the parameters, layer by layer, weight (units, inputs) before bias (units,)."""
        named = self.trainer.network.named_parameters()
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in named.items()}

    def _use_threads(self) -> None:
        """torch's number of threads is the process's, and another session may have set its own."""
        if torch.get_num_threads() != self.preset.train.threads:
            torch.set_num_threads(int(self.preset.train.threads))

    def _record(self) -> None:
        evaluation, position = self.trainer.evaluation, self.position
        metrics = evaluation.metrics
        validation = None
        if position > 0 and position % self.validate_every == 0:
            started = time.perf_counter()
            validation = self.trainer.validate()
            self._seconds += time.perf_counter() - started
        val_loss, val_accuracy, val_mape = validation or _NOT_VALIDATED
        self.history.append(
            (
                metrics.loss,
                metrics.accuracy,
                metrics.mistakes,
                metrics.mape,
                metrics.max_error,
                evaluation.grad_norm,
                evaluation.update_norm,
                evaluation.param_norm,
                self.preset.train.rule.learning_rate,
                self._seconds,
                self._epoch_loss(position),
                val_loss,
                val_accuracy,
                val_mape,
            )
        )

    def _epoch_loss(self, position: int) -> float:
        """At the end of an epoch, the mean of its batches' losses as the weights moved: Keras's `loss`."""
        batches = self.history.batches
        if position == 0 or position % batches:
            return NULL
        losses = self.history.column("loss")[position - batches : position]
        return float(np.average(losses, weights=self._batch_sizes))
