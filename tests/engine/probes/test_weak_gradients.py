"""A gradient near 0 everywhere is what a minimum looks like; vanishing compares the layers of one net."""

import numpy as np
import pytest
import torch

from gradstep.engine.config.preset import Preset
from gradstep.engine.probes.weak_gradients import NORM, RATIO, vanishing
from gradstep.engine.session.session import Session

# labels that no line of the plane separates, so that the minimum is at finite weights
POINTS = [[1.0, 2.0], [2.0, 1.0], [1.5, 1.5], [-1.0, -2.0], [-2.0, -1.0], [-1.0, 1.5]]
LABELS = [0, 1, 0, 1, 0, 1]
MINIMUM, UNKNOWN = "no gradient left: at a minimum", "no gradient left: a minimum, a saddle or a plateau"


def constant(value):
    return {"name": "constant", "value": value}


def six_points(layers=(2,), activation="linear", labels=LABELS, loss="cross_entropy", initial=None, **train):
    *hidden, last = layers
    tables = [{"units": units, "activation": activation} for units in hidden]
    return Session(
        Preset.model_validate(
            {
                "title": "six points",
                "data": {"name": "points", "inputs": POINTS, "labels": list(labels)},
                "network": {
                    "layers": [*tables, {"units": last}],
                    "initialiser": initial or constant(0.5),
                },
                "train": {
                    "loss": loss,
                    "dtype": "float64",
                    "threads": 1,
                    "rule": {"name": "newton"},
                    **train,
                },
            }
        )
    )


def said(session):
    """What the tabs Step and Layers say: of the gradient as a whole, and of each layer."""
    step, layers = session.probe("step"), session.probe("layers")
    assert step.gradient == layers.gradient
    notes = [note for found in (step, layers) for layer in found.layers for note in layer.notes]
    return step.gradient, [note for note in notes if "gradient" in note]


def test_one_linear_layer_at_its_minimum():
    """Newton's method on a convex loss: ‖g‖ 1e-16, and no eigenvalue of the Hessian below 0."""
    session = six_points()
    session.burst(15)
    assert session.record.grad_norm < 1e-12
    assert session.probe("curvature").smallest >= -1e-12
    assert said(session) == (MINIMUM, [])


@pytest.mark.parametrize("loss", ["mse", "half_mse"])
def test_least_squares_at_its_minimum(loss):
    """A quadratic: one step of Newton's method solves it."""
    session = six_points(loss=loss)
    session.burst(2)
    assert said(session) == (MINIMUM, [])


def test_no_minimum_is_claimed_where_none_is_known():
    """Zero weights in two tanh layers: the gradient is 0 but for the last bias, whose is balanced here. The
    Hessian has a negative eigenvalue: a saddle."""
    session = six_points(layers=(3, 2), activation="tanh", initial=constant(1e-9), labels=[0, 1, 0, 0, 1, 1])
    with torch.no_grad():
        session.trainer.model.vector.zero_()
    session.seek(0)
    assert session.probe("curvature").smallest < -1e-3
    assert said(session) == (UNKNOWN, [])


def test_the_exam_s_sum_is_not_convex():
    """−log(1 − v) of a softmax's share is a difference of convex functions: no minimum is claimed."""
    session = six_points(loss="binary_cross_entropy", rule={"name": "lbfgs"})
    session.burst(200)
    assert said(session) == (UNKNOWN, [])


def test_a_batch_is_not_the_training_set():
    """With one sample a batch, least squares fits it exactly: the others' loss is another one."""
    session = six_points(loss="mse", batch=1, shuffle=False)
    session.step()
    session.timeline.change({"train.rule.initial_step": 1e-30})
    for position in range(6):
        session.seek(position)
        gradient, notes = said(session)
        assert notes == []
        assert gradient in ("", f"{MINIMUM} of this batch's loss")


def test_a_run_that_goes_on_says_nothing_of_it():
    assert said(six_points()) == ("", [])


def test_a_gradient_that_vanishes_on_its_way_back():
    """Ten sigmoid layers: each takes at least a factor of four, so that the first layers get next to nothing,
    while the last has a gradient and the loss is where it began."""
    session = six_points(
        layers=(4,) * 10 + (2,),
        activation="sigmoid",
        labels=[0, 0, 0, 0, 0, 1],
        initial={"name": "normal", "std": 0.3},
        rule={"name": "gradient_descent"},
    )
    gradient, notes = said(session)
    assert gradient == ""
    step = session.probe("step")
    norms = [layer.gradient_norm for layer in step.layers]
    weak = [norm for norm in norms if 0 < norm < NORM and norm < RATIO * max(norms)]
    assert 0 < len(weak) < len(norms)
    assert [any("vanishing" in note for note in layer.notes) for layer in step.layers] == [
        norm in weak for norm in norms
    ]
    assert notes[0].startswith("vanishing gradient: ‖g‖ is ")
    assert notes[0].endswith(" of layer11's")
    assert len(notes) == 2 * len(weak)


def test_a_layer_that_gets_none_at_all_is_not_called_vanishing():
    """Dead units after it pass exactly 0 back."""
    assert vanishing(["layer1", "layer2"], [0.0, 1.0], [0.0, 0.1]) == [
        "no gradient comes back to this layer",
        "",
    ]


@pytest.mark.parametrize(
    ("norms", "found"),
    [
        ([0.99e-4, 0.1], True),
        ([1.01e-4, 1.0], False),  # longer than 1e-4
        ([0.9e-4, 0.08], False),  # more than a thousandth
        ([np.nan, 1.0], False),
    ],
)
def test_the_thresholds_are_autotrainer_s(norms, found):
    """‖g₁‖/‖g_L‖ < 1e-3 and ‖g₁‖ < 1e-4 (Zhang et al., ICSE 2021)."""
    assert bool(vanishing(["layer1", "layer2"], norms, norms)[0]) is found
