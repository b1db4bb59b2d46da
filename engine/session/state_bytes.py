"""States as bytes in the safetensors format, which can't run code."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gradstep.engine.errors import UserError
from gradstep.engine.training.model.base import flat, named
from gradstep.engine.training.model.last_fired import NEVER, Watched
from gradstep.engine.training.state import State
from gradstep.engine.training.trainer import Trainer

_SLOT = "slot."
_FIRED = "fired."
_EXTRA = "extra."


def state_to_bytes(state: State) -> bytes:
    tensors = {
        "parameters": flat(state.parameters.values()).cpu(),
        "update_norm": torch.tensor([state.update_norm], dtype=torch.float64),
        **{_SLOT + name: slot.cpu() for name, slot in state.slots.items()},
        **{_EXTRA + name: tensor.cpu() for name, tensor in state.extra.items()},
    }
    if state.watched is not None:
        tensors["watched_since"] = torch.tensor([state.watched.since])
        tensors |= {_FIRED + str(index): last.cpu() for index, last in state.watched.last_fired.items()}
    return save(tensors)


def state_from_bytes(blob: bytes, position: int, trainer: Trainer) -> State:
    """Return the state of a position, for this trainer's network. Raises UserError for any other bytes."""
    try:
        tensors = load(blob)
        parameters, update_norm = tensors.pop("parameters"), tensors.pop("update_norm")
        watched = _watched(tensors, position, trainer)
        extra = {name: tensors.pop(_EXTRA + name) for name in trainer.model.snapshot()}
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise UserError(f"the state of position {position} is damaged: {error}") from None
    own = trainer.model.vector
    slots = {name.removeprefix(_SLOT): slot.to(own.device) for name, slot in tensors.items()}
    if parameters.shape != own.shape or parameters.dtype != own.dtype or update_norm.numel() != 1:
        raise UserError(f"the state of position {position} is not one of this network")
    if not all(_fits(slot, own) for slot in slots.values()):
        raise UserError(f"the state of position {position} is not one of this network")
    # a copy: memory of our own, aligned as torch aligns it, so that sums come out the same to the last bit
    vector = parameters.to(own.device).clone()
    by_name = named(vector, trainer.model.parameters)
    return State(position, by_name, slots, update_norm.item(), watched, extra)


def _watched(tensors: dict[str, Tensor], position: int, trainer: Trainer) -> Watched | None:
    """Pop when each unit fired last; files of format 1 lack it. Raises ValueError."""
    own = trainer.silence.watched.last_fired
    since = tensors.pop("watched_since", None)
    found = {index: tensors.pop(_FIRED + str(index), None) for index in own}
    if since is None:
        return None
    last_fired = {}
    for index, last in found.items():
        if last is None or last.shape != own[index].shape or last.dtype != torch.int64:
            raise ValueError("what it says of the units is not of this network")
        if not NEVER <= int(last.min()) <= int(last.max()) <= position:
            raise ValueError("it says that units fired later")
        last_fired[index] = last.to(trainer.device)
    return Watched(int(since), last_fired)


def _fits(slot: Tensor, parameters: Tensor) -> bool:
    """Return whether a rule's slot is a vector like the parameters, or a number."""
    if slot.shape == parameters.shape:
        return slot.dtype == parameters.dtype
    return slot.shape == () and slot.is_floating_point()
