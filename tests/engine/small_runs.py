"""Small presets, and what tests compare of a run."""

import numpy as np

from gradstep.engine.config.preset import Preset
from gradstep.engine.records.record import COLUMNS

RAMP = {"name": "ramp", "samples": 24, "length": 6, "scale": "unit"}
DIGITS = {"name": "digits", "samples": 30, "validation": 12, "scale": "unit"}
SECONDS = COLUMNS.index("seconds")


def preset(data=RAMP, layers=(1,), activation="linear", initialiser="torch", bias=True, **train):
    """A preset of these layers (a number of units, or a table each), in float64 by gradient descent."""
    rule = train.pop("rule", "gradient_descent")
    rule = dict(rule) if isinstance(rule, dict) else {"name": rule}
    if "learning_rate" in train:
        rule["learning_rate"] = train.pop("learning_rate")
    tables = [
        dict(layer) if isinstance(layer, dict) else {"units": layer, "activation": activation}
        for layer in layers
    ]
    if isinstance(initialiser, str):
        initialiser = {"name": initialiser}
    return Preset.model_validate(
        {
            "title": "A small run",
            "data": dict(data),
            "network": {"layers": tables, "initialiser": initialiser, "bias": bias},
            "train": {"loss": "mse", "dtype": "float64", "rule": rule, "threads": 1, **train},
        }
    )


def flat_parameters(session):
    return np.concatenate([part.ravel() for part in session.parameters().values()])


def bits(session):
    """All records' bits but `seconds`, which is no part of any equality."""
    return np.delete(session.history.rows(), SECONDS, axis=1).tobytes()
