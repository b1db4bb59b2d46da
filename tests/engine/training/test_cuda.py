"""Runs on a GPU, where there is one; and the CUDA graphs' bookkeeping with a stand-in for CUDA where not."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from runs import DIGITS, bits, preset

from gradstep.engine import Session
from gradstep.engine.training.cuda_graph import GraphedPass

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")

CLASSES = {"data": DIGITS, "layers": ({"units": 5, "activation": "relu"}, 10)}
RUNS = {
    "whole batch": {"loss": "cross_entropy", **CLASSES},
    "binary": {"loss": "exam_cross_entropy", **CLASSES},
    "shuffled": {"batch": 8, "loss": "mse", "rule": {"name": "rmsprop_keras2"}, **CLASSES},
    "in order": {"batch": 8, "shuffle": False, "rule": {"name": "adam"}, "clip_norm": 0.1, **CLASSES},
    "identity": {"data": {**DIGITS, "target": "input"}, "layers": (784,), "batch": 8, "dtype": "float32"},
}
"""30 samples: with batches of 8, the last of an epoch has 6."""


class StandIn:
    """What is used of `torch.cuda`. A capture notes the call that is made in it, and a replay makes it."""

    def __init__(self):
        self.capturing = None
        self.captured = []

    def Stream(self):  # noqa: N802
        return SimpleNamespace(wait_stream=lambda _other: None)

    current_stream = Stream

    @contextmanager
    def stream(self, _stream):
        yield

    def CUDAGraph(self):  # noqa: N802
        return SimpleNamespace(calls=[], replay=lambda: None)

    @contextmanager
    def graph(self, graph, capture_error_mode):
        assert capture_error_mode == "thread_local"
        self.capturing = graph
        yield
        self.capturing = None
        [call] = graph.calls
        graph.replay = call
        self.captured.append(graph)

    def noting(self, run):
        """A function that does not run while it is captured."""

        def call(*batch):
            if self.capturing is None:
                run(*batch)
            else:
                self.capturing.calls.append(lambda: run(*batch))

        return call


@pytest.mark.parametrize("name", RUNS)
def test_a_replayed_pass_finds_each_batch_where_it_was_captured(name, monkeypatch):
    """A graph reads the memory that it was captured with: of each size of batch there is one, and whatever
    the batch, it is there."""
    plain, session = Session(preset(**RUNS[name])), Session(preset(**RUNS[name]))
    cuda = StandIn()
    monkeypatch.setattr("gradstep.engine.training.cuda_graph.torch", SimpleNamespace(cuda=cuda))
    trainer = session.trainer
    trainer._measure = GraphedPass(cuda.noting(trainer._pass), trainer.samples.memory)
    for run in (plain, session):
        run.burst(30)
        run.seek(3)
        run.seek(17)
    assert len(cuda.captured) == (2 if "batch" in RUNS[name] else 1)
    assert session.state_hash() == plain.state_hash()
    assert np.array_equal(bits(session.history), bits(plain.history))


@needs_cuda
@pytest.mark.parametrize("name", RUNS)
def test_a_gpu_goes_back_to_the_bit(name):
    session = Session(preset(**RUNS[name], device="cuda"))
    session.burst(200)
    ahead, recorded = session.state_hash(), bits(session.history)
    for position in (17, 3, 150):
        session.seek(position)
        session.seek(200)
        assert session.state_hash() == ahead
    assert np.array_equal(bits(session.history), recorded)
    assert session.timeline.mismatch is None


@needs_cuda
@pytest.mark.parametrize("name", RUNS)
def test_a_gpu_gives_the_processors_numbers(name):
    """To a float32's last digits; the order of a sum is another."""
    one, other = Session(preset(**RUNS[name], device="cuda")), Session(preset(**RUNS[name]))
    one.burst(20)
    other.burst(20)
    for field in ("loss", "grad_norm", "update_norm", "param_norm", "val_loss"):
        np.testing.assert_allclose(one.history[field], other.history[field], rtol=1e-3, err_msg=field)


@needs_cuda
@pytest.mark.parametrize("name", RUNS)
def test_steps_do_not_wait_for_a_gpu(name):
    session = Session(preset(**RUNS[name], device="cuda"))
    session.burst(20)  # every graph is captured, and the epoch's order is there
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            session.trainer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert np.isfinite(session.trainer.evaluate().metrics.loss)
