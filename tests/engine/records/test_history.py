"""Records in columns: what is put in comes out, nulls and computed NaN apart, and what it costs."""

import gc
import itertools
import json
import math
import struct
import tracemalloc

import numpy as np
import pytest

from gradstep.engine.records.history import History
from gradstep.engine.records.missing import MISSING, is_missing
from gradstep.engine.records.record import COLUMNS, FIELDS, Record

NAMES = [
    *["step", "epoch", "loss", "accuracy", "mistakes", "mape", "max_error", "grad_norm", "update_norm"],
    *["param_norm", "learning_rate", "seconds", "epoch_loss", "val_loss", "val_accuracy", "val_mape"],
]


def row(start=0.0):
    return tuple(start + i for i in range(len(COLUMNS)))


def filled(count, batches=4):
    history = History(batches)
    for position in range(count):
        history.append(row(100.0 * position))
    return history


def test_fields_and_their_order():
    assert list(FIELDS) == NAMES
    assert list(COLUMNS) == NAMES[2:]


def test_record_returns_the_appended_row():
    history = filled(6)
    record = history.record(5)
    assert record.step == 5
    assert record.epoch == 1
    for i, name in enumerate(COLUMNS):
        assert record[name] == getattr(record, name) == 500 + i
    assert isinstance(record.mistakes, int)
    assert isinstance(record.loss, float)
    with pytest.raises(KeyError):
        record["as_json"]


def test_columns():
    history = filled(9)
    assert len(history) == 9
    assert history["step"].tolist() == list(range(9))
    assert history["epoch"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    for i, name in enumerate(COLUMNS):
        expected = [100.0 * position + i for position in range(9)]
        assert history[name].tolist() == expected
        assert history.column(name).tolist() == expected
    with pytest.raises(KeyError):
        history["lost"]


def test_indexing_copies_a_column():
    history = filled(3)
    history["loss"][:] = -1
    history.rows()[:] = -1
    assert history["loss"].tolist() == [0.0, 100.0, 200.0]


def test_records_from_and_to():
    history = filled(7)
    assert [record.step for record in history.records()] == list(range(7))
    assert [record.step for record in history.records(2, 5)] == [2, 3, 4]
    assert history.record(-1) == history.record(6)
    assert history.record(-7) == history.record(0)
    for beyond in (7, -8, 100):
        with pytest.raises(IndexError):
            history.record(beyond)
    with pytest.raises(IndexError):
        History(1).record(0)


def test_rows_and_extend_round_trip():
    history = filled(300)
    for cut in (0, 1, 63, 64, 65, 299, 300):
        other = History(4)
        other.extend(history.rows(0, cut))
        assert len(other) == cut
        other.extend(history.rows(cut))
        assert other.rows().tobytes() == history.rows().tobytes()
    assert history.rows(10, 12).shape == (2, len(COLUMNS))
    assert history.rows(300).shape == (0, len(COLUMNS))
    assert history.rows(290, 900).shape == (10, len(COLUMNS))


def test_extend_then_append():
    history = History(1)
    history.extend(np.array([row(), row(100.0)]))
    history.append(row(200.0))
    assert history["loss"].tolist() == [0.0, 100.0, 200.0]


def test_truncate():
    history = filled(200)
    history.truncate(500)
    assert len(history) == 200
    history.truncate(70)
    assert len(history) == len(history["loss"]) == 70
    with pytest.raises(IndexError):
        history.record(70)
    history.append(row(-1.0))
    assert history.record(70).loss == -1.0
    assert history.record(69).loss == 6900.0
    history.truncate(0)
    assert len(history) == 0
    history.append(row(3.0))
    assert history["loss"].tolist() == [3.0]


def test_put():
    history = filled(5)
    history.put(2, "learning_rate", 0.25)
    assert history["learning_rate"].tolist() == [8.0, 108.0, 0.25, 308.0, 408.0]
    assert history.record(2).loss == 200.0
    for beyond in (5, 63, -1):
        with pytest.raises(IndexError):
            history.put(beyond, "loss", 1.0)
    with pytest.raises(KeyError):
        history.put(2, "step", 1.0)


# the NaN that processors make (x86's has its sign set), and one with a payload that is not MISSING's
COMPUTED = [
    float("nan"),
    -float("nan"),
    float("inf") - float("inf"),
    struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000))[0],
    struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0],
]


def test_missing_is_none_and_a_computed_nan_stays_nan():
    history = History(1)
    for nan in COMPUTED:
        history.append((nan, MISSING) * (len(COLUMNS) // 2))
        history.put(len(history) - 1, "mistakes", 7.0)  # a count is never NaN
    for record in history.records():
        for value, null in zip((record[name] for name in COLUMNS), itertools.cycle((False, True))):
            assert (value is None) == null
            assert null or math.isnan(value) or value == 7
    # as arrays both are NaN, and told apart by `is_missing`
    assert np.isnan(history["loss"]).all()
    assert np.isnan(history["accuracy"]).all()
    assert not is_missing(history.column("loss")).any()
    assert is_missing(history.column("accuracy")).all()
    assert is_missing(history.rows()).sum() == len(COMPUTED) * len(COLUMNS) // 2


def test_missing_survives_copies_rows_and_growth():
    history = History(1)
    for _ in range(1000):
        history.append((1.0, *(MISSING,) * (len(COLUMNS) - 1)))
    other = History(1)
    other.extend(np.frombuffer(history.rows().tobytes()).reshape(-1, len(COLUMNS)))
    other.put(3, "val_loss", MISSING)
    other.put(4, "val_loss", float("nan"))
    for position, record in enumerate(other.records()):
        assert record.loss == 1.0
        assert record.accuracy is None
        assert (record.val_loss is None) == (position != 4)


def test_infinities_are_values():
    history = History(1)
    history.append((math.inf, -math.inf, *row()[2:]))
    assert (history.record(0).loss, history.record(0).accuracy) == (math.inf, -math.inf)


def test_as_json_has_every_field():
    """All fields always; null, "NaN", "Infinity", "-Infinity"."""
    history = History(1)
    history.append((math.nan, math.inf, MISSING, -math.inf, MISSING, *row()[5:]))
    found = history.record(0).as_json()
    assert list(found) == NAMES
    assert found["loss"] == "NaN"
    assert found["accuracy"] == "Infinity"
    assert found["mistakes"] is None
    assert found["mape"] == "-Infinity"
    assert found["max_error"] is None
    assert found["grad_norm"] == 5.0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_mistakes_are_whole_numbers_in_json():
    assert '"mistakes": 102,' in json.dumps(filled(2).record(1).as_json())


def test_a_record_cannot_be_written_to():
    record = filled(1).record(0)
    with pytest.raises(AttributeError):
        record.loss = 3.0
    assert isinstance(record, Record)


def test_bytes_a_record():
    """At most 150 bytes a record, room for growth included, from a few thousand records on."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        history = History(1)
        one = row()
        worst = 0.0
        for count in range(1, 60_001):
            history.append(one)
            if count > 2000 and count % 97 == 0:
                worst = max(worst, (tracemalloc.get_traced_memory()[0] - before) / count)
    finally:
        tracemalloc.stop()
    assert worst <= 150


def test_appending_costs_the_same_after_many():
    """Growth by a share, not by a number: appending a million records copies each a few times at most."""
    history = History(1)
    one = row()
    copies = 0

    def size():
        return len(history.column("loss").base)

    last = size()
    for count in range(1, 100_001):
        history.append(one)
        if size() != last:
            copies += count
            last = size()
    assert copies < 6 * 100_000
    assert len(history) == 100_000


# --- a branch's history -----------------------------------------------------------------------------


@pytest.fixture
def branch():
    """A parent of positions 0–9, and a history of its own from 6 on: 6–8."""
    history = History(4, filled(10), 6)
    for position in range(6, 9):
        history.append(row(-100.0 * position))
    return history


def test_a_branch_reads_its_parents_rows_up_to_the_fork(branch):
    expected = [0.0, 100.0, 200.0, 300.0, 400.0, 500.0, -600.0, -700.0, -800.0]
    assert len(branch) == 9
    assert branch["loss"].tolist() == branch.column("loss").tolist() == expected
    assert branch["step"].tolist() == list(range(9))
    assert branch["epoch"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert [record.loss for record in branch.records()] == expected
    assert [record.step for record in branch.records()] == list(range(9))
    assert branch.rows()[:, 0].tolist() == expected
    for first, last in itertools.product(range(10), range(10)):
        assert branch.rows(first, last)[:, 0].tolist() == expected[first:last], (first, last)
        assert branch.column("loss", first, last).tolist() == expected[first:last], (first, last)


def test_a_branch_of_a_branch(branch):
    inner = History(4, branch, 7)
    inner.append(row(7.0))
    assert inner["loss"].tolist() == [0.0, 100.0, 200.0, 300.0, 400.0, 500.0, -600.0, 7.0]
    other = History(4, branch, 3)
    other.append(row(3.0))
    assert other["loss"].tolist() == [0.0, 100.0, 200.0, 3.0]


def test_a_branch_does_not_write_to_its_parent(branch):
    with pytest.raises(IndexError):
        branch.put(5, "loss", 1.0)
    branch.put(6, "loss", 1.0)
    branch.truncate(3)
    assert len(branch) == 6
    assert branch["loss"].tolist() == [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]


def test_unsaved_positions():
    history = filled(10)
    assert history.unsaved() == 0
    history.mark_saved()
    assert history.unsaved() == 10
    history.append(row())
    assert history.unsaved() == 10
    history.put(4, "loss", 1.0)
    assert history.unsaved() == 4
    history.mark_saved()
    history.truncate(7)
    assert history.unsaved() == 7
