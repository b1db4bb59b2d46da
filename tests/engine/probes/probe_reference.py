"""Losses, gradients and Hessians of a session in NumPy, float64, by `numpy_reference`: no engine code."""

import dataclasses

import numpy as np
import numpy_reference as reference

from gradstep.engine.probes.registry import run
from gradstep.engine.probes.subject import Subject

LOSSES = {"mse": reference.mse, "half_mse": reference.half_mse, "cross_entropy": reference.cross_entropy}


def probe(session, name, progress=None, limits=None, **options):
    """Compute a probe of the present state, with other limits than the usual ones where given."""
    subject = Subject.of(session.trainer, session.dataset)
    if limits is not None:
        subject = dataclasses.replace(subject, limits=limits)
    return run(name, subject, progress, **options)


def layers_of(session, flat=None):
    """The run's layers, with other flat parameters where given."""
    start, layers = 0, []
    named = session.parameters()
    whole = np.concatenate([part.ravel() for part in named.values()]) if flat is None else flat
    for number, layer in enumerate(session.preset.network.layers, 1):
        parts = []
        for kind in ("weight", "bias"):
            part = named.get(f"layer{number}.{kind}")
            if part is None:
                parts.append(None)
                continue
            parts.append(np.array(whole[start : start + part.size], np.float64).reshape(part.shape))
            start += part.size
        layers.append(reference.Layer(parts[0], parts[1], layer.activation))
    return layers


def loss_and_gradient(session, flat=None, rows=slice(None)):
    inputs = session.dataset.train_inputs[rows].astype(np.float64)
    targets = session.dataset.train_targets[rows]
    loss = LOSSES[session.preset.train.loss]
    if session.dataset.tolerance is None and "mse" in session.preset.train.loss:
        loss = reference.on_one_hot(loss)
    layers = layers_of(session, flat)
    passes = reference.forward(layers, inputs)
    value, by_outputs = loss(passes[-1][1], targets)
    return value, reference.gradients(layers, passes, by_outputs)


def hessian(session, rows=slice(None), width=1e-5):
    """Central differences of the gradient: error of the order of width²."""
    flat = np.concatenate([part.ravel() for part in session.parameters().values()]).astype(np.float64)
    columns = []
    for i in range(len(flat)):
        nudge = np.zeros_like(flat)
        nudge[i] = width
        up, down = (loss_and_gradient(session, flat + s * nudge, rows)[1] for s in (1, -1))
        columns.append((up - down) / (2 * width))
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2
