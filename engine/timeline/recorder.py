"""Rows of records, from the trainer's evaluations and validations."""

from __future__ import annotations

import time

import numpy as np

from gradstep.engine.records.history import History
from gradstep.engine.records.missing import MISSING
from gradstep.engine.training.trainer import Evaluation, Trainer, Validation

_NOT_VALIDATED = Validation(MISSING, MISSING, MISSING)
DEFAULT_VALIDATION_INTERVAL = 10
"""Positions between validations if an epoch is a single batch."""


class Recorder:
    """Makes rows. `seconds` is the time of all steps and validations since the start."""

    def __init__(self, trainer: Trainer, validate_every: int | None) -> None:
        self._trainer = trainer
        batches = trainer.batches.count
        self._batch_sizes = trainer.batches.sizes()
        self._validate_every = validate_every or (batches if batches > 1 else DEFAULT_VALIDATION_INTERVAL)
        self.seconds = 0.0

    def next_validation(self, position: int) -> int | None:
        """Return the next position to validate at, None without a validation set."""
        every = self._validate_every
        return (position // every + 1) * every if self._trainer.validates else None

    def row(self, evaluation: Evaluation, history: History, learning_rate: float | None) -> tuple[float, ...]:
        """Return the row of the next position of `history`: a number for each column."""
        position = len(history)
        metrics = evaluation.metrics
        val_loss, val_accuracy, val_mape = self._validation(position)
        return (
            metrics.loss,
            metrics.accuracy,
            metrics.mistakes,
            metrics.mape,
            metrics.max_error,
            evaluation.grad_norm,
            evaluation.update_norm,
            evaluation.param_norm,
            MISSING if learning_rate is None else learning_rate,
            self.seconds,
            self._epoch_loss(position, history),
            val_loss,
            val_accuracy,
            val_mape,
        )

    def _validation(self, position: int) -> Validation:
        if position == 0 or position % self._validate_every:
            return _NOT_VALIDATED
        started = time.perf_counter()
        validation = self._trainer.validate() or _NOT_VALIDATED
        self.seconds += time.perf_counter() - started
        return validation

    def _epoch_loss(self, position: int, history: History) -> float:
        """Return the mean of an epoch's batch losses at its end, as the weights moved: Keras's `loss`."""
        batches = history.batches
        if position == 0 or position % batches:
            return MISSING
        if batches == 1:
            return float(history.column("loss", position - 1, position)[0])
        losses = history.column("loss", position - batches, position)
        with np.errstate(over="ignore", invalid="ignore"):
            found = float(np.average(losses, weights=self._batch_sizes))
            if not np.isfinite(found):  # a sum that overflows where the mean does not
                found = float(np.sum(losses * (self._batch_sizes / self._batch_sizes.sum())))
        return found
