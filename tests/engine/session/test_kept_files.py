"""Session files that version 0.1 wrote. They are kept here for ever, and open for ever.

The facts beside each were printed by the program that wrote it. Its records are compared without the
learning rate, which rules that search no longer have, and without the seconds.
"""

import hashlib
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from gradstep.engine import Session
from gradstep.engine.records.record import COLUMNS

FILES = Path(__file__).parent / "kept_files"
LEFT_OUT = [COLUMNS.index("learning_rate"), COLUMNS.index("seconds")]
KEPT = {
    "branches": (18, "2d3144c56f97662523ea69330e4d5946c8ef8cc360528abf24b6843245e48c46", ["main", "slower"]),
    "newton": (3, "8945640c64b14afe9e2dcbb33f4920ca49acbed95c99b0b97421d6adcd8033a7", ["main"]),
    "old-loss-name": (4, "8073766e825840b1bb2e98e710414f86d314fb7e903fbd341b7550f066324911", ["main"]),
}
"""By file: the position where the run was left, the SHA-256 of its records, its branches."""


@pytest.mark.parametrize("name", KEPT)
def test_file_of_version_0_1_opens(name, tmp_path):
    position, digest, branches = KEPT[name]
    copy = Path(shutil.copy(FILES / f"{name}.gradstep", tmp_path))
    with closing(Session.open(copy)) as session:
        rows = session.history.rows(0, position + 1).copy()
        rows[:, LEFT_OUT] = 0
        assert hashlib.sha256(rows.tobytes()).hexdigest() == digest
        assert session.position == position
        # on another machine a branch is added, for its own bits
        assert [branch.name for branch in session.timeline.branches.values()][: len(branches)] == branches


def test_breakpoints_of_version_0_1_are_there(tmp_path):
    with closing(Session.open(Path(shutil.copy(FILES / "branches.gradstep", tmp_path)))) as session:
        assert [(point.condition, point.name) for point in session.breakpoints] == [("loss < 0.1", "low")]


def test_loss_has_its_proper_name(tmp_path):
    """The file says `binary_cross_entropy`."""
    with closing(Session.open(Path(shutil.copy(FILES / "old-loss-name.gradstep", tmp_path)))) as session:
        assert session.preset.train.loss == "exam_cross_entropy"
