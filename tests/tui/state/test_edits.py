"""Pending edits of a run's settings."""

import pytest

from gradstep.engine.config.changes import changed
from gradstep.engine.config.files import load_preset
from gradstep.tui.state import edits as module
from gradstep.tui.state.edits import Edits


@pytest.fixture
def edits():
    return Edits(load_preset("linear-1-layer"))


@pytest.fixture
def validations(monkeypatch):
    """The changes of each validation so far."""
    seen = []

    def counted(preset, changes):
        seen.append(dict(changes))
        return changed(preset, changes)

    monkeypatch.setattr(module, "changed", counted)
    return seen


def test_an_edit_is_validated_once(edits, validations):
    assert edits.propose("train.seed", 7) == ""
    assert validations == [{"train.seed": 7}]
    assert edits.result == changed(edits.preset, {"train.seed": 7})
    assert edits.pending() == {"train.seed": (0, 7)}


def test_a_live_edit_is_validated_beside_waiting_ones(edits, validations):
    edits.propose("train.seed", 7)
    assert edits.propose("train.rule.learning_rate", 1e-12) == ""
    assert edits.result == changed(edits.preset, {"train.rule.learning_rate": 1e-12, "train.seed": 7})


def test_an_edit_back_to_the_value_in_effect_is_none(edits):
    edits.propose("train.seed", 7)
    assert edits.propose("train.seed", 0) == ""
    assert not edits
    assert edits.result == edits.preset


def test_a_bad_value_changes_nothing(edits):
    edits.propose("train.seed", 7)
    before = edits.result
    assert "given -1" in edits.propose("train.seed", -1)
    assert (edits.waiting, edits.result) == ({"train.seed": 7}, before)


def test_an_edited_rule_drops_the_edits_of_the_old_one(edits):
    edits.propose("train.rule.learning_rate", 1e-12)
    assert edits.propose("train.rule.name", "adam") == ""
    assert list(edits.pending()) == ["train.rule.name"]
    assert edits.result.train.rule.name == "adam"
