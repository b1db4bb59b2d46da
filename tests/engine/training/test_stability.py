"""The border of stability that a sweep's map has, against the formula and NumPy on the quadratic itself."""

from contextlib import closing

import numpy as np
import pytest
from sweep_runs import done

from gradstep.engine import load_preset
from gradstep.engine.config.sweep import make_axis
from gradstep.engine.data import load as data
from gradstep.engine.runs.local_workers import LocalWorkers
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.training.rules.stability import heavy_ball, nesterov


@pytest.fixture(scope="module")
def largest_curvature():
    """λmax of mean((Xw + b − y)²), by the singular values of [X, 1]."""
    preset = load_preset("linear-stability")
    inputs = data.load(preset.data, "float64").train_inputs
    matrix = np.column_stack([inputs, np.ones(len(inputs))])
    return 2 * np.linalg.svd(matrix, compute_uv=False)[0] ** 2 / len(matrix)


@pytest.mark.parametrize(("rule", "product"), [("momentum", heavy_ball), ("nesterov", nesterov)])
def test_runs_below_it_settle_and_runs_beyond_it_diverge(largest_curvature, rule, product):
    """2(1+β)/λ and (2+2β)/((1+2β)λ), five percent to either side of them."""
    preset = load_preset("linear-stability", [f"train.rule.name={rule}"])
    betas = [0.0, 0.5, 0.9]
    borders = {beta: product(beta) / largest_curvature for beta in betas}
    rates = [side * border for border in borders.values() for side in (0.95, 1.05)]
    axes = [make_axis("train.rule.momentum", betas), make_axis("train.rule.learning_rate", rates)]
    plan = make_plan(preset, axes)
    for point, result in done(plan).items():
        changes = plan.changes(point)
        beyond = changes["train.rule.learning_rate"] > borders[changes["train.rule.momentum"]]
        assert result.ending == ("condition" if beyond else "done"), changes


def test_the_curvature_that_the_map_uses(largest_curvature):
    with closing(LocalWorkers(1, 1)) as workers:
        found = workers.sharpness(load_preset("linear-stability"), None).result()
    assert found == pytest.approx(largest_curvature, rel=1e-9)
