"""What a session gives its probes of the way here, wherever the run came from; and that it stays there."""

import numpy as np
import pytest
from runs import DIGITS, RAMP, bits, flat_parameters, preset

from gradstep.engine import Session, UserError
from gradstep.engine.probes.registry import PROBES, unmet
from gradstep.engine.probes.way_here import path
from gradstep.engine.timeline.timeline import SeekCancelledError

CLASSES = preset(
    DIGITS, (4, 10), "relu", loss="cross_entropy", rule="adam", learning_rate=1e-2, batch=7, clip_norm=1.0
)
IDENTITY = preset(
    {**RAMP, "target": "input"}, (6, 6), "leaky_relu", rule="rmsprop_keras2", learning_rate=1e-3, batch=5
)
LINE = preset(rule="momentum", learning_rate=0.05)
SEARCH = preset(rule={"name": "line_search", "search": "backtracking", "direction": "heavy_ball"})
FAMILIES = pytest.mark.parametrize(
    "settings", [CLASSES, IDENTITY, LINE, SEARCH], ids=["exam", "identity", "linear", "search"]
)
OPTIONS = {"step": {"full": True}, "layers": {"whole": True, "ranks": True}, "surface": {"points": 5}}


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@FAMILIES
def test_probes_leave_the_run_where_it_was(settings):
    looked, alone = Session(settings), Session(settings)
    looked.burst(12)
    alone.burst(12)
    for position in (12, 8, 5, 12, 0):
        looked.seek(position)
        alone.seek(position)
        for name in PROBES:
            if unmet(name, looked.prepare_probe("layers", {})[0]) is None:
                looked.probe(name, **OPTIONS.get(name, {}))
                assert looked.position == position, name
                assert looked.state_hash() == alone.state_hash(), name
    looked.seek(15)
    alone.seek(15)
    assert looked.state_hash() == alone.state_hash()
    assert np.array_equal(bits(looked.history), bits(alone.history))
    assert looked.timeline.mismatch is None


@FAMILIES
def test_the_cosine_to_the_last_update_wherever_the_run_came_from(settings):
    """Of the differences of the parameters, in float64."""
    session = Session(settings)
    states = [flat_parameters(session).astype(np.float64)]
    for _ in range(40):
        session.step()
        states.append(flat_parameters(session).astype(np.float64))
    assert session.seek(0) is not None
    assert session.probe("step").previous_cosine is None
    kept = session.timeline.keyframe_positions()
    assert any(0 < position < 39 for position in kept)
    found = {}
    for position in (39, *(at for at in kept if 0 < at < 40), 1, 2, 39):
        session.seek(position)
        result = session.probe("step")
        before, here, after = states[position - 1 : position + 2]
        assert result.previous_cosine == pytest.approx(cosine(after - here, here - before), abs=1e-5)
        assert found.setdefault(position, result.previous_cosine) == result.previous_cosine
    for position in kept:  # the state is restored, and no step led to it
        session.timeline.seek(session.timeline.branch.tip)
        session.timeline.restore(session.timeline.nearest(position))
        assert session.trainer.last_update is None
        if 0 < position < 40:
            assert session.probe("step").previous_cosine == found[position]


def test_the_way_back_that_a_probe_needs_can_be_cancelled():
    session = Session(CLASSES)
    session.burst(40)
    position = session.timeline.keyframe_positions()[-1]
    session.timeline.restore(session.timeline.nearest(position))
    before = session.state_hash()
    for name in ("step", "flips"):
        with pytest.raises(SeekCancelledError):
            session.prepare_probe(name, {}, lambda *_: False)
        assert (session.position, session.state_hash()) == (position, before)


def test_next_update_follows_settings_in_force():
    session = Session(LINE)
    session.burst(20)
    session.change({"train.rule.learning_rate": 0.2})
    there = session.probe("step")
    assert there.learning_rate == 0.2
    session.burst(5)
    for start in (0, 10, 19, 25):
        session.seek(start)
        session.seek(20)
        assert session.probe("step") == there
    session.seek(19)
    assert session.probe("step").learning_rate == 0.05
    session.step()
    assert session.probe("step") == there


def test_the_path_is_made_of_the_states_walked_through():
    """Projected on the plane by NumPy, from a straight run's parameters."""
    session, straight = Session(LINE), Session(LINE)
    walked = [flat_parameters(straight)]
    for _ in range(60):
        straight.step()
        walked.append(flat_parameters(straight))
    session.burst(60)
    session.seek(45)
    saved = [position for position in session.timeline.keyframe_positions() if position <= 45]
    assert len(saved) > 2
    result = session.probe("surface", points=5)
    expected = np.array([walked[position] for position in (*saved, 45)]) - walked[45]
    np.testing.assert_allclose(result.path, expected @ result.directions.T, atol=1e-12)
    across = expected - result.path @ result.directions
    np.testing.assert_allclose(result.off_plane, np.linalg.norm(across, axis=1), atol=1e-7)


def test_long_path_has_limited_points():
    session = Session(LINE)
    session.burst(200)
    walked = path(session.timeline, points=4)
    saved = session.timeline.keyframe_positions()
    assert len(saved) > 10
    straight, states = Session(LINE), {}
    for position in range(201):
        states[position] = flat_parameters(straight)
        straight.step()
    at = [next(p for p in states if np.array_equal(states[p], point)) for point in walked]
    assert len(at) == 5
    assert (at[0], at[-1]) == (0, 200)
    assert at == sorted(at)
    assert set(at[:-1]) <= set(saved)


def test_samples_of_the_validation_part():
    session = Session(CLASSES)
    result = session.probe("samples", part="validation", chosen=(11,))
    assert (result.part, result.samples, result.chosen[0].number) == ("validation", 12, 11)
    with pytest.raises(UserError, match="no sample 12"):
        session.probe("samples", part="validation", chosen=(12,))
