"""Small runs: their presets, their records' bits and the steps they take."""

import numpy as np

from gradstep.engine.config.preset import Preset
from gradstep.engine.records.record import COLUMNS

RAMP = {"name": "ramp", "samples": 24, "length": 6, "scale": "unit"}
DIGITS = {"name": "digits", "samples": 30, "validation": 12, "scale": "unit"}
SECONDS = COLUMNS.index("seconds")


def digits(samples, validation):
    return {**DIGITS, "samples": samples, "validation": validation}


def preset(
    data=RAMP,
    layers=(1,),
    activation="linear",
    initialiser="torch",
    bias=True,
    *,
    measure=None,
    claims=(),
    run=None,
    **train,
):
    """A preset in float64 by gradient descent.

    A layer is its number of units, its units and activation, or its table; `claims` may lack what they say.
    """
    rule = train.pop("rule", "gradient_descent")
    rule = dict(rule) if isinstance(rule, dict) else {"name": rule}
    if "learning_rate" in train:
        rule["learning_rate"] = train.pop("learning_rate")
    if isinstance(initialiser, str):
        initialiser = {"name": initialiser}
    tables = [_table(layer, activation) for layer in layers]
    return Preset.model_validate(
        {
            "title": "A small run",
            "data": dict(data),
            "measure": measure or {},
            "network": {"layers": tables, "initialiser": initialiser, "bias": bias},
            "train": {"loss": "mse", "dtype": "float64", "rule": rule, "threads": 1, **train},
            "run": run or {},
            "claim": [{"says": "It is so.", **claim} for claim in claims],
        }
    )


def _table(layer, activation):
    if isinstance(layer, dict):
        return dict(layer)
    units, activation = layer if isinstance(layer, tuple) else (layer, activation)
    return {"units": units, "activation": activation}


def line(**settings):
    """One linear layer, as in `linear-1-layer`: the cheapest step there is."""
    return preset(**{"learning_rate": 1e-3, **settings})


def diverging():
    """A run that goes through Inf to NaN."""
    return preset({**RAMP, "scale": "raw"}, learning_rate=1.0)


def minibatch(**settings):
    """A classifier of digits in float32, four batches an epoch."""
    rule = {"name": "rmsprop_keras2", "learning_rate": 1e-3}
    given = {"rule": rule, "loss": "cross_entropy", "dtype": "float32", "batch": 16, **settings}
    return preset(digits(60, 12), [(5, "tanh"), (10, "linear")], **given)


def flat_parameters(session):
    return np.concatenate([part.ravel() for part in session.parameters().values()])


def bits(history, first=0, last=None):
    """The bits of the records at [first, last), one row a position; `seconds` is left out.

    Two runs are equal if their bits are: `seconds` is no part of any equality.
    """
    rows = np.delete(history.rows(first, last), SECONDS, axis=1)
    return np.ascontiguousarray(rows).view(np.uint64)


def spied(session):
    """The positions from which the trainer has stepped, as it goes."""
    steps, step = [], session.trainer.step

    def counted():
        steps.append(session.position)
        return step()

    session.trainer.step = counted
    return steps
