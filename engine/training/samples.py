"""The training samples on the run's device, and the batch of a position out of them."""

from __future__ import annotations

import torch
from torch import Tensor

from gradstep.engine.training.batches import Batches


class Samples:
    """Inputs (samples, …) and their targets, which may be the inputs themselves."""

    def __init__(self, inputs: Tensor, targets: Tensor, batches: Batches) -> None:
        self.inputs = inputs
        self.targets = targets
        self.batches = batches
        self._epoch, self._order = -1, torch.empty(0)
        # memory taken and given back on each step costs more than what is done there
        size = batches.size
        own_inputs, own_targets = (
            part if batches.whole else part.new_empty((size, *part.shape[1:])) for part in (inputs, targets)
        )
        self.memory = own_inputs, own_inputs if targets is inputs else own_targets
        """For the inputs and targets of the largest batch."""

    def batch(self, position: int, memory: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the inputs and targets that the update of a position uses.

        They may be gathered in `memory`; without that they are in fresh memory, or views.
        """
        if self.batches.whole:
            return self.inputs, self.targets
        first, last = self.batches.span(position)
        if not self.batches.shuffle:
            return self.inputs[first:last], self.targets[first:last]
        epoch = position // self.batches.count
        if epoch != self._epoch:
            order = torch.from_numpy(self.batches.order(epoch))
            self._epoch, self._order = epoch, order.to(self.inputs.device)
        index = self._order[first:last]
        inputs, targets = (None, None) if memory is None else (part[: last - first] for part in memory)
        inputs = torch.index_select(self.inputs, 0, index, out=inputs)
        if self.targets is self.inputs:
            return inputs, inputs
        return inputs, torch.index_select(self.targets, 0, index, out=targets)
