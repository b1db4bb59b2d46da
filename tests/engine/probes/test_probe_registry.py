"""What all probes promise: the run doesn't notice, results travel without torch, any can be cancelled."""

import contextlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from probe_reference import probe
from runs import DIGITS, RAMP, bits, preset

from gradstep.engine import Session, UserError
from gradstep.engine.probes.registry import PROBES, ProbeCancelledError, options_of, run, unmet
from gradstep.engine.probes.subject import Subject
from gradstep.engine.worker.teller import describe

CLASSES = preset(
    DIGITS, (4, 10), "relu", loss="cross_entropy", rule="adam", learning_rate=1e-3, batch=7, clip_norm=1.0
)
IDENTITY = preset(
    {**RAMP, "target": "input"}, (6, 6), "leaky_relu", rule="rmsprop_keras2", learning_rate=1e-3, batch=5
)
LINE = preset(rule="momentum", learning_rate=0.05)
COPY = preset({**RAMP, "target": "input"}, (6,), rule="gradient_descent", learning_rate=0.05)
SEARCH = preset(rule={"name": "line_search", "search": "backtracking", "direction": "heavy_ball"})
SEARCHED = pytest.mark.parametrize("settings", [CLASSES, IDENTITY, LINE, SEARCH])


def subject_of(session):
    return Subject.of(session.trainer, session.dataset)


def options(name):
    return {"step": {"full": True}, "layers": {"whole": True, "ranks": True}, "surface": {"points": 5}}.get(
        name, {}
    )


def possible(session):
    return [name for name in PROBES if unmet(name, subject_of(session)) is None]


@SEARCHED
def test_the_run_is_the_same_with_and_without_probes(settings):
    looked, alone = Session(settings), Session(settings)
    generator, numpys = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    for _ in range(3):
        before, gradient = looked.state_hash(), looked.trainer.model.gradient.clone()
        for name in possible(looked):
            run(name, subject_of(looked), **options(name))
            assert looked.state_hash() == before, name
            assert torch.equal(looked.trainer.model.gradient, gradient), name
        looked.step()
        alone.step()
        assert looked.state_hash() == alone.state_hash()
    assert np.array_equal(bits(looked.history), bits(alone.history))
    assert torch.equal(torch.random.get_rng_state(), generator)
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)


@SEARCHED
def test_a_subject_does_not_change_while_the_run_goes_on(settings):
    session = Session(settings)
    subject = subject_of(session)
    first = run("step", subject)
    session.burst(4)
    assert run("step", subject) == first


@SEARCHED
def test_progress_rises_to_the_end_and_any_call_can_cancel(settings):
    session = Session(settings)
    for name in possible(session):
        told = []

        def tell(share, told=told):
            told.append(share)
            return True

        run(name, subject_of(session), tell, **options(name))
        assert told, name
        assert told == sorted(told), name
        assert all(0 <= share <= 1 for share in told), name
        for last in {1, len(told) // 2 + 1, len(told)}:
            calls = iter(range(1, last))
            with pytest.raises(ProbeCancelledError):
                run(
                    name,
                    subject_of(session),
                    lambda _share, calls=calls: next(calls, None) is not None,
                    **options(name),
                )
    assert issubclass(ProbeCancelledError, UserError)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "settings", [CLASSES, IDENTITY, LINE, COPY], ids=["classes", "identity", "line", "copy"]
)
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e200])
def test_a_run_that_diverged_can_be_looked_at(settings, wrong):
    """A result, or why there is none: no other error, and no warning, which a terminal would show."""
    session = Session(settings)
    with torch.no_grad():
        session.trainer.model.vector.fill_(wrong)
    session.step()
    assert session.diverged
    for name in possible(session):
        with contextlib.suppress(UserError):
            run(name, subject_of(session), **options(name))
    assert probe(session, "step").verdict == "not finite"


def test_results_are_unpickled_without_torch(tmp_path):
    session = Session(CLASSES)
    results = [run(name, subject_of(session), **options(name)) for name in possible(session)]
    session = Session(preset({**RAMP, "target": "input"}, (6,)))
    results += [run(name, subject_of(session)) for name in ("spectrum", "function")]
    file = tmp_path / "results"
    file.write_bytes(pickle.dumps(results))
    code = (
        "import pickle, sys, gradstep.engine.probes.registry\n"
        "from pathlib import Path\n"
        f"found = pickle.loads(Path({str(file)!r}).read_bytes())\n"
        "assert 'torch' not in sys.modules\n"
        "print(*(type(result).__name__ for result in found))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(out.split()) == {f"{name.capitalize()}Result" for name in PROBES}


def test_bad_requests_are_user_errors():
    session = Session(LINE)
    for name, given, text in [
        ("nonsense", {}, "there are: step"),
        ("flips", {}, "needs targets that are labels"),
        ("step", {"colour": 1}, "unknown option 'colour'; allowed: previous, full"),
        ("curvature", {"k": 0}, "allowed: 1"),
        ("curvature", {"data": "some"}, "allowed: 'batch', 'all'"),
        ("line", {"points": 1}, "3 … 1000 points"),
        ("samples", {"chosen": [24]}, "there are 0 to 23"),
        ("samples", {"part": "validation"}, "no validation set"),
        ("surface", {"pick": (0, 0)}, "needs two of"),
        ("surface", {"directions": (np.ones(7), 2 * np.ones(7))}, "two directions are one"),
        ("surface", {"directions": (np.ones(3), np.ones(3))}, "there are 7 parameters"),
        ("step", {"previous": np.ones(3)}, "there are 7 parameters"),
    ]:
        with pytest.raises(UserError, match=text):
            probe(session, name, **given)


def test_each_probe_takes_what_it_is_declared_to_want():
    wanted = {name: found.wants.option for name, found in PROBES.items() if found.wants is not None}
    assert wanted == {"step": "previous", "flips": "before", "surface": "path"}
    assert all(option in options_of(name) for name, option in wanted.items())


def test_the_options_given_are_left_as_they_are():
    session = Session(LINE)
    session.burst(2)
    given = {"full": True}
    subject, found = session.prepare_probe("step", given)
    assert given == {"full": True}
    assert set(found) == {"full", "previous"}
    assert subject.position == 2
    assert session.prepare_probe("step", {"previous": None})[1] == {"previous": None}


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (CLASSES, {"spectrum", "function"}),
        (IDENTITY, {"spectrum", "flips"}),
        (LINE, {"flips", "function"}),
        (COPY, {"flips"}),
    ],
    ids=["classes", "identity", "line", "copy"],
)
def test_a_run_tells_which_probes_apply(settings, missing):
    told = describe(Session(settings)).available
    assert told.keys() == PROBES.keys()
    assert {name for name, reason in told.items() if reason is not None} == missing


def test_costs_are_declared():
    assert PROBES["step"].cost_of({}) == "cheap"
    assert PROBES["step"].cost_of({"full": True}) == "dear"
    assert all(found.function for found in PROBES.values())
