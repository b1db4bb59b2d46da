"""The state of the run, event by event."""

from fake_engine import classifier, records, run_info

from gradstep.engine.config.changes import changed
from gradstep.engine.worker.events import (
    Advanced,
    BranchInfo,
    BranchList,
    Landmarks,
    Opened,
    SettingsChanged,
    Stopped,
)
from gradstep.tui.state.events import apply_event
from gradstep.tui.state.lineage import branch_marks
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic

MAIN = BranchInfo(0, "main", None, 0, ())


def opened():
    state = RunState(classifier())
    apply_event(state, Opened(classifier(), run_info(classifier())))
    apply_event(state, BranchList((MAIN,), 0))
    apply_event(state, Advanced(0, records(0, 51), 50, False))
    return state


def test_records_are_appended_and_replaced():
    state = opened()
    revision = state.revision
    apply_event(state, Advanced(51, records(51, 9), 59, False))
    assert (len(state.history), state.revision) == (60, revision)
    apply_event(state, Advanced(40, records(40, 2), 41, False))
    assert (len(state.history), state.position) == (42, 41)
    assert state.revision == revision + 1


def test_repeated_records_keep_the_place():
    """A switch to the current branch repeats its records."""
    state = opened()
    place = state.place
    apply_event(state, Advanced(50, records(50, 1), 50, False))
    assert state.place == place
    apply_event(state, Advanced(50, records(51, 1), 50, False))
    assert state.place != place


def test_branch_has_parent_records_and_marks_up_to_fork():
    state = opened()
    change = {"train.rule.learning_rate": 0.5}
    main = BranchInfo(0, "main", None, 0, ((10, change), (30, change)))
    fork = BranchInfo(1, "branch 1", 0, 20, ((20, change),))
    apply_event(state, BranchList((main, fork), 1))
    apply_event(state, SettingsChanged(changed(classifier(), change), 20, change))
    apply_event(state, Advanced(20, records(20, 5), 24, False, 1))
    assert len(state.history) == 25
    assert [(mark.position, mark.kind) for mark in branch_marks(state)] == [
        (10, "change"),
        (20, "change"),
        (20, "fork"),
    ]
    assert apply_event(state, Advanced(51, records(51, 4), 24, False, 0)) is Topic.RECORDS
    assert (len(state.history), state.position) == (25, 24)
    apply_event(state, BranchList((main, fork), 0))
    assert len(state.history) == 55


def test_new_run_starts_empty():
    state = opened()
    apply_event(state, Stopped(50, "diverged: …", "diverged"))
    assert [mark.kind for mark in branch_marks(state)] == ["stop"]
    apply_event(state, Opened(classifier(), run_info(classifier())))
    assert (len(state.history), state.position, branch_marks(state), state.stopped) == (0, 0, [], None)


def test_speed_counts_from_start_of_running():
    state = opened()
    assert state.speed is None
    rows = records(51, 10)
    rows[:, 9] += 1000
    apply_event(state, Advanced(51, rows[:1], 51, True))
    apply_event(state, Advanced(52, rows[1:], 60, True))
    assert state.speed is not None
    apply_event(state, Stopped(60, "paused", "paused"))
    assert state.speed is None


def test_planned_end_counts_epochs_in_batches():
    state = RunState(classifier())
    assert state.planned is None
    apply_event(state, Opened(classifier(), run_info(classifier(), batches=12)))
    assert state.planned == state.run_target == 3600


def test_positions_of_saved_states_are_kept():
    state = opened()
    assert apply_event(state, Landmarks((0, 16))) == Topic.RECORDS
    assert state.saved_at == (0, 16)
