"""A `Model` by hand: an nn.Module with separate parameters, buffers and dropout, trained by autograd."""

import torch
from torch import nn
from torch.func import functional_call
from torch.optim.sgd import sgd

from gradstep.engine.training.batches import Batches
from gradstep.engine.training.build import Parts
from gradstep.engine.training.model.base import Group, flat
from gradstep.engine.training.model.last_fired import Silence
from gradstep.engine.training.model.loss import make_objective
from gradstep.engine.training.rules.base import InPlaceRule
from gradstep.engine.training.samples import Samples

CPU = torch.device("cpu")


class ModuleModel:
    """Batch norm moves its buffers in each evaluation, and dropout draws from torch's generator."""

    capturable = False

    def __init__(self, loss, seed=0):
        torch.manual_seed(seed)
        self.module = nn.Sequential(
            nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 1)
        ).double()
        self.loss = loss
        self.evaluations = 0
        self.parameters = {name: p.detach() for name, p in self.module.named_parameters()}
        names = list(self.parameters)
        self.groups = [
            Group("0", tuple(names[:2]), "dense", None),
            Group("1", tuple(names[2:4]), "norm", "relu"),
            Group("4", tuple(names[4:]), "dense", None),
        ]

    @property
    def gradients(self):
        return {name: p.grad for name, p in self.module.named_parameters()}

    @property
    def vector(self):
        return flat(self.parameters.values())

    @property
    def gradient(self):
        return flat(torch.zeros_like(p) if p.grad is None else p.grad for p in self.module.parameters())

    def evaluate(self, inputs, targets, numbers, *, wait):
        self.evaluations += 1
        self.module.zero_grad()
        outputs = self.module(inputs)
        grad = torch.empty_like(outputs)
        self.loss.write(outputs.detach(), targets, grad, numbers, wait=wait)
        outputs.backward(grad)

    def outputs(self, parameters, inputs):
        buffers = {name: b.clone() for name, b in self.module.named_buffers()}
        with torch.random.fork_rng(devices=[]):
            return functional_call(self.module, (dict(parameters), buffers), (inputs,))

    def layer_outputs(self, samples):
        return []

    def step(self, update):
        start = 0
        for tensor in self.parameters.values():
            tensor.add_(update[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def snapshot(self):
        buffers = {name: b.clone() for name, b in self.module.named_buffers()}
        return {**buffers, "generator": torch.get_rng_state()}

    def restore(self, extra):
        for name, buffer in self.module.named_buffers():
            buffer.copy_(extra[name])
        torch.set_rng_state(extra["generator"])


class TorchMomentum(InPlaceRule):
    """Momentum by torch's own function over a list of tensors, in place."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def slots(self, parameters):
        return {name: torch.zeros_like(tensor) for name, tensor in parameters.items()}

    def step(self, parameters, gradients, slots):
        sgd(
            list(parameters.values()),
            list(gradients.values()),
            [slots[name] for name in parameters],
            foreach=False,
            lr=self.learning_rate,
            momentum=0.9,
            nesterov=False,
            weight_decay=0.0,
            dampening=0.0,
            maximize=False,
        )


def module_parts(dataset, rule, clip_norm=None):
    inputs, targets = torch.from_numpy(dataset.train_inputs), torch.from_numpy(dataset.train_targets)
    loss = make_objective("mse", dataset.tolerance)
    return Parts(
        model=ModuleModel(loss),
        loss=loss,
        outputs=1,
        samples=Samples(inputs, targets, Batches(len(inputs), 7, shuffle=True, seed=3)),
        validation=None,
        classifies=False,
        rule=rule,
        clip_norm=clip_norm,
        silence=Silence([], [], 0, CPU),
        device=CPU,
    )
