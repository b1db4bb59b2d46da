"""The numbers that FACTS.md gives for the real MNIST."""

import numpy as np
import pytest
from probe_reference import layers_of, probe
from runs import preset

from gradstep.engine import Session, load_preset

pytestmark = pytest.mark.mnist


def power_iteration(session, products=30):
    """λmax by NumPy: differences of the gradient along v; the top eigenvalue is the largest in size here."""
    import numpy_reference as reference

    inputs = session.dataset.train_inputs.astype(np.float64)
    targets = session.dataset.train_targets

    def gradient(flat):
        layers = layers_of(session, flat)
        passes = reference.forward(layers, inputs)
        return reference.gradients(layers, passes, reference.cross_entropy(passes[-1][1], targets)[1])

    here = np.concatenate([part.ravel() for part in session.parameters().values()]).astype(np.float64)
    v = np.random.default_rng(1).standard_normal(len(here))
    for _ in range(products):
        v /= np.linalg.norm(v)
        product = (gradient(here + 1e-4 * v) - gradient(here - 1e-4 * v)) / 2e-4
        value, v = v @ product, product
    return value


@pytest.mark.timeout(300)
def test_sharpness_at_the_start_of_the_exams_net():
    session = Session(load_preset("exam-full-batch", ["train.threads=1"]))
    result = probe(session, "curvature", smallest=False)
    assert result.sharpness == pytest.approx(2.25, abs=0.01)
    assert result.threshold == pytest.approx(20)
    assert result.converged


@pytest.mark.long
def test_sharpness_against_power_iteration():
    session = Session(load_preset("exam-full-batch"))
    assert probe(session, "curvature").sharpness == pytest.approx(power_iteration(session, 60), rel=5e-3)


def test_the_first_update_of_the_exams_net_makes_mistakes():
    """FACTS.md: 4406 → 4419 at the very first."""
    session = Session(load_preset("exam-full-batch"))
    result = probe(session, "flips")
    assert (result.mistakes_before, result.mistakes_after) == (4406, 4419)
    assert result.became_wrong - result.became_right == 13


def test_sixty_four_hidden_units_are_one():
    session = Session(load_preset("exam-constant-init"))
    session.burst(3)
    hidden = probe(session, "layers").layers[0]
    assert (hidden.units, hidden.distinct) == (64, 1)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scale", ["raw", "unit"])
def test_rank_of_all_of_mnist(scale):
    """FACTS.md: rank 712 of 784, 72 free; condition of the non-zero spectrum of XᵀX 4.7e10; λmax of XᵀX/N
    2.48e6 raw, 38.1 in 0–1."""
    data = {"name": "mnist", "target": "input", "scale": scale}
    session = Session(preset(data, (784,), "relu", dtype="float32", batch=128))
    result = probe(session, "function")
    values = result.data_singular_values
    assert (result.rank, result.free) == (712, 72)
    assert (values[0] / values[711]) ** 2 == pytest.approx(4.7e10, rel=0.02)
    assert values[0] ** 2 / 60_000 == pytest.approx(2.48e6 if scale == "raw" else 38.1, rel=0.005)
