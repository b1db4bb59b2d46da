"""One state and one step: evaluate at a position, and apply the update that follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from engine.batches import Batches
from engine.config import RunConfig
from engine.data.dataset import Dataset
from engine.devices import resolve_device
from engine.landscape import Landscape, Trial
from engine.network import Network
from engine.norms import norm
from engine.null import NULL
from engine.objective import Metrics, make_objective
from engine.rules import SearchingRule, Slots, make_rule
from engine.silence import Silence, Watched

VALIDATION_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known at a position before its update: the metrics on the batch that the update will use,
    the gradient's norm there (before clipping), and the norm of the update that led here."""

    metrics: Metrics
    grad_norm: float
    update_norm: float
    param_norm: float


class Validation(NamedTuple):
    """The means over the validation set; `NULL` where one has no meaning for the target."""

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
    """A network in training, at `position` (= updates done)."""

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
        self._update_norm = NULL
        self._stepped = False
        self.position = 0
        layers = settings.network.layers
        self.silence = Silence(
            [layer.activation for layer in layers], [layer.units for layer in layers], 0, self.device
        )
        self._evaluated: Evaluation | None = None

    def step(self) -> None:
        """Apply the update that the evaluation here proposes, and arrive at the next position."""
        if self._rule_changed:
            self._fit_slots()
        self._propose(self.evaluation)
        self.network.parameters.add_(self._update)
        self._update_norm = norm(self._update)
        self._stepped = True
        self.position += 1
        self._evaluated = None

    @property
    def evaluation(self) -> Evaluation:
        """What is known of the position, and in the network its gradient: computed when it is first wanted,
        which for a state that is only looked at, or left again, is never."""
        if self._evaluated is None:
            self._evaluated = self._evaluate()
        return self._evaluated

    @property
    def watched(self) -> Watched:
        """Since when units are silent, with the batch of this position."""
        if self._evaluated is None:
            self._evaluated = self._evaluate()
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
        total = len(inputs)
        return Validation(
            loss=sum(size * part.loss for size, part in parts) / total,
            accuracy=sum(size * part.accuracy for size, part in parts) / total,
            mape=NULL if self.classifies else sum(size * part.mape for size, part in parts) / total,
        )

    def batch(self, position: int) -> tuple[Tensor, Tensor]:
        """The inputs (samples, width) and targets that the update of `position` uses."""
        if self.batches.whole:
            return self.inputs, self.targets
        if not self.batches.shuffle:
            first, last = self.batches.span(position)
            return self.inputs[first:last], self.targets[first:last]
        index = torch.from_numpy(self.batches.indices(position)).to(self.device)
        inputs = self.inputs.index_select(0, index)
        return inputs, inputs if self.targets is self.inputs else self.targets.index_select(0, index)

    def snapshot(self, spare: State | None = None) -> State:
        """A copy of the state, for `restore`; the memory of a `spare` one is written over."""
        if spare is None or spare.slots.keys() != self.slots.keys():
            parameters = self.network.parameters.clone()
            slots = {name: slot.clone() for name, slot in self.slots.items()}
        else:
            parameters = spare.parameters.copy_(self.network.parameters)
            slots = {name: slot.copy_(self.slots[name]) for name, slot in spare.slots.items()}
        known = self.silence.watched.copy()
        return State(self.position, parameters, slots, self._update_norm, known)

    def restore(self, state: State) -> None:
        """Go to a state taken by `snapshot`."""
        self.position = state.position
        self.network.parameters.copy_(state.parameters)
        self.slots = {name: slot.clone() for name, slot in state.slots.items()}
        self._rule_changed = True
        self.trials, self.remark = (), ""
        self._stepped = False
        self.silence.restore(state.position, state.watched)
        self._update_norm = state.update_norm
        self._evaluated = None

    def state_hash(self) -> str:
        """A digest of parameters, the rule's memory and position: equal where the states are, bit for bit."""
        return hash_state(self.position, self.network.parameters, self.slots)

    def _fit_slots(self) -> None:
        """Give the rule the memory it needs: what has the same name goes on, the rest starts afresh."""
        fresh = self.rule.slots(self.network.parameters)
        self.slots = {name: self.slots.get(name, slot) for name, slot in fresh.items()}
        self._rule_changed = False

    def _propose(self, evaluation: Evaluation) -> None:
        if not isinstance(self.rule, SearchingRule):
            self.rule.propose(self._clipped_gradient(evaluation.grad_norm), self.slots, self._update)
            self.trials, self.remark = (), ""
            return
        network = self.network
        landscape = Landscape(
            network.outputs,
            self.objective,
            self.batch(self.position),
            network.parameters,
            network.gradient,
            evaluation.metrics.loss,
        )
        self.rule.search(landscape, self.slots, self._update)
        self.trials, self.remark = tuple(landscape.trials), landscape.remark

    def _evaluate(self) -> Evaluation:
        network = self.network
        inputs, targets = self.batch(self.position)
        outputs = network.forward(inputs)
        if self.silence:
            self.silence.see(self.position, network.layer_outputs(len(inputs)))
        grad = network.output_gradient(len(inputs))
        metrics = self.objective.measure(outputs, targets, grad)
        network.backward(inputs, grad)
        return Evaluation(metrics, norm(network.gradient), self._update_norm, norm(network.parameters))

    def _clipped_gradient(self, norm: float) -> Tensor:
        """The gradient, of this norm, scaled down to `clip_norm` where it is longer."""
        if self.clip_norm is None or not norm > self.clip_norm:
            return self.network.gradient
        return self.network.gradient * (self.clip_norm / norm)


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
