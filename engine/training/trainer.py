"""One state and one step: evaluate at a position, and apply the update that follows from it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gradstep.engine.conditions.evidence import sum_rounding
from gradstep.engine.config.run import RunConfig
from gradstep.engine.data.dataset import Dataset
from gradstep.engine.records.missing import MISSING
from gradstep.engine.training.batches import Batches
from gradstep.engine.training.cuda_graph import GraphedPass
from gradstep.engine.training.devices import resolve_device, rows_at_once
from gradstep.engine.training.model.dense import Network
from gradstep.engine.training.model.last_fired import Silence, Watched
from gradstep.engine.training.model.loss import NUMBERS, Metrics, make_objective
from gradstep.engine.training.model.norms import weighted_mean, write_scaled_square
from gradstep.engine.training.rules.batch_loss import Landscape, Trial
from gradstep.engine.training.rules.clipping import clipped
from gradstep.engine.training.rules.make import Slots, make_rule
from gradstep.engine.training.rules.searching import SearchingRule

VALIDATION_CHUNK = 1000
GRADIENT, UPDATE, PARAMETERS = range(NUMBERS, NUMBERS + 3)
"""Places of their squared norms among the raw numbers of a position, after the objective's."""
FACTORS = 3
"""So many places behind each of them is the factor that its vector was scaled by (`norms.scaled_square`)."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known at a position before its update: the metrics on the batch that the update will use,
    the gradient's norm there (before clipping), and the norm of the update that led here."""

    metrics: Metrics
    grad_norm: float
    update_norm: float
    param_norm: float


class Validation(NamedTuple):
    """The means over the validation set; `MISSING` where one has no meaning for the target."""

    loss: float
    accuracy: float
    mape: float


@dataclass(frozen=True)
class State:
    """All that a position needs to be gone back to, in memory of its own."""

    position: int
    parameters: Tensor
    slots: Slots
    update_norm: float
    watched: Watched | None = None
    """Since when units are silent; None where that was not written down."""

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        watched = self.watched.nbytes if self.watched is not None else 0
        return self.parameters.nbytes + sum(slot.nbytes for slot in self.slots.values()) + watched


class Trainer:
    """A network in training, at `position` (= updates done).

    What is measured there stays on the device until somebody asks for it: a step waits for nothing.
    """

    def __init__(self, settings: RunConfig, dataset: Dataset) -> None:
        train = settings.train
        self.device = resolve_device(train.device)
        dtype = torch.float64 if train.dtype == "float64" else torch.float32
        self.inputs = torch.from_numpy(dataset.train_inputs).to(self.device)
        self.targets = (
            self.inputs
            if dataset.train_targets is dataset.train_inputs
            else torch.from_numpy(dataset.train_targets).to(self.device)
        )
        self._validation = _validation(dataset, self.device)
        self.batches = Batches(
            len(self.inputs),
            None if train.batch == "all" else train.batch,
            shuffle=train.shuffle,
            seed=train.seed,
        )
        self.network = Network(settings.network, settings.data.width, train.seed, dtype, self.device)
        self.network.reserve(self.batches.size)
        self.classifies = dataset.tolerance is None
        self.objective = make_objective(train.loss, dataset.tolerance)
        self.rule = make_rule(train.rule)
        self.clip_norm = train.clip_norm
        self.slots = self.rule.slots(self.network.parameters)
        self._rule_changed = False
        self.trials: tuple[Trial, ...] = ()
        """What the last update's line search tried; empty for other rules, and after `restore`."""
        self.remark = ""
        """What kept the last update's rule from moving as it is meant to; empty where nothing did."""
        self._update = torch.empty_like(self.network.parameters)
        self._arrived_by: float | None = MISSING
        """The norm of the update that led here; None where it is among the numbers on the device."""
        self._stepped = False
        self.position = 0
        layers = settings.network.layers
        self.silence = Silence(
            [layer.activation for layer in layers], [layer.units for layer in layers], 0, self.device
        )
        self._outputs = layers[-1].units
        # memory taken and given back on each step costs more than what is done there
        size = self.batches.size
        inputs, targets = (
            data if self.batches.whole else data.new_empty((size, *data.shape[1:]))
            for data in (self.inputs, self.targets)
        )
        self._memory = inputs, inputs if self.targets is self.inputs else targets
        spare = self.network.parameters.new_empty((2, size, self._outputs))
        self._spare = spare[0], spare[1]
        self._epoch, self._order = -1, torch.empty(0)
        self._row = torch.zeros(NUMBERS + 2 * FACTORS, dtype=torch.float64, device=self.device)
        self._numbers = self._row.unbind()
        self.at_once = rows_at_once(self.device)
        """How many steps can be done at most without a look at what is measured."""
        self._waits = self.at_once == 1
        """Whether a step may read a number from the device, which costs nothing on the processor."""
        self._rows = self._row.repeat(self.at_once, 1)
        self._measure = GraphedPass(self._pass, self._memory) if self.device.type == "cuda" else self._pass
        self._passed = False
        self._evaluation: Evaluation | None = None

    def step(self) -> None:
        """Apply the update that the evaluation here proposes, and arrive at the next position."""
        if self._rule_changed:
            self._fit_slots()
        self._evaluate()
        self._propose()
        self.network.parameters.add_(self._update)
        self._write_square(UPDATE, self._update)
        self._arrived_by = None
        self._stepped = True
        self.position += 1
        self._passed, self._evaluation = False, None

    def steps(self, count: int) -> list[Evaluation]:
        """Do so many steps; the evaluations of the positions passed on the way, fetched together."""
        first, rows = self.position + 1, self._rows[: count - 1]
        for row in rows:
            self.step()
            self._evaluate()
            row.copy_(self._row)
        self.step()
        return [self._read(first + i, numbers) for i, numbers in enumerate(rows.tolist())]

    @property
    def evaluation(self) -> Evaluation:
        """What is known of the position, and in the network its gradient: computed when it is first wanted,
        which for a state that is only looked at, or left again, is never."""
        if self._evaluation is None:
            self._evaluate()
            self._evaluation = self._read(self.position, self._row.tolist())
            self._arrived_by = self._evaluation.update_norm
        return self._evaluation

    def clipped_gradient(self) -> Tensor:
        """The gradient that the rule gets here: scaled down to `clip_norm` if it is longer."""
        self._evaluate()
        if self.clip_norm is None:
            return self.network.gradient
        # torch's root: it can round to another last bit than Python's, and sessions were recorded with it
        norm = self._numbers[GRADIENT].sqrt() / self._numbers[GRADIENT + FACTORS]
        return clipped(self.network.gradient, norm.item() if self._waits else norm, self.clip_norm)

    @property
    def watched(self) -> Watched:
        """Since when units are silent, with the batch of this position."""
        self._evaluate()
        return self.silence.watched

    @property
    def last_update(self) -> Tensor | None:
        """The update that led here, flat, in memory that the next step reuses; None where no step did."""
        return self._update if self._stepped else None

    def change(self, settings: RunConfig) -> None:
        """Step on with another rule or clipping. The state stays what it is until the next step."""
        self.rule = make_rule(settings.train.rule)
        self.clip_norm = settings.train.clip_norm
        self._rule_changed = True

    @property
    def sum_rounding(self) -> float:
        """The rounding error of a recorded loss, as a share of it."""
        epsilon = torch.finfo(self.network.parameters.dtype).eps
        return sum_rounding(epsilon, self.batches.size * self._outputs)

    @property
    def validates(self) -> bool:
        """Whether there is a validation set."""
        return self._validation is not None

    def validate(self) -> Validation | None:
        """The metrics on the validation set; None where there is none."""
        if self._validation is None:
            return None
        inputs, targets = self._validation
        parts = [
            (len(x), self.objective.measure(self.network.outputs(self.network.parameters, x), y, None))
            for x, y in zip(
                torch.split(inputs, VALIDATION_CHUNK), torch.split(targets, VALIDATION_CHUNK), strict=True
            )
        ]
        sizes = [size for size, _ in parts]
        return Validation(
            loss=weighted_mean([part.loss for _, part in parts], sizes),
            accuracy=weighted_mean([part.accuracy for _, part in parts], sizes),
            mape=MISSING if self.classifies else weighted_mean([part.mape for _, part in parts], sizes),
        )

    def batch(self, position: int) -> tuple[Tensor, Tensor]:
        """The inputs (samples, width) and targets that the update of `position` uses."""
        return self._batch(position, None)

    def _batch(self, position: int, memory: tuple[Tensor, ...] | None) -> tuple[Tensor, Tensor]:
        """A batch, gathered in the memory given, or in its own."""
        if self.batches.whole:
            return self.inputs, self.targets
        first, last = self.batches.span(position)
        if not self.batches.shuffle:
            return self.inputs[first:last], self.targets[first:last]
        epoch = position // self.batches.count
        if epoch != self._epoch:
            self._epoch, self._order = epoch, torch.from_numpy(self.batches.order(epoch)).to(self.device)
        index = self._order[first:last]
        inputs, targets = (None, None) if memory is None else (part[: last - first] for part in memory)
        inputs = torch.index_select(self.inputs, 0, index, out=inputs)
        if self.targets is self.inputs:
            return inputs, inputs
        return inputs, torch.index_select(self.targets, 0, index, out=targets)

    def snapshot(self, spare: State | None = None) -> State:
        """A copy of the state, for `restore`; the memory of a `spare` one is written over."""
        own = self.network.parameters
        parameters = own.clone() if spare is None else spare.parameters.copy_(own)
        slots = _copied(self.slots, {} if spare is None else spare.slots)
        known = self.silence.watched.copy()
        if self._arrived_by is None:
            self._arrived_by = _norm(self._row.tolist(), UPDATE)
        return State(self.position, parameters, slots, self._arrived_by, known)

    def restore(self, state: State) -> None:
        """Go to a state taken by `snapshot`."""
        self.position = state.position
        self.network.parameters.copy_(state.parameters)
        self.slots = _copied(state.slots, self.slots)
        self._rule_changed = True
        self.trials, self.remark = (), ""
        self._stepped = False
        self.silence.restore(state.position, state.watched)
        self._arrived_by = state.update_norm
        self._passed, self._evaluation = False, None

    def state_hash(self) -> str:
        """A digest of parameters, the rule's memory and position: equal where the states are, bit for bit."""
        return hash_state(self.position, self.network.parameters, self.slots)

    def _fit_slots(self) -> None:
        """Give the rule the memory it needs: what has the same name goes on, the rest starts afresh."""
        fresh = self.rule.slots(self.network.parameters)
        self.slots = {name: self.slots.get(name, slot) for name, slot in fresh.items()}
        self._rule_changed = False

    def _propose(self) -> None:
        if not isinstance(self.rule, SearchingRule):
            self.rule.propose(self.clipped_gradient(), self.slots, self._update)
            self.trials, self.remark = (), ""
            return
        network = self.network
        landscape = Landscape(
            network.outputs,
            self.objective,
            self.batch(self.position),
            network.parameters,
            network.gradient,
            self.evaluation.metrics.loss,
        )
        self.rule.search(landscape, self.slots, self._update)
        self.trials, self.remark = tuple(landscape.trials), landscape.remark

    def _evaluate(self) -> None:
        """Measure on the device what is to be known of the position, if that is not done."""
        if self._passed:
            return
        inputs, targets = self._batch(self.position, self._memory)
        self._measure(inputs, targets)
        if self.silence:
            self.silence.see(self.position, self.network.layer_outputs(len(inputs)))
        self._passed = True

    def _pass(self, inputs: Tensor, targets: Tensor) -> None:
        """Forward and backward over a batch: leaves the gradient, and all the numbers but the update's."""
        network, numbers = self.network, self._numbers
        outputs = network.forward(inputs)
        samples, spare = outputs.shape[0], self._spare
        if samples < self.batches.size:
            spare = spare[0][:samples], spare[1][:samples]
        grad = network.output_gradient(samples)
        self.objective.write(outputs, targets, grad, numbers[:NUMBERS], spare, wait=self._waits)
        network.backward(inputs, grad)
        self._write_square(GRADIENT, network.gradient)
        self._write_square(PARAMETERS, network.parameters)

    def _write_square(self, place: int, vector: Tensor) -> None:
        write_scaled_square(vector, self._numbers[place], self._numbers[place + FACTORS], wait=self._waits)

    def _read(self, position: int, numbers: Sequence[float]) -> Evaluation:
        """What the raw numbers of a position say."""
        first, last = self.batches.span(position)
        metrics = self.objective.read(numbers[:NUMBERS], last - first, self._outputs)
        update = self._arrived_by if self._arrived_by is not None else _norm(numbers, UPDATE)
        return Evaluation(metrics, _norm(numbers, GRADIENT), update, _norm(numbers, PARAMETERS))


def _norm(numbers: Sequence[float], place: int) -> float:
    return math.sqrt(numbers[place]) / numbers[place + FACTORS]


def _copied(slots: Slots, memory: Slots) -> Slots:
    """A copy, over what `memory` holds where that is of the same rule: fresh memory costs more than that."""
    if memory.keys() != slots.keys():
        return {name: slot.clone() for name, slot in slots.items()}
    return {name: memory[name].copy_(slot) for name, slot in slots.items()}


def hash_state(position: int, parameters: Tensor, slots: Mapping[str, Tensor]) -> str:
    digest = hashlib.blake2b(str(position).encode(), digest_size=16)
    digest.update(parameters.cpu().numpy().tobytes())
    for name, slot in sorted(slots.items()):
        digest.update(name.encode())
        digest.update(slot.cpu().numpy().tobytes())
    return digest.hexdigest()


def _validation(dataset: Dataset, device: torch.device) -> tuple[Tensor, Tensor] | None:
    if dataset.val_inputs is None or dataset.val_targets is None:
        return None
    inputs = torch.from_numpy(dataset.val_inputs).to(device)
    if dataset.val_targets is dataset.val_inputs:
        return inputs, inputs
    return inputs, torch.from_numpy(dataset.val_targets).to(device)
