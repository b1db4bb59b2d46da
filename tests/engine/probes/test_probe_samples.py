"""Samples and flips, counted in NumPy and against the records."""

import numpy as np
import numpy_reference as reference
import pytest
from probe_reference import layers_of, probe
from runs import DIGITS, RAMP, flat_parameters, preset

from gradstep.engine import Session
from gradstep.engine.probes.subject import Limits

CLASSES = {**DIGITS, "samples": 60}


def outputs(session, inputs=None, flat=None):
    inputs = session.dataset.train_inputs if inputs is None else inputs
    return reference.forward(layers_of(session, flat), inputs)[-1][1]


@pytest.mark.parametrize("loss", ["mse", "half_mse", "cross_entropy", "exam_cross_entropy"])
@pytest.mark.parametrize("chunk", [0, 1e9])
def test_classes(loss, chunk):
    session = Session(preset(CLASSES, (8, 10), "tanh", loss=loss, learning_rate=0.1))
    session.burst(5)
    result = probe(session, "samples", limits=Limits(chunk_work=chunk), chosen=(3, 50), worst=5)
    out, labels = outputs(session), session.dataset.train_targets
    assert result.losses.mean() == pytest.approx(session.record.loss, rel=1e-12)
    assert result.mistakes == session.record.mistakes == np.sum(out.argmax(1) != labels)
    assert [row.number for row in result.worst] == np.argsort(-result.losses)[:5].tolist()
    assert [row.number for row in result.chosen] == [3, 50]
    shown = out if "mse" in loss else reference.softmax(out)
    assert result.probabilities == ("mse" not in loss)
    formula = {
        "mse": reference.on_one_hot(reference.mse),
        "half_mse": reference.on_one_hot(reference.half_mse),
        "cross_entropy": reference.cross_entropy,
        "exam_cross_entropy": reference.binary_cross_entropy,
    }[loss]
    for row in (*result.chosen, *result.worst):
        i = row.number
        np.testing.assert_allclose(row.output, shown[i], rtol=1e-10)
        np.testing.assert_array_equal(row.input, session.dataset.train_inputs[i])
        assert (row.target, row.predicted) == (labels[i], out[i].argmax())
        assert row.right == (row.target == row.predicted)
        assert row.loss == pytest.approx(formula(out[i : i + 1], labels[i : i + 1])[0])
        assert row.loss == pytest.approx(result.losses[i])
        np.testing.assert_allclose(row.difference, shown[i] - np.eye(10)[labels[i]])
    assert result.image_shape == (28, 28)


def test_validation_samples():
    session = Session(preset(DIGITS, (10,), loss="cross_entropy"))
    session.burst(10)  # validated there
    result = probe(session, "samples", part="validation")
    assert (result.part, result.samples) == ("validation", 12)
    assert result.losses.mean() == pytest.approx(session.record.val_loss)


def test_identity():
    session = Session(preset({**DIGITS, "target": "input"}, (784,), "relu", "identity"))
    session.step()
    result = probe(session, "samples", worst=3)
    out, x = outputs(session), session.dataset.train_inputs
    np.testing.assert_allclose(result.losses, ((out - x) ** 2).mean(1), rtol=1e-9, atol=1e-30)
    assert result.kind == "identity"
    for row in result.worst:
        np.testing.assert_allclose(row.difference, out[row.number] - x[row.number], atol=1e-14)
        assert row.max_error == pytest.approx(np.abs(out - x)[row.number].max())


def test_ramp():
    session = Session(preset(RAMP))
    result = probe(session, "samples", worst=2)
    assert result.kind == "index"
    np.testing.assert_allclose(result.predictions, outputs(session)[:, 0])
    np.testing.assert_array_equal(result.targets, np.arange(24))
    assert result.mistakes == session.record.mistakes
    assert result.worst[0].number == int(np.argmax(np.abs(result.predictions - result.targets)))


def test_flips_between_two_states():
    session = Session(preset(CLASSES, (10,), loss="cross_entropy", learning_rate=1.5))
    states, mistakes = [], []
    for _ in range(8):
        states.append(flat_parameters(session))
        mistakes.append(session.record.mistakes)
        proposed = probe(session, "flips")
        session.step()
        assert (proposed.mistakes_before, proposed.mistakes_after) == (mistakes[-1], session.record.mistakes)
    labels = session.dataset.train_targets
    seen = 0
    for before, after in ((0, 1), (1, 6), (6, 2)):
        result = probe(session, "flips", before=states[before], after=states[after])
        first, second = (outputs(session, flat=states[k]) for k in (before, after))
        was, now = (out.argmax(1) == labels for out in (first, second))
        assert [flip.number for flip in result.right] == np.flatnonzero(~was & now).tolist()
        assert [flip.number for flip in result.wrong] == np.flatnonzero(was & ~now).tolist()
        assert (result.became_right, result.became_wrong) == (len(result.right), len(result.wrong))
        assert (result.mistakes_before, result.mistakes_after) == (mistakes[before], mistakes[after])
        moved = ~was & ~now & (first.argmax(1) != second.argmax(1))
        assert result.changed_wrong == moved.sum()
        for flip in (*result.right, *result.wrong):
            np.testing.assert_allclose(flip.before, reference.softmax(first)[flip.number])
            np.testing.assert_allclose(flip.after, reference.softmax(second)[flip.number])
            assert flip.label == labels[flip.number]
            assert flip.predicted_after == second[flip.number].argmax()
            seen += 1
    assert seen
    present = probe(session, "flips", before=states[0], limit=1)
    assert present.mistakes_after == session.record.mistakes
    assert len(present.right) <= 1 <= present.became_right
