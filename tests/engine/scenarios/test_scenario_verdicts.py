"""Every preset's claims have the verdicts that the presets expect and that presets/README.md shows.

The expected verdicts were measured with `gradstep check`; the numbers behind them are tested against
hand calculations in test_scenario_numbers.py and against FACTS.md in tests/engine/test_presets.py.
"""

import pytest
from presets_page import claims

from gradstep.engine import load_preset
from gradstep.engine.config.files import preset_names
from gradstep.engine.runs.check import check

QUICK = 500
"""The steps of `gradstep check`'s quick set."""
NEED_NOTHING = [
    "exam-away-from-saddle",
    "exam-ce-a",
    "exam-ce-b",
    "exam-saddle",
    "exam-softmax-ce-a",
    "exam-softmax-ce-b",
    "exam-two-points",
    "identity-bounded-error",
    "identity-dead-relu",
    "identity-dying-relu",
    "identity-interval",
    "identity-shifted",
    "identity-sigmoid-output",
    "identity-tanh-output",
    "linear-1-layer",
    "linear-1-layer-diverges",
    "linear-1-layer-float32",
    "linear-4-layer-diverges",
    "linear-conjugate-gradients",
    "linear-gradient-backtracking",
    "linear-gradient-exact",
    "linear-gradient-exact-random",
    "linear-lbfgs",
    "linear-minimum-norm",
    "linear-momentum-backtracking",
    "linear-momentum-exact",
    "linear-newton",
    "linear-solution",
]
FEW_IMAGES = [
    "exam-single-example",
    "exam-stochastic",
    "exam-tiny-learning-rate",
    "identity-descent-raw",
    "identity-descent-scaled",
    "identity-swapped-middle",
]
LONG = [name for name in preset_names() if name not in NEED_NOTHING + FEW_IMAGES]


def assert_as_expected(name):
    verdicts = check(load_preset(name))
    assert verdicts
    wrong = [(v.claim.says, v.text, v.claim.expect, v.values) for v in verdicts if not v.expected]
    assert not wrong
    assert [verdict.outcome for verdict in verdicts] == [row["verdict"] for row in claims(name)]


@pytest.mark.parametrize("name", NEED_NOTHING)
def test_verdicts_without_any_images(name):
    assert load_preset(name).data.name in ("ramp", "points", "interval")
    assert_as_expected(name)


@pytest.mark.mnist
@pytest.mark.parametrize("name", FEW_IMAGES)
def test_verdicts_on_a_few_images(name):
    assert_as_expected(name)


@pytest.mark.mnist
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", LONG)
def test_verdicts_on_many_images(name):
    assert_as_expected(name)


@pytest.mark.parametrize("name", preset_names())
def test_every_scenario_is_judged_and_says_by_whom(name):
    preset = load_preset(name)
    assert preset.claim or preset.sweep
    for claim in preset.claim:
        assert any(thread in claim.source for thread in ("identity", "linear", "exam", "derived"))
        if preset.run.steps is not None and preset.run.steps <= QUICK:
            assert claim.expect
        if claim.at is not None and preset.run.steps is not None:
            assert claim.at <= preset.run.steps
        if claim.within is not None and preset.run.steps is not None:
            assert claim.within <= preset.run.steps
