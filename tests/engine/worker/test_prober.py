"""Probes beside the run: cheap ones do not wait for dear ones, and answers say which request they answer."""

import threading

import pytest
from runs import preset

from gradstep.engine import Session, UserError
from gradstep.engine.probes import registry as probes
from gradstep.engine.worker.commands import (
    Probe,
)
from gradstep.engine.worker.events import (
    Probed,
    ProbeFailed,
    Probing,
)
from gradstep.engine.worker.prober import Prober

WHOLE = {"whole": True}


class Bench:
    """A prober whose probes compute until they are let go, and what it has told."""

    def __init__(self, monkeypatch, wait_for):
        self.told = []
        self.begun = []
        self.gates = {}
        self._wait_for = wait_for
        self._session = Session(preset())
        monkeypatch.setattr(probes, "run", self._run)
        self.prober = Prober(self.told.append)

    def _run(self, name, _subject, progress, **options):
        label = options.pop("label")
        gate = self.gates.setdefault(label, threading.Event())
        self.begun.append(label)
        while not gate.wait(0.001):
            if not progress(0.5):
                raise probes.ProbeCancelledError("the probe was cancelled")
        return label

    def ask(self, name, label, **options):
        """A request whose number is its label's length, so that no two of a test are alike."""
        subject, _ = self._session.prepare_probe("layers", {})
        request = Probe(name, {"label": label, **options}, len(label))
        self.prober.ask(request, subject, 3, 0.25)

    def wait_begun(self, *labels):
        self._wait_for(lambda: all(label in self.begun for label in labels))

    def let(self, label):
        self.gates.setdefault(label, threading.Event()).set()

    def ended(self, count):
        def found():
            ends = [event for event in self.told if not isinstance(event, Probing)]
            return len(ends) >= count and ends

        return self._wait_for(found)


@pytest.fixture
def bench(monkeypatch, wait_for):
    made = Bench(monkeypatch, wait_for)
    yield made
    made.prober.cancel_all()
    for gate in made.gates.values():
        gate.set()


def test_result_carries_its_state_and_cost(bench):
    bench.let("a")
    bench.ask("layers", "a")
    (probed,) = bench.ended(1)
    assert isinstance(probed, Probed)
    assert (probed.name, probed.position, probed.branch, probed.result, probed.request) == (
        "layers",
        0,
        3,
        "a",
        1,
    )
    assert probed.seconds >= 0.25  # the copying of the state, as it was told


def test_cheap_probes_do_not_wait_for_expensive_one(bench):
    bench.ask("curvature", "dear")
    bench.wait_begun("dear")
    bench.let("a")
    bench.let("bb")
    bench.ask("step", "a")
    bench.ask("layers", "bb")
    first, second = bench.ended(2)
    assert {first.result, second.result} == {"a", "bb"}
    bench.let("dear")
    assert bench.ended(3)[2].result == "dear"


def test_options_make_a_probe_expensive(bench):
    bench.ask("layers", "whole", **WHOLE)
    bench.wait_begun("whole")
    bench.let("a")
    bench.ask("layers", "a")  # the dear one of the same name goes on
    assert bench.ended(1)[0].result == "a"
    bench.let("whole")
    assert bench.ended(2)[1].result == "whole"


def test_expensive_probes_take_turns(bench):
    bench.ask("curvature", "a")
    bench.wait_begun("a")
    bench.ask("surface", "bb")
    bench.let("a")
    bench.wait_begun("bb")
    assert [event.result for event in bench.ended(1)] == ["a"]
    bench.let("bb")
    bench.ended(2)


def test_newer_request_replaces_older_one(bench):
    bench.ask("curvature", "a")
    bench.wait_begun("a")
    bench.ask("curvature", "bb")
    bench.wait_begun("bb")
    bench.ask("surface", "ccc")
    bench.ask("surface", "dddd")  # "ccc" was still waiting
    failed = bench.ended(2)
    assert all(isinstance(event, ProbeFailed) for event in failed)
    assert {(event.name, event.request) for event in failed} == {("curvature", 1), ("surface", 3)}
    bench.let("bb")
    bench.let("dddd")
    assert [event.result for event in bench.ended(4)[2:]] == ["bb", "dddd"]
    assert "ccc" not in bench.begun


def test_cancelling_one_leaves_the_others(bench):
    bench.ask("curvature", "a")
    bench.wait_begun("a")
    bench.ask("surface", "bb")
    bench.ask("line", "ccc")
    bench.prober.cancel("surface")
    assert bench.ended(1) == [ProbeFailed("surface", "cancelled", 2)]
    bench.prober.cancel("curvature")
    assert bench.ended(2)[1].request == 1
    bench.let("ccc")
    assert bench.ended(3)[2].result == "ccc"
    assert "bb" not in bench.begun


def test_cancelling_all(bench):
    bench.ask("curvature", "a")
    bench.ask("step", "bb")
    bench.wait_begun("a", "bb")
    bench.ask("surface", "ccc")
    bench.prober.cancel_all()
    assert {event.request for event in bench.ended(3)} == {1, 2, 3}
    assert all(isinstance(event, ProbeFailed) for event in bench.ended(3))


def test_a_probe_that_fails_says_why_and_the_next_is_computed(bench, monkeypatch):
    fine = probes.run

    def broken(*given, **options):
        monkeypatch.setattr(probes, "run", fine)
        raise ZeroDivisionError("so")

    monkeypatch.setattr(probes, "run", broken)
    bench.let("bb")
    bench.ask("step", "a")
    (failed,) = bench.ended(1)
    assert (type(failed), failed.name, failed.request) == (ProbeFailed, "step", 1)
    assert failed.text.startswith("gradstep met a fault of its own (ZeroDivisionError); the traceback is in ")
    bench.ask("step", "bb")
    assert bench.ended(2)[1].result == "bb"


def test_an_unknown_probe_is_refused(bench):
    with pytest.raises(UserError, match="unknown probe 'nonsense'"):
        bench.ask("nonsense", "a")
