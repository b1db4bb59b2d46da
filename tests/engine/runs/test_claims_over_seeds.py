"""Claims over seeds: for each of them, and of all together."""

import numpy as np
import pytest
from runs import preset

from gradstep.engine import Session, load_preset
from gradstep.engine.conditions.aggregates import Place, parse_condition_over_seeds, parse_number_of_run
from gradstep.engine.conditions.language import ConditionError
from gradstep.engine.config.changes import changed
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.runs.check import check

SEEDS = 5
INF, NAN = float("inf"), float("nan")
OTHER = 'loss > run("linear-1-layer").loss'
LOG = 'log10(run("linear-1-layer").loss)'
TEXT = "share(loss < {}) > 0.3 and quantile(loss, 1) >= {} and count({}) == {} and median({}) > {}"


@pytest.fixture(scope="module")
def losses():
    """Of each seed, straight: the small run's last loss, and that of the preset it is compared with."""
    found = []
    for seed in range(SEEDS):
        small = Session(changed(preset(seed=seed), {"run.steps": 20}))
        other = Session(changed(load_preset("linear-1-layer"), {"train.seed": seed, "train.threads": 1}))
        small.burst(20)
        other.burst(200)
        found.append((small.record.loss, other.record.loss))
    return np.array(found).T


def claimed(**claim):
    claim = {"says": "x", "seeds": SEEDS, **claim}
    return changed(preset(), {"run.steps": 20, "claim": [claim]})


def test_of_all_seeds_together(losses):
    small, other = losses
    middle = float(np.median(small))
    count = int((small > other).sum())
    half = float(np.median(np.log10(other)))
    text = TEXT.format(middle * 1.001, max(small), OTHER, count, LOG, half - 1e-9)
    (verdict,) = check(claimed(over_seeds=text, measure="loss"))
    assert verdict.outcome == "holds"
    assert verdict.text == "shown over 5 seeds"
    assert [seed.measure for seed in verdict.seeds] == pytest.approx(small.tolist(), rel=1e-12)
    assert dict(verdict.values) == {
        f"share(loss < {middle * 1.001})": 3 / 5,
        "quantile(loss, 1)": max(small),
        f"count({OTHER})": count,
        f"median({LOG})": pytest.approx(half),
    }
    (verdict,) = check(claimed(over_seeds=f"median(loss) < {middle}"))
    assert verdict.outcome == "refuted"


def test_of_each_seed(losses):
    small, _ = losses
    middle = float(np.median(small))
    (verdict,) = check(claimed(condition=f"loss <= {middle}"))
    assert [seed.held for seed in verdict.seeds] == (small <= middle).tolist()
    assert (verdict.outcome, verdict.text) == ("refuted", "refuted: holds for 3 of 5 seeds")


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ({"over_seeds": "loss > 1"}, "only inside of share, count"),
        ({"over_seeds": "share(loss > 1)"}, "compare it"),
        ({"over_seeds": "share(los > 1) > 0"}, "did you mean 'loss'"),
        ({"over_seeds": "quantile(loss, 2) > 0"}, "a share from 0 to 1"),
        ({"over_seeds": "median(loss > 1) > 0"}, "a number"),
        ({"over_seeds": "share(loss > 1) > 0", "seeds": None, "always": "loss > 0"}, "belongs to 'seeds'"),
        ({}, "'condition' belongs to 'at' or 'seeds'"),
    ],
)
def test_bad_claims_are_refused(claim, says):
    with pytest.raises(ConfigError, match=says):
        claimed(**claim)


def test_numbers_over_the_steps_of_a_run():
    """Against NumPy, on the records of a run."""
    session = Session(preset())
    session.burst(30)
    loss = session.history["loss"]
    places = [Place(session.history, position) for position in range(31)]
    expected = {
        "share(loss < prev.loss)": (np.diff(loss) < 0).mean(),
        "count(loss < 10) + 1": (loss < 10).sum() + 1,
        "first(loss < 10)": np.flatnonzero(loss < 10)[0],
        "median(log10(loss))": np.median(np.log10(loss)),
        "quantile(loss, 0.9) / loss": np.quantile(loss, 0.9) / loss[-1],
        "max(quantile(loss, 0), 3)": max(loss.min(), 3),
    }
    for text, value in expected.items():
        assert parse_number_of_run(text).value(places) == pytest.approx(value, rel=1e-12), text
    twice = parse_number_of_run("median(loss) / median( loss ) + 1")
    assert (len(twice.parts), twice.value(places)) == (1, 2.0)
    twice = parse_number_of_run("median(loss) - median(loss)")
    assert (len(twice.parts), twice.value(places)) == (1, 0.0)
    assert parse_number_of_run("first(loss < 0)").value(places) is None
    assert parse_number_of_run("median(val_loss)").value(places) is None
    with pytest.raises(ConditionError, match="did you mean 'median'"):
        parse_number_of_run("meidan(loss)")
    assert parse_condition_over_seeds("share(loss > 0) == 1").value(places) == 1.0


@pytest.mark.parametrize(
    ("text", "losses", "expected"),
    [
        ("median(loss)", [3.0, 1.0, 2.0, INF, INF], 3.0),
        ("median(loss)", [1.0, INF, INF, INF, INF], INF),
        ("median(loss)", [1.0, 2.0, INF, INF], INF),
        ("quantile(loss, 0)", [1.0, INF], 1.0),
        ("quantile(loss, 1)", [1.0, 2.0], 2.0),
        ("quantile(loss, 0.25)", [1.0, 2.0, 3.0, 4.0], 1.75),
        ("median(loss)", [1.0, 2.0, NAN], NAN),
    ],
)
def test_runs_that_diverge_are_farthest_away(text, losses, expected):
    """By hand: what lies in the middle is a number where more than half are, whatever the others are."""
    summary = parse_number_of_run(text)
    assert summary.aggregates[0].over(losses) == pytest.approx(expected, nan_ok=True)
