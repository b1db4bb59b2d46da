"""Rules that look at the loss elsewhere before they propose an update."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from gradstep.engine.training.rules.batch_loss import Landscape, Line
from gradstep.engine.training.rules.step_length import NoStepError


class SearchingRule(ABC):
    """A rule whose update follows from the batch's loss around the parameters, not from the gradient alone.

    With minibatches it is the batch's own loss that is searched.
    """

    @abstractmethod
    def slots(self, parameters: Tensor) -> dict[str, Tensor]:
        """The memory at the start, for a flat vector of parameters."""

    @abstractmethod
    def search(self, landscape: Landscape, slots: dict[str, Tensor], update: Tensor) -> None:
        """Write the update d of θ ← θ + d into `update`, and move `slots` on."""


def go_along(
    landscape: Landscape, direction: Tensor, search: Callable[[Line], float], update: Tensor
) -> None:
    """Write the update α·direction with the α that `search` finds; zero and a remark where it finds none."""
    try:
        step_length = search(landscape.along(direction))
    except NoStepError as error:
        landscape.remark = str(error)
        update.zero_()
        return
    landscape.accept(step_length)
    torch.mul(direction, step_length, out=update)


def downhill(landscape: Landscape, direction: Tensor) -> Tensor:
    """The direction, or −g with a remark where the loss does not fall along it."""
    if landscape.slope(direction) < 0:
        return direction
    landscape.remark = "the loss does not fall along the rule's direction: the gradient's was taken"
    return -landscape.gradient
