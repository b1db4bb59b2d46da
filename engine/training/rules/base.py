"""The base classes of update rules. Each rule is a file beside this one; `make.py` makes it from its config.

A rule's file holds its update and the largest curvature at which it is stable. It also has the factors by
which a step multiplies the distance to a minimum.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradstep.engine.training.rules.batch_loss import BatchLoss, Line
from gradstep.engine.training.rules.step_length import NoStepError

Slots = dict[str, Tensor]
"""A rule's memory between steps, by name: vectors as long as the parameters, or single numbers."""
Floats = NDArray[np.float64]


class Threshold(NamedTuple):
    """A bound on the loss's largest curvature, below which a rule is stable on a quadratic loss."""

    value: float
    formula: str
    preconditioner: Tensor | None
    """The diagonal P of the measure λmax(P⁻¹H) that is bounded; None for λmax(H)."""


class _OnQuadratics:
    """The known behaviour of a rule on a quadratic loss."""

    def threshold(self, slots: Slots, dtype: torch.dtype) -> Threshold | None:
        """Return the rule's bound after an update that left these slots, its preconditioner in `dtype`.

        None for a rule without one, such as a rule that searches its step length.
        """
        return None

    def contraction(self, curvatures: Floats) -> Floats | None:
        """Return what a step multiplies the distance to the minimum by, in eigendirections of these
        curvatures; None if that is no constant."""
        return None


class Rule(_OnQuadratics, ABC):
    """A rule that proposes an update from the gradient. It never touches the parameters."""

    def slots(self, parameters: Tensor) -> Slots:
        """Return the memory at the start, for a vector of parameters."""
        return {}

    @abstractmethod
    def propose(self, gradient: Tensor, slots: Slots, update: Tensor) -> None:
        """Write the update d of θ ← θ + d into `update`, and move `slots` on."""


class SearchingRule(_OnQuadratics, ABC):
    """A rule whose update follows from the batch's loss around the parameters, not from the gradient alone.

    With minibatches it searches the batch's own loss.
    """

    def slots(self, parameters: Tensor) -> Slots:
        """Return the memory at the start, for a vector of parameters."""
        return {}

    @abstractmethod
    def search(self, batch_loss: BatchLoss, slots: Slots, update: Tensor) -> None:
        """Write the update d of θ ← θ + d into `update`, and move `slots` on."""


class InPlaceRule(_OnQuadratics, ABC):
    """A rule that changes named parameters itself, as the optimizers of `torch.optim` do."""

    @abstractmethod
    def slots(self, parameters: Mapping[str, Tensor]) -> Slots:
        """Return the memory at the start."""

    @abstractmethod
    def step(
        self, parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor | None], slots: Slots
    ) -> None:
        """Change the parameters by their gradients, and move `slots` on."""


AnyRule = Rule | SearchingRule | InPlaceRule


def go_along(
    batch_loss: BatchLoss, direction: Tensor, search: Callable[[Line], float], update: Tensor
) -> None:
    """Write the update α·direction with the α that `search` finds; zero and a remark if it finds none."""
    try:
        step_length = search(batch_loss.along(direction))
    except NoStepError as error:
        batch_loss.remark = str(error)
        update.zero_()
        return
    batch_loss.accept(step_length)
    torch.mul(direction, step_length, out=update)


def downhill(batch_loss: BatchLoss, direction: Tensor) -> Tensor:
    """Return the direction, or −g with a remark where the loss does not fall along it."""
    if batch_loss.slope(direction) < 0:
        return direction
    batch_loss.remark = "the loss does not fall along the rule's direction: the gradient's was taken"
    return -batch_loss.gradient
