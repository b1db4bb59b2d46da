"""The update, the norms and the loss that probes show, beside those of the step that follows, bit for bit."""

import pytest
import torch
from runs import DIGITS, preset

from gradstep.engine import Session
from gradstep.engine.probes.passes import propose
from gradstep.engine.probes.registry import run
from gradstep.engine.probes.subject import Subject

FIRST_ORDER = [
    "gradient_descent",
    "momentum",
    "nesterov",
    "adam",
    "rmsprop_keras2",
    "rmsprop_keras3",
    "rmsprop_torch",
]
SEARCHING = {
    "backtracking": {"name": "line_search"},
    "wolfe": {"name": "line_search", "search": "wolfe"},
    "heavy ball": {"name": "line_search", "direction": "heavy_ball"},
    "conjugate gradients": {"name": "line_search", "direction": "conjugate_gradients", "search": "wolfe"},
    "lbfgs": {"name": "lbfgs", "history": 3},
    "newton": {"name": "newton", "search": "backtracking", "saddle_free": True, "damping": 0.1},
}
DATA = {**DIGITS, "validation": 0}


def opened(rule, clip_norm, dtype, batch):
    settings = {"loss": "cross_entropy", "clip_norm": clip_norm, "dtype": dtype, "batch": batch}
    if rule in SEARCHING:
        if rule == "newton":  # its Hessian is a matrix of the parameters
            points = {"name": "points", "inputs": [[0.0, 1.0], [1.0, 0.2], [0.4, 0.5], [1.0, 1.1]] * 4}
            return Session(
                preset(
                    {**points, "labels": [0, 1, 0, 1] * 4}, (3, 2), "tanh", rule=SEARCHING[rule], **settings
                )
            )
        return Session(preset(DATA, (5, 10), "tanh", rule=SEARCHING[rule], **settings))
    return Session(preset(DATA, (5, 10), "tanh", rule=rule, learning_rate=0.01, **settings))


def check_next_step(session):
    record, trainer = session.record, session.trainer
    subject = Subject.of(trainer, session.dataset)
    proposal, shown = propose(subject), run("step", subject)
    layers = run("layers", subject)
    after = subject.parameters + proposal.update
    assert shown.loss == record.loss
    assert shown.gradient_norm == record.grad_norm
    assert [a.mean_abs_gradient for a in shown.layers] == [b.mean_abs_gradient for b in layers.layers]
    session.step()
    assert torch.equal(proposal.update, trainer.last_update)
    assert torch.equal(after, trainer.model.vector)
    assert proposal.slots.keys() == trainer.slots.keys()
    assert all(torch.equal(slot, trainer.slots[name]) for name, slot in proposal.slots.items())
    assert (proposal.trials, proposal.remark) == (trainer.trials, trainer.remark)
    assert shown.update_norm == session.record.update_norm


CASES = [(rule, clip) for rule in FIRST_ORDER for clip in (None, 0.03)] + [(rule, None) for rule in SEARCHING]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", ["all", 7])
@pytest.mark.parametrize(("rule", "clip_norm"), CASES)
def test_the_proposal_is_the_update_that_then_happens(rule, clip_norm, batch, dtype):
    session = opened(rule, clip_norm, dtype, batch)
    for _ in range(4):
        check_next_step(session)
    session.seek(2)  # a saved state, with no pass done there yet
    check_next_step(session)
    session.burst(3)
    key = "initial_step" if rule in SEARCHING else "learning_rate"
    session.change({f"train.rule.{key}": 0.5, **({"train.clip_norm": 0.01} if clip_norm else {})})
    check_next_step(session)
    if rule not in SEARCHING:
        session.change({"train.rule.name": "adam" if rule == "momentum" else "momentum"})
        check_next_step(session)
        check_next_step(session)


def test_clipping_of_a_gradient_whose_square_overflows():
    session = Session(
        preset(
            {"name": "ramp", "length": 1, "samples": 200},
            initialiser={"name": "constant", "value": 1e15},
            dtype="float32",
            clip_norm=1e12,
            learning_rate=1.0,
        )
    )
    for _ in range(3):
        check_next_step(session)
        assert session.record.update_norm == pytest.approx(1e12, rel=1e-5)
