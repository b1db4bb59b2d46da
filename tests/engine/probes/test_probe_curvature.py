"""The Hessian's eigenvalues against central differences of NumPy's gradients, and the stability thresholds
against what the rules do on a parabola."""

import numpy as np
import pytest
from probe_reference import hessian, probe
from runs import DIGITS, RAMP, preset

from gradstep.engine import Session, load_preset
from gradstep.engine.probes.budget import QUICK, affordable
from gradstep.engine.probes.subject import Limits

LANCZOS = Limits(dense_hessian=0)
LIMITS = {"dense": Limits(), "lanczos": LANCZOS}
SETTINGS = {"layers": (5, 3, 1), "activation": "tanh", "learning_rate": 0.02}


@pytest.mark.parametrize("method", ["dense", "lanczos"])
@pytest.mark.parametrize("loss", ["mse", "half_mse"])
def test_extreme_eigenvalues(method, loss):
    session = Session(preset(**SETTINGS, loss=loss))
    session.burst(20)
    values = np.linalg.eigvalsh(hessian(session))
    result = probe(session, "curvature", limits=LIMITS[method], k=3)
    assert result.method == method
    assert result.converged
    np.testing.assert_allclose(result.largest, values[::-1][:3], rtol=1e-5, atol=1e-5 * values[-1])
    assert result.sharpness == result.largest[0]
    assert result.smallest == pytest.approx(values[0], abs=1e-5 * values[-1])
    assert values[0] < 0, "a saddle, so that λmin is told from the smallest |λ|"


def test_the_largest_is_not_the_largest_in_size():
    """A net whose Hessian has a greater negative than positive eigenvalue: LM would report the former."""
    for seed in range(40):
        session = Session(
            preset(
                {"name": "ramp", "samples": 6, "length": 3, "scale": "unit"},
                (4, 1),
                "tanh",
                {"name": "normal", "mean": -1.0, "std": 1.0},
                seed=seed,
            )
        )
        values = np.linalg.eigvalsh(hessian(session))
        if -values[0] > values[-1]:
            break
    assert -values[0] > values[-1]
    result = probe(session, "curvature", limits=LANCZOS)
    assert result.sharpness == pytest.approx(values[-1], rel=1e-4)
    assert result.smallest == pytest.approx(values[0], rel=1e-4)


ONE_LAYER = {
    "relu": {"activation": "relu"},
    "tanh": {"activation": "tanh", "rule": "adam"},
    "dead": {"activation": "relu", "initialiser": {"name": "constant", "value": -1.0}},
}


@pytest.mark.parametrize("kind", ONE_LAYER)
@pytest.mark.parametrize("k", [1, 6])
def test_one_layer(kind, k):
    """Its Hessian has a block an output, with eigenvalues near each other's: each number found is one of
    them, the first the largest. Against the whole matrix, made densely."""
    data = {"name": "ramp", "samples": 30, "length": 12, "scale": "unit", "target": "input"}
    session = Session(preset(data, (12,), **ONE_LAYER[kind]))
    session.burst(3)
    dense = probe(session, "curvature", k=50)
    result = probe(session, "curvature", limits=LANCZOS, k=k)
    assert (dense.method, result.method, result.converged) == ("dense", "lanczos", True)
    assert abs(result.sharpness - dense.sharpness) <= result.resolution
    assert abs(result.smallest - dense.smallest) <= result.resolution
    assert result.measured == pytest.approx(dense.measured, rel=2e-3)
    assert result.resolution <= 2.1e-3 * dense.sharpness
    away = np.abs(result.largest[:, None] - dense.largest).min(1)
    assert (away <= result.resolution).all()


def test_both_ends_are_as_near_as_is_said():
    """Against the eigenvalues of a matrix that NumPy makes of its own gradients."""
    session = Session(preset({**RAMP, "samples": 60, "length": 20}, (6, 4, 1), "sigmoid", seed=3))
    values = np.linalg.eigvalsh(hessian(session))
    for tolerance in (1e-1, 1e-2, 1e-3, 1e-6):
        result = probe(session, "curvature", limits=LANCZOS, k=5, tolerance=tolerance)
        assert result.converged
        assert result.resolution <= 2.1 * tolerance * values[-1]
        np.testing.assert_allclose(result.largest, values[::-1][:5], atol=result.resolution + 1e-9)
        assert result.smallest == pytest.approx(values[0], abs=result.resolution + 1e-9)


def test_what_is_not_found_is_said():
    limits = Limits(dense_hessian=0, restarts=1)
    result = probe(Session(preset(**SETTINGS)), "curvature", limits=limits, tolerance=1e-15)
    assert not result.converged
    assert np.isnan([result.sharpness, result.smallest, result.ratio]).all()
    assert result.words == "λmax was not found: ARPACK gave up"


def test_batch_samples_and_chunks():
    settings = preset(
        {**DIGITS, "samples": 40, "validation": 0},
        (4, 10),
        "sigmoid",
        loss="cross_entropy",
        batch=6,
        shuffle=False,
    )
    whole, batch, first = (
        probe(Session(settings), "curvature", **options)
        for options in ({}, {"data": "batch"}, {"samples": 6})
    )
    assert (whole.samples, batch.samples, first.samples) == (40, 6, 6)
    assert batch.sharpness == pytest.approx(first.sharpness)
    for kept in (0, 10**9):
        chunked = probe(Session(settings), "curvature", limits=Limits(chunk_work=0, kept_bytes=kept))
        assert chunked.sharpness == pytest.approx(whole.sharpness, rel=1e-6)
        assert chunked.smallest == pytest.approx(whole.smallest, rel=1e-4)


def test_equal_results_from_equal_states():
    results = [probe(Session(preset(DIGITS, (4, 10), "tanh", loss="mse")), "curvature") for _ in range(2)]
    assert results[0].sharpness == results[1].sharpness
    assert results[0].smallest == results[1].smallest


# the parabola of one linear layer: below its threshold a rule converges, above it diverges
@pytest.mark.parametrize("rule", ["gradient_descent", "momentum", "nesterov"])
@pytest.mark.parametrize("factor", [0.97, 1.03])
def test_thresholds_are_where_the_rule_begins_to_diverge(rule, factor):
    settings = preset(rule=rule, learning_rate=1.0)
    at_one = probe(Session(settings), "curvature")
    session = Session(preset(rule=rule, learning_rate=factor * at_one.threshold / at_one.sharpness))
    assert probe(session, "curvature").ratio == pytest.approx(factor)
    session.burst(1500)
    assert (session.record.loss > 1e3) == (factor > 1)


@pytest.mark.parametrize("rule", ["rmsprop_keras2", "rmsprop_keras3", "adam"])
@pytest.mark.parametrize("method", ["dense", "lanczos"])
def test_preconditioned(rule, method):
    """P written out from the gradients that the run went through; eigenvalues of P⁻¹H as they are."""
    session = Session(preset(**SETTINGS, rule=rule))
    v = 0.0
    beta2 = 0.999 if rule == "adam" else 0.9
    for t in range(1, 6):
        v = beta2 * v + (1 - beta2) * session.trainer.model.gradient.numpy() ** 2
        if t < 5:
            session.step()
    preconditioner = {
        "rmsprop_keras2": lambda: np.sqrt(v) + 1e-7,
        "rmsprop_keras3": lambda: np.sqrt(v + 1e-7),
        "adam": lambda: (1 - 0.9**5) * (np.sqrt(v / (1 - beta2**5)) + 1e-8),
    }[rule]()
    expected = np.linalg.eigvals(hessian(session) / preconditioner[:, None]).real.max()
    result = probe(session, "curvature", limits=LIMITS[method])
    assert result.measure == "λmax(P⁻¹H)"
    assert result.measured == pytest.approx(expected, rel=1e-4)
    # Cohen et al. 2022: 38/η for Adam at β₁ = 0.9
    assert result.threshold == pytest.approx((38 if rule == "adam" else 2) / 0.02)
    assert result.ratio == pytest.approx(result.measured / result.threshold)


def test_a_line_search_has_no_threshold():
    result = probe(Session(preset(rule={"name": "line_search"})), "curvature")
    assert (result.threshold, result.ratio) == (None, None)
    assert result.sharpness > 0


def test_a_net_with_few_parameters_has_no_more_eigenvalues():
    session = Session(load_preset("exam-two-points"))
    count = len(session.trainer.model.vector)
    assert count < 50
    assert len(probe(session, "curvature", k=50).largest) == count


def test_a_budget_affords_fewer_samples_of_a_larger_net():
    """The Curvature tab's numbers: 5,000 samples, 4e8 multiplications, and at least 200 samples."""
    assert affordable(QUICK, 50_890) == 5000
    assert affordable(QUICK, 186_101) == 2149
    assert affordable(QUICK, 2_461_760) == 200
    assert affordable(QUICK, 50_890, samples=300) == 300


def test_a_budget_that_leaves_out_samples_takes_the_first_ones_and_is_less_exact():
    session = Session(preset({**RAMP, "samples": 300}, **SETTINGS))
    session.burst(5)
    part = probe(session, "curvature", limits=LANCZOS, budget=0.0)
    same = probe(session, "curvature", limits=LANCZOS, samples=200, tolerance=1e-2)
    assert (part.samples, part.sharpness, part.resolution) == (200, same.sharpness, same.resolution)
    whole, enough = (probe(session, "curvature", limits=LANCZOS, budget=budget) for budget in (None, QUICK))
    assert (whole.samples, enough.samples) == (300, 300)
    assert (whole.sharpness, whole.resolution) == (enough.sharpness, enough.resolution)
    assert whole.resolution < part.resolution


def test_the_quantity_and_a_script_look_at_all_samples():
    session = Session(preset({**RAMP, "samples": 300}, **SETTINGS, rule="gradient_descent"))
    session.measure("sharpness")
    found = session.probe("curvature", smallest=False)
    assert found.samples == 300
    assert session.history["sharpness"][0] == found.measured
