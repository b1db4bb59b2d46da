"""Small runs to save, and what is compared of them."""

from gradstep.engine import Session
from gradstep.engine.config.preset import Preset


def preset(steep=False, classes=False, **train):
    """The cheapest run there is, one that goes through Inf to NaN, or one of minibatches of images."""
    if classes:
        data = {"name": "digits", "samples": 60, "validation": 12}
        layers = [{"units": 5, "activation": "tanh"}, {"units": 10}]
        given = {"loss": "cross_entropy", "rule": {"name": "rmsprop_keras2"}, "batch": 16}
    else:
        data = {"name": "ramp", "samples": 24, "length": 6, "scale": "raw" if steep else "unit"}
        layers = [{"units": 1}]
        rate = 1.0 if steep else 1e-3
        rule = {"name": "gradient_descent", "learning_rate": rate}
        given = {"loss": "mse", "rule": rule, "dtype": "float64"}
    return Preset.model_validate(
        {
            "title": "A small run",
            "data": data,
            "network": {"layers": layers},
            "train": {"threads": 1, **given, **train},
        }
    )


def branching(**settings):
    """A run with two branches, one of them changed at its tip, standing in the past of one."""
    session = Session(preset(**settings))
    session.burst(40)
    session.seek(25)
    session.fork({"train.rule.learning_rate": 5e-4}, "slower")
    session.burst(20)
    session.change({"train.clip_norm": 0.5})
    session.burst(5)
    session.seek(30)
    session.change({"train.rule.name": "momentum"})
    session.burst(30)
    session.seek(44)
    return session


def facts(session):
    """All that a saved session brings back, with the records to the last bit, `seconds` too."""
    timeline = session.timeline
    return (
        timeline.branch.number,
        session.position,
        session.state_hash(),
        {
            b.number: (b.name, b.parent, b.fork, b.changes, b.configs, b.history.rows().tobytes())
            for b in timeline.branches.values()
        },
    )
