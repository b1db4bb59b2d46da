"""What a session file of this format has beside that of format 1, and that files of format 1 still open."""

import sqlite3

import numpy as np
import pytest
import safetensors.torch
import torch
from runs import bits, minibatch

from gradstep.engine import Session, UserError
from gradstep.engine.session.file import SessionFile
from gradstep.engine.session.read import read_saved_preset
from gradstep.engine.session.state_bytes import state_from_bytes, state_to_bytes

CLASSES = minibatch()
FIRING = CLASSES.model_validate(
    {
        **CLASSES.model_dump(),
        "network": {"layers": [{"units": 12, "activation": "relu"}, {"units": 10}]},
        "train": {**CLASSES.train.model_dump(), "rule": {"name": "gradient_descent", "learning_rate": 1e-3}},
    }
)


def watched(session):
    session.trainer.evaluate()
    known = session.trainer.watched
    return known.since, {index: last.tolist() for index, last in known.last_fired.items()}


def as_format_1(path):
    """What the version before wrote: states without the units' firing."""
    db = sqlite3.connect(path)
    for branch, position, blob in db.execute("select branch, position, state from keyframes").fetchall():
        tensors = {
            name: tensor
            for name, tensor in safetensors.torch.load(blob).items()
            if name == "parameters" or name == "update_norm" or name.startswith("slot.")
        }
        db.execute(
            "update keyframes set state = ? where branch = ? and position = ?",
            (safetensors.torch.save(tensors), branch, position),
        )
    db.execute("pragma user_version = 1")
    db.commit()
    db.close()


@pytest.fixture
def saved(tmp_path):
    """A run saved at position 20, of which some units are silent."""
    session = Session(FIRING)
    session.burst(20)
    since, last = watched(session)
    assert since == 0
    assert min(last[0]) < 19 <= max(last[0]), "some unit is silent, some is not, else this tests nothing"
    session.save(tmp_path / "run.gradstep")
    session.close()
    return tmp_path / "run.gradstep"


def test_since_when_units_are_silent_is_saved(saved):
    straight = Session(FIRING)
    straight.burst(20)
    again = Session.open(saved)
    for position in (20, 35, 7, 20):
        straight.seek(position)
        again.seek(position)
        assert watched(again) == watched(straight)
    again.close()


def test_a_file_of_format_1_goes_on_and_is_watched_from_there(saved):
    straight = Session(FIRING)
    straight.burst(20)
    as_format_1(saved)
    again = Session.open(saved)
    assert again.notices == []
    assert again.state_hash() == straight.state_hash()
    assert watched(again)[0] == 20
    again.burst(15)
    straight.burst(15)
    since, last = watched(again)
    expected = np.array(watched(straight)[1][0])
    assert since == 20
    np.testing.assert_array_equal(last[0], np.where(expected < 20, -1, expected))
    report = again.probe("layers").layers[0]
    assert report.watched_from == 20
    assert (report.silent_since >= 20).all()
    again.seek(3)  # there is nothing between 0, where this run begins, and here
    straight.seek(3)
    assert watched(again) == watched(straight)
    again.close()
    db = sqlite3.connect(saved)
    assert db.execute("pragma user_version").fetchone() == (SessionFile.version,)
    db.close()


@pytest.mark.parametrize(
    ("fired", "text"),
    [
        (torch.full((12,), 5), "units fired later"),
        (torch.full((12,), -2), "units fired later"),
        (torch.zeros(11, dtype=torch.int64), "not of this network"),
        (torch.zeros(12), "not of this network"),
        (None, "not of this network"),
    ],
)
def test_impossible_last_fired_positions_are_refused(fired, text):
    session = Session(FIRING)
    session.burst(4)
    tensors = safetensors.torch.load(state_to_bytes(session.trainer.snapshot()))
    del tensors["fired.0"]
    if fired is not None:
        tensors["fired.0"] = fired
    with pytest.raises(UserError, match=text):
        state_from_bytes(safetensors.torch.save(tensors), 4, session.trainer)


def test_old_name_of_loss_is_read(tmp_path):
    """Version 0.1 wrote `binary_cross_entropy` for the exam's loss: the same bits under its proper name."""
    straight = Session(minibatch(loss="exam_cross_entropy"))
    straight.burst(20)
    straight.save(tmp_path / "run.gradstep")
    straight.close()
    db = sqlite3.connect(tmp_path / "run.gradstep")
    db.execute("update configs set toml = replace(toml, 'exam_cross_entropy', 'binary_cross_entropy')")
    assert "binary_cross_entropy" in db.execute("select toml from configs").fetchone()[0]
    db.commit()
    db.close()
    assert read_saved_preset(tmp_path / "run.gradstep") == straight.preset
    again = Session.open(tmp_path / "run.gradstep")
    assert again.preset == straight.preset
    assert again.state_hash() == straight.state_hash()
    np.testing.assert_array_equal(bits(again.history), bits(straight.history))
    again.seek(7)
    straight.seek(7)
    assert again.state_hash() == straight.state_hash()
    again.close()
