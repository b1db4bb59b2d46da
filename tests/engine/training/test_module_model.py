"""Trainer and time line with a model that is no dense stack: autograd, buffers, a random generator."""

import numpy as np
import pytest
import torch
from module_model import ModuleModel, TorchMomentum, module_parts
from runs import RAMP, preset

from gradstep.engine.data.load import load
from gradstep.engine.session.state_bytes import state_from_bytes, state_to_bytes
from gradstep.engine.timeline.timeline import Timeline
from gradstep.engine.training.rules.make import make_rule
from gradstep.engine.training.trainer import Trainer

CONFIG = preset(RAMP, learning_rate=1e-3, rule="momentum")
DATASET = load(CONFIG.data, "float64")


def rules():
    return {"proposed": make_rule(CONFIG.train.rule), "in place": TorchMomentum(1e-3)}


def trainer(kind="proposed", clip_norm=None):
    return Trainer(module_parts(DATASET, rules()[kind], clip_norm))


@pytest.fixture(autouse=True)
def generator():
    """These models draw from torch's own generator, as modules do."""
    with torch.random.fork_rng(devices=[]):
        yield


def test_steps_are_those_of_the_bare_loop():
    run = trainer()
    bare = ModuleModel(run.loss)
    optimizer = torch.optim.SGD(bare.module.parameters(), lr=1e-3, momentum=0.9)
    expected = []
    for position in range(20):
        inputs, targets = run.batch(position)
        optimizer.zero_grad()
        loss = ((bare.module(inputs) - targets) ** 2).mean()
        expected.append(loss.item())
        loss.backward()
        optimizer.step()
    torch.set_rng_state(ModuleModel(run.loss).snapshot()["generator"])
    found = []
    for _ in range(20):
        found.append(run.evaluate().metrics.loss)
        run.step()
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("kind", rules())
@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_restored_states_step_on_to_the_bit(kind, clip_norm):
    run = trainer(kind, clip_norm)
    for _ in range(5):
        run.step()
    state = run.snapshot()
    blob = state_to_bytes(state) if kind == "proposed" else None
    assert run.evaluate() is run.evaluate()
    assert run.model.evaluations == 6
    hashes = []
    for _ in range(8):
        run.step()
        hashes.append(run.state_hash())
    states = [state, state_from_bytes(blob, 5, run)] if blob else [state]
    for again in states:
        run.restore(again)
        for digest in hashes:
            run.step()
            assert run.state_hash() == digest


def test_evaluating_changes_neither_hash_nor_snapshot():
    run = trainer()
    run.step()
    before, saved = run.state_hash(), state_to_bytes(run.snapshot())
    run.evaluate()
    assert (run.state_hash(), state_to_bytes(run.snapshot())) == (before, saved)
    run.model.module[1].running_mean += 1.0
    run.restore(run.snapshot())
    assert run.state_hash() == before


def test_hash_covers_buffers():
    one, other = trainer(), trainer()
    torch.set_rng_state(one.model.snapshot()["generator"])
    assert one.state_hash() == other.state_hash()
    other.model.module[1].running_var[2] += 1e-9
    assert one.state_hash() != other.state_hash()


def test_both_kinds_of_rule_give_the_same_parameters():
    found = []
    for kind in rules():
        run = trainer(kind)
        for _ in range(10):
            run.step()
        found.append(run.model.vector)
        assert run.last_update.shape == found[-1].shape
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)


def test_timeline_goes_back_to_the_bit():
    timeline = Timeline(trainer(), CONFIG)
    timeline.start()
    hashes = [timeline.trainer.state_hash()]
    for _ in range(60):
        timeline.advance()
        hashes.append(timeline.trainer.state_hash())
    for position in (59, 17, 3, 0, 60, 41):
        timeline.seek(position)
        assert timeline.trainer.state_hash() == hashes[position]
    timeline.seek(60)
    timeline.advance()
    assert timeline.mismatch is None


def test_outputs_move_nothing():
    run = trainer()
    run.evaluate()
    before = run.model.snapshot()
    run.model.outputs(run.model.parameters, run.samples.inputs)
    assert all(torch.equal(before[name], tensor) for name, tensor in run.model.snapshot().items())
