"""The trainer: the state at a position, its evaluation, and the update to the next position."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from gradstep.engine.conditions.evidence import sum_rounding
from gradstep.engine.records.missing import MISSING
from gradstep.engine.training.build import Parts
from gradstep.engine.training.cuda_graph import GraphedPass
from gradstep.engine.training.devices import rows_at_once
from gradstep.engine.training.model.base import flat_outputs, named
from gradstep.engine.training.model.last_fired import Watched
from gradstep.engine.training.model.loss import NUMBERS, Metrics
from gradstep.engine.training.model.norms import scaled_square, weighted_mean, write_scaled_square
from gradstep.engine.training.rules.base import AnyRule, InPlaceRule, SearchingRule
from gradstep.engine.training.rules.batch_loss import BatchLoss, Trial
from gradstep.engine.training.rules.clipping import clipped
from gradstep.engine.training.state import State, copied, hash_state

VALIDATION_CHUNK = 1000
GRADIENT, UPDATE, PARAMETERS = range(NUMBERS, NUMBERS + 3)
"""Places of their squared norms among the raw numbers of a position, after the objective's."""
FACTORS = 3
"""The distance from each of these places to the scale factor of its vector (`norms.scaled_square`)."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The numbers of a position before its update.

    The metrics and the gradient's norm, before clipping, are of the batch of that update. The update's norm
    is of the update that led here.
    """

    metrics: Metrics
    grad_norm: float
    update_norm: float
    param_norm: float


class Validation(NamedTuple):
    """Means over the validation set; `MISSING` for one without meaning for the target."""

    loss: float
    accuracy: float
    mape: float


class Trainer:
    """A model in training, at `position` (= updates done).

    Its numbers stay on the device until somebody asks for them: a step waits for nothing.
    """

    def __init__(self, parts: Parts) -> None:
        self.device = parts.device
        self.model = parts.model
        self.loss = parts.loss
        self.samples = parts.samples
        self.batches = parts.samples.batches
        self.classifies = parts.classifies
        self.rule = parts.rule
        self.clip_norm = parts.clip_norm
        self.silence = parts.silence
        self.position = 0
        self.trials: tuple[Trial, ...] = ()
        """The trials of the last update's line search; empty for other rules, and after `restore`."""
        self.remark = ""
        """The reason for an unusual last step of the rule; "" for none."""
        self._validation = parts.validation
        self._outputs = parts.outputs
        vector = self.model.vector
        self._dtype = vector.dtype
        self._rule_changed = False
        self.slots = self._fresh_slots()
        self._update = torch.empty_like(vector)
        self._arrived_by: float | None = MISSING
        """The norm of the update that led here; None while only the numbers on the device have it."""
        self._stepped = False
        self._row = torch.zeros(NUMBERS + 2 * FACTORS, dtype=torch.float64, device=self.device)
        self._numbers = self._row.unbind()
        # the same memory: to write a number there takes a tenth of the time that a tensor's `fill_` takes
        self._cells = self._row.numpy() if self.device.type == "cpu" else None
        self.at_once = rows_at_once(self.device)
        """The most steps that can be done before their numbers are read."""
        self._waits = self.at_once == 1
        """Whether a step may read a number from the device, which costs nothing on the processor."""
        self._rows = self._row.repeat(self.at_once, 1)
        graphed = self.device.type == "cuda" and self.model.capturable
        self._measure = GraphedPass(self._pass, self.samples.memory) if graphed else self._pass
        self._passed = False
        self._evaluation: Evaluation | None = None
        self._extra: Mapping[str, Tensor] = {}
        """The model's buffers and generators before the evaluation here, once that is done."""

    def step(self) -> None:
        """Apply the update that follows from the evaluation here, and arrive at the next position."""
        if self._rule_changed:
            self._fit_slots()
        self._evaluate()
        if isinstance(self.rule, InPlaceRule):
            self._step_in_place(self.rule)
        else:
            self._propose()
            self.model.step(self._update)
        self._write_square(UPDATE, self._update)
        self._arrived_by = None
        self._stepped = True
        self.position += 1
        self._passed, self._evaluation = False, None

    def steps(self, count: int) -> list[Evaluation]:
        """Do so many steps, and return the evaluations of the positions between, fetched together."""
        first, rows = self.position + 1, self._rows[: count - 1]
        for row in rows:
            self.step()
            self._evaluate()
            row.copy_(self._row)
        self.step()
        return [self._read(first + i, numbers) for i, numbers in enumerate(rows.tolist())]

    def evaluate(self) -> Evaluation:
        """Do the one pass of this position, unless it is done, and return what it says.

        The gradient is then the model's. A state that is only looked at, or left again, needs no pass.
        """
        if self._evaluation is None:
            self._evaluate()
            self._evaluation = self._read(self.position, self._row.tolist())
            self._arrived_by = self._evaluation.update_norm
        return self._evaluation

    def clipped_gradient(self) -> Tensor:
        """Return the gradient that the rule gets here, once it is evaluated: at most `clip_norm` long."""
        assert self._passed
        if self.clip_norm is None:
            return self.model.gradient
        # torch's root: it can round to another last bit than Python's, and sessions were recorded with it
        norm = self._numbers[GRADIENT].sqrt() / self._numbers[GRADIENT + FACTORS]
        return clipped(self.model.gradient, norm.item() if self._waits else norm, self.clip_norm)

    @property
    def watched(self) -> Watched:
        """Since when units are silent: with the batch of this position, once it is evaluated."""
        return self.silence.watched

    @property
    def last_update(self) -> Tensor | None:
        """The update that led here, as a vector that the next step overwrites; None if no step did."""
        return self._update if self._stepped else None

    def change(self, rule: AnyRule, clip_norm: float | None) -> None:
        """Step on with another rule or clipping. The state stays what it is until the next step."""
        self.rule = rule
        self.clip_norm = clip_norm
        self._rule_changed = True

    @property
    def sum_rounding(self) -> float:
        """The rounding error of a recorded loss, as a share of it."""
        return sum_rounding(torch.finfo(self._dtype).eps, self.batches.size * self._outputs)

    @property
    def validates(self) -> bool:
        """Whether there is a validation set."""
        return self._validation is not None

    def validate(self, chunk: int = VALIDATION_CHUNK) -> Validation | None:
        """Return the metrics on the validation set, `chunk` samples at a time; None without one."""
        if self._validation is None:
            return None
        inputs, targets = self._validation
        parts = [
            (len(x), self.loss.measure(self.model.outputs(self.model.parameters, x), y, None))
            for x, y in zip(torch.split(inputs, chunk), torch.split(targets, chunk), strict=True)
        ]
        sizes = [size for size, _ in parts]
        return Validation(
            loss=weighted_mean([part.loss for _, part in parts], sizes),
            accuracy=weighted_mean([part.accuracy for _, part in parts], sizes),
            mape=MISSING if self.classifies else weighted_mean([part.mape for _, part in parts], sizes),
        )

    def batch(self, position: int) -> tuple[Tensor, Tensor]:
        """Return the inputs (samples, …) and targets that the update of a position uses."""
        return self.samples.batch(position)

    def snapshot(self, spare: State | None = None) -> State:
        """Return a copy of the state, for `restore`; the memory of a `spare` one is written over."""
        if self._arrived_by is None:
            self._arrived_by = _norm(self._row.tolist(), UPDATE)
        return State(
            self.position,
            copied(self.model.parameters, {} if spare is None else spare.parameters),
            copied(self.slots, {} if spare is None else spare.slots),
            self._arrived_by,
            self.silence.watched.copy(),
            copied(self._extra, {}) if self._passed else self.model.snapshot(),
        )

    def restore(self, state: State) -> None:
        """Go to a state taken by `snapshot`."""
        self.position = state.position
        for name, tensor in self.model.parameters.items():
            tensor.copy_(state.parameters[name])
        self.model.restore(state.extra)
        self.slots = copied(state.slots, self.slots)
        self._rule_changed = True
        self.trials, self.remark = (), ""
        self._stepped = False
        self.silence.restore(state.position, state.watched)
        self._arrived_by = state.update_norm
        self._passed, self._evaluation = False, None

    def state_hash(self) -> str:
        """Return a digest of position, parameters, the rule's memory and the model's buffers and generators:
        equal where states are equal, bit for bit."""
        extra = self._extra if self._passed else self.model.snapshot()
        return hash_state(self.position, self.model.parameters, self.slots, extra)

    def _fresh_slots(self) -> dict[str, Tensor]:
        if isinstance(self.rule, InPlaceRule):
            return self.rule.slots(self.model.parameters)
        return self.rule.slots(self.model.vector)

    def _fit_slots(self) -> None:
        """Give the rule the memory it needs: a slot of the same name goes on, the others start afresh."""
        self.slots = {name: self.slots.get(name, slot) for name, slot in self._fresh_slots().items()}
        self._rule_changed = False

    def _propose(self) -> None:
        """Write the rule's update."""
        rule = self.rule
        if isinstance(rule, SearchingRule):
            batch_loss = BatchLoss(
                partial(flat_outputs, self.model),
                self.loss,
                self.batch(self.position),
                self.model.vector,
                self.model.gradient,
                self.evaluate().metrics.loss,
            )
            rule.search(batch_loss, self.slots, self._update)
            self.trials, self.remark = tuple(batch_loss.trials), batch_loss.remark
        elif not isinstance(rule, InPlaceRule):
            rule.propose(self.clipped_gradient(), self.slots, self._update)
            self.trials, self.remark = (), ""

    def _step_in_place(self, rule: InPlaceRule) -> None:
        """Have the rule change the parameters; the update is the difference, for looking only."""
        model = self.model
        gradients: Mapping[str, Tensor | None] = model.gradients
        if self.clip_norm is not None:
            scaled = named(self.clipped_gradient(), model.parameters)
            gradients = {name: None if gradients[name] is None else part for name, part in scaled.items()}
        before = model.vector.clone()
        rule.step(model.parameters, gradients, self.slots)
        torch.sub(model.vector, before, out=self._update)
        self.trials, self.remark = (), ""

    def _evaluate(self) -> None:
        """Do the pass of the position, unless it is done; its numbers stay on the device."""
        if self._passed:
            return
        self._extra = self.model.snapshot()
        inputs, targets = self.samples.batch(self.position, self.samples.memory)
        self._measure(inputs, targets)
        if self.silence:
            self.silence.see(self.position, self.model.layer_outputs(len(inputs)))
        self._passed = True

    def _pass(self, inputs: Tensor, targets: Tensor) -> None:
        """Evaluate a batch: leave the gradient, and all the numbers but the update's."""
        numbers = self._numbers
        self.model.evaluate(inputs, targets, numbers[:NUMBERS], wait=self._waits)
        self._write_square(GRADIENT, self.model.gradient)
        self._write_square(PARAMETERS, self.model.vector)

    def _write_square(self, place: int, vector: Tensor) -> None:
        if self._cells is not None and self._waits:
            self._cells[place], self._cells[place + FACTORS] = scaled_square(vector)
        else:
            write_scaled_square(
                vector, self._numbers[place], self._numbers[place + FACTORS], wait=self._waits
            )

    def _read(self, position: int, numbers: Sequence[float]) -> Evaluation:
        """Return the evaluation that the raw numbers of a position hold."""
        first, last = self.batches.span(position)
        metrics = self.loss.read(numbers[:NUMBERS], last - first, self._outputs)
        update = self._arrived_by if self._arrived_by is not None else _norm(numbers, UPDATE)
        return Evaluation(metrics, _norm(numbers, GRADIENT), update, _norm(numbers, PARAMETERS))


def _norm(numbers: Sequence[float], place: int) -> float:
    return math.sqrt(numbers[place]) / numbers[place + FACTORS]
