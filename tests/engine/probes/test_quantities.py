"""Quantities in conditions: measured where they are wanted, with the numbers that NumPy finds."""

import numpy as np
import pytest
from runs import preset

from gradstep.engine import ConfigError, Session
from gradstep.engine.conditions.language import ConditionError, parse_condition
from gradstep.engine.errors import UserError
from gradstep.engine.records.missing import MISSING, is_missing
from gradstep.engine.records.quantities import QUANTITIES
from gradstep.engine.records.quantity_columns import QuantityColumns

RATE = 0.05
LAST_DIES = "dead[1] == 1 and prev.dead[1] < 1"


def measured(layers=(1,), **settings):
    """Twenty steps on the ramp."""
    return preset(layers=layers, run={"steps": 20}, **{"learning_rate": RATE, **settings})


def relu(**settings):
    return measured([(8, "relu"), (1, "linear")], **settings)


def hessian(session):
    """Of the mean squared error of one linear layer with a bias: 2/N · [X, 1]ᵀ[X, 1]."""
    inputs = np.hstack([session.dataset.train_inputs, np.ones((len(session.dataset.train_inputs), 1))])
    return 2 / len(inputs) * inputs.T @ inputs


def silent_share(session):
    """By a forward pass in NumPy."""
    parameters = session.parameters()
    hidden = session.dataset.train_inputs @ parameters["layer1.weight"].T + parameters["layer1.bias"]
    return float((hidden <= 0).all(0).mean())


def test_the_sharpness_of_a_linear_layer_is_its_hessians_largest_eigenvalue():
    session = Session(measured(measure={"sharpness": 1, "lambda_min": 1, "stability_limit": 1}))
    session.burst(3)
    values = np.linalg.eigvalsh(hessian(session))
    assert session.history["sharpness"] == pytest.approx(values[-1], rel=1e-9)
    assert session.history["lambda_min"] == pytest.approx(values[0], abs=1e-9)
    assert (session.history["stability_limit"] == 2 / RATE).all()


def test_data_of_two_directions_has_rank_two():
    session = Session(measured(measure={"data_rank": 1, "condition": 1}))
    values = np.linalg.eigvalsh(hessian(session))
    assert session.history["data_rank"][0] == 2
    assert session.history["condition"][0] == pytest.approx(values[-1] / values[-2], rel=1e-6)


def test_the_share_of_dead_units_is_that_of_a_forward_pass():
    session = Session(relu(measure={"dead[1]": 1, "silent": 2}))
    session.burst(4)
    shares = [silent_share(session)]
    for _ in range(4):
        session.back()
        shares.insert(0, silent_share(session))
    assert 0 < shares[0] < 1
    assert session.history["dead[1]"].tolist() == shares
    assert session.history["silent"][::2].tolist() == shares[::2]
    assert np.isnan(session.history["silent"][1::2]).all()


def test_one_samples_loss_is_its_squared_error():
    session = Session(measured(measure={"case_loss[5]": 1, "train_loss": 1}))
    parameters, data = session.parameters(), session.dataset
    outputs = data.train_inputs @ parameters["layer1.weight"].T + parameters["layer1.bias"]
    errors = (outputs - data.train_targets) ** 2
    assert session.history["case_loss[5]"][0] == pytest.approx(float(errors[5, 0]), rel=1e-12)
    assert session.history["train_loss"][0] == pytest.approx(float(errors.mean()), rel=1e-12)


def test_measuring_leaves_the_run_as_it_is():
    plain = Session(relu())
    names = [name if quantity.index != "layer" else f"{name}[1]" for name, quantity in QUANTITIES.items()]
    every = {
        name if QUANTITIES.get(name, None) is None or name != "case_loss" else "case_loss[0]": 1
        for name in names
    }
    measuring = Session(relu(measure=every))
    plain.burst(5)
    measuring.burst(5)
    assert plain.state_hash() == measuring.state_hash()
    left_out = {notice.split()[0] for notice in measuring.notices}
    linear_only = {"data_rank", "condition", "naive_condition", "collapse_difference"}
    assert left_out == linear_only | {"error_on_data", "error_on_interval"}


def test_a_run_stops_where_a_quantity_says_so_in_its_recorded_future_too():
    straight = Session(relu(learning_rate=0.5))
    found = straight.run_until(LAST_DIES, limit=50)
    assert found is not None
    recorded = Session(relu(learning_rate=0.5))
    recorded.burst(found.step + 5)
    recorded.seek(0)
    assert recorded.run_until(LAST_DIES, limit=50).step == found.step
    assert recorded.state_hash() == straight.state_hash()


def test_going_back_to_where_a_quantity_said_so_measures_the_way_here():
    session = Session(relu(learning_rate=0.5))
    first = session.run_until(LAST_DIES, limit=50).step
    fresh = Session(relu(learning_rate=0.5))
    fresh.burst(first + 3)
    assert fresh.reverse_until(LAST_DIES).step == first
    assert fresh.reverse_until("dead[1] < 0") is None
    assert fresh.position == first


def test_going_back_is_cancelled_where_it_stands():
    session = Session(relu())
    session.burst(6)
    before = session.state_hash()
    with pytest.raises(Exception, match="cancelled"):
        session.reverse_until("dead[1] > 2", tick=lambda done, _total: done < 3)
    assert session.position == 6
    assert session.state_hash() == before


def test_a_breakpoint_measures_what_it_reads():
    session = Session(relu(learning_rate=0.5))
    session.add_breakpoint(LAST_DIES)
    session.burst(50)
    assert session.hit is not None
    assert session.position == Session(relu(learning_rate=0.5)).run_until(LAST_DIES, limit=50).step


def test_a_breakpoint_that_says_nothing_of_the_run_is_refused():
    session = Session(measured())
    with pytest.raises(ConditionError, match="such as rank\\[1\\]"):
        session.add_breakpoint("rank > 1")
    for condition, why in (
        ("dead > 0.5", "relu"),
        ("rank[2] > 1", "no layer 2"),
        ("case_loss[24] > 1", "0 to 23"),
    ):
        with pytest.raises(Exception, match=why):
            session.add_breakpoint(condition)
    assert len(session.breakpoints) == 0
    session.burst(3)


def test_what_a_breakpoint_reads_has_no_value_where_the_rule_has_none_of_it(tmp_path):
    """A line search has no limit of stability: there the condition is not evaluated, as with any null."""
    session = Session(measured())
    session.save(tmp_path / "run.gradstep")
    session.burst(2)
    session.add_breakpoint("stability_limit > 0")
    session.change({"train.rule.name": "line_search"})
    assert session.preset.train.rule.name == "line_search"
    session.burst(3)
    assert (session.position, session.hit) == (5, None)
    assert np.array_equal(np.isnan(session.history["stability_limit"]), [True] * 6)
    with pytest.raises(UserError, match="no limit of stability"):
        session.run_until("stability_limit > 0")
    with pytest.raises(UserError, match="no limit of stability"):
        session.add_breakpoint("stability_limit > 1")
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert (again.position, len(again.breakpoints)) == (5, 1)
    again.seek(1)
    again.seek(0)
    assert again.burst(1).step == 1
    assert again.hit is not None
    assert again.history["stability_limit"][1] == 2 / RATE
    again.close()


def test_a_change_is_measured_anew_and_a_branch_keeps_its_own():
    session = Session(measured(measure={"stability_limit": 1}))
    session.burst(4)
    session.seek(2)
    session.fork({"train.rule.learning_rate": 0.01})
    session.burst(2)
    assert session.history["stability_limit"].tolist() == [40, 40, 200, 200, 200]
    session.switch(0)
    assert session.history["stability_limit"].tolist() == [40, 40, 40, 40, 40]


def test_a_branch_without_a_change_keeps_what_was_measured_where_it_begins():
    session = Session(measured())
    session.burst(2)
    session.measure("sharpness", every=1000)
    before = session.history["sharpness"][2]
    session.fork()
    assert session.history["sharpness"][2] == before
    session.fork({"train.rule.learning_rate": 0.01})
    assert np.isnan(session.history["sharpness"][2])


def test_what_was_left_is_measured_before_the_next_step():
    session = Session(measured(measure={"sharpness": 1}))
    session.measurer.go_on = lambda: False
    session.step()
    assert is_missing(session.history.column("sharpness", 1, 2)).all()
    session.measurer.go_on = lambda: True
    session.step()
    assert not np.isnan(session.history["sharpness"]).any()


def test_a_saved_session_has_what_was_measured(tmp_path):
    session = Session(measured(measure={"sharpness": 2}))
    session.save(tmp_path / "run.gradstep")
    session.burst(4)
    session.flush()
    session.seek(2)
    session.fork({"train.rule.learning_rate": 0.01})
    session.burst(2)
    session.close()
    again = Session.open(tmp_path / "run.gradstep")
    assert np.array_equal(again.history["sharpness"], session.history["sharpness"], equal_nan=True)
    again.switch(0)
    session.switch(0)
    assert np.array_equal(again.history["sharpness"], session.history["sharpness"], equal_nan=True)
    again.close()


def test_a_claim_can_be_of_a_quantity():
    claims = [
        {"says": "two directions", "at": 4, "condition": "data_rank == 2", "expect": "shown"},
        {"says": "stable", "never": "sharpness > stability_limit", "expect": "holds"},
    ]
    measure = {"data_rank": 4, "sharpness": 1, "stability_limit": 1}
    session = Session(measured(measure=measure, claims=claims))
    session.burst(6)
    assert [verdict.outcome for verdict in session.claims()] == ["shown", "holds"]


@pytest.mark.parametrize(
    ("measure", "claim", "says"),
    [
        ({}, {"never": "dead > 0.5"}, r"dead is not measured.*\[measure\] dead = 10"),
        ({}, {"never": "rank[1] > 0.5"}, r'\[measure\] "rank\[1\]" = 10'),
        ({"dead": 10}, {"at": 5, "condition": "dead > 0.5"}, "every 10 steps, not at step 5"),
        ({"deaf": 10}, {"never": "loss > 1"}, "unknown quantity 'deaf'.*did you mean 'dead'"),
        ({"rank": 10}, {"never": "loss > 1"}, r"write rank\[layer\]"),
        ({"dead": 0}, {"never": "loss > 1"}, "greater than or equal to 1"),
    ],
)
def test_a_preset_says_how_often_a_quantity_is_measured(measure, claim, says):
    with pytest.raises((ConfigError, ValueError), match=f"(?s){says}"):
        relu(measure=measure, claims=[{"says": "so", **claim}])


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("dead[x] > 1", 6),
        ("loss[1] > 1", 1),
        ("1 < sharpness[1]", 5),
        ("prev.rank > 1", 1),
        ("dead[1.5] > 1", 6),
    ],
)
def test_an_error_points_at_the_quantity(text, column):
    with pytest.raises(ConditionError) as error:
        parse_condition(text)
    assert error.value.column == column


def test_windows_look_at_quantities_too():
    condition = parse_condition("change(dead[2], 10) > 0 and lowest(sharpness, 3) < prev.sharpness")
    assert condition.quantities == ("dead[2]", "sharpness")


def test_measured_values_are_told_once():
    measured = QuantityColumns(5)
    measured.put("a", 5, 1.0)
    measured.put("b", 300, 2.0)
    measured.put("a", 7, 3.0)
    told = {name: (at.tolist(), values.tolist()) for name, at, values in measured.since(1)}
    assert told == {"a": ([7], [3.0]), "b": ([300], [2.0])}
    assert list(measured.since(3)) == []
    assert np.isnan(measured.value("a", 6))
    assert measured.column("a", 3, 9)[2] == 1.0
    assert is_missing(measured.column("a", 3, 9)).tolist() == [True, True, False, True, False, True]
    assert measured.value("c", 5) is not None
    assert is_missing(np.array([measured.value("c", 5), MISSING])).all()


def test_a_quantity_can_be_asked_for_as_the_run_goes():
    session = Session(measured())
    session.burst(3)
    session.measure("sharpness", 5)
    session.burst(8)
    assert np.flatnonzero(~np.isnan(session.history["sharpness"])).tolist() == [3, 5, 10]
    for name, why in (("dead", "relu"), ("sharpnes", "did you mean 'sharpness'")):
        with pytest.raises(UserError, match=why):
            session.measure(name)
    with pytest.raises(UserError, match="1 or more"):
        session.measure("sharpness", 0)
