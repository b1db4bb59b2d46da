"""The grid of runs: ordinary configs, all of them valid before any begins."""

import pytest
from runs import preset
from sweep_runs import small_plan

from gradstep.engine.config.changes import changed, override, parse_assignments
from gradstep.engine.config.files import load_preset, preset_names
from gradstep.engine.config.sweep import parse_axis
from gradstep.engine.errors import UserError
from gradstep.engine.runs.plan import assignments, make_plan


def test_the_last_axis_varies_fastest():
    plan = small_plan("train.seed=0:2", "train.rule.learning_rate=0.1,0.2,0.3")
    assert (len(plan), plan.shape) == (6, (2, 3))
    assert [plan.place(point) for point in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert plan.changes(5) == {"train.seed": 1, "train.rule.learning_rate": 0.3}
    config = plan.config(5)
    assert (config.train.seed, config.train.rule.learning_rate) == (1, 0.3)


def test_one_thread_per_run_by_default():
    auto = changed(preset(), {"run.steps": 5, "train.threads": "auto"})
    axis = parse_axis("train.seed=0:2")
    assert make_plan(auto, [axis]).config(0).train.threads == 1
    assert make_plan(changed(auto, {"train.threads": 3}), [axis]).config(0).train.threads == 3


def test_axes_of_depth_and_of_last_layer():
    """An axis of whole lists of layers, and one of the last layer's activation, however many there are."""
    plan = small_plan(
        "network.layers=[{units=1}],[{units=4},{units=1}],[{units=3},{units=4},{units=1}]",
        "network.layers.-1.activation=relu,tanh",
    )
    assert [len(plan.config(point).network.layers) for point in range(6)] == [1, 1, 2, 2, 3, 3]
    for point in range(6):
        *others, last = [layer.activation for layer in plan.config(point).network.layers]
        assert last == ("relu", "tanh")[point % 2]
        assert set(others) <= {"linear"}


def test_assignments_are_read_back():
    plan = small_plan(
        "network.layers=[{units=4,activation='relu'},{units=1}]", "train.rule.learning_rate=1e-13"
    )
    changes = plan.changes(0)
    assert parse_assignments(assignments(changes)) == changes
    assert override(plan.preset, assignments(changes)) == plan.config(0)


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        (["train.sed=0:3"], "did you mean 'seed'"),
        (["train.rule.learning_rate=0.1,-1,-2"], "given -1; allowed: greater than 0"),
        (["train.rule.learning_rate=0.1,-1,-2"], "given -2; allowed: greater than 0"),
        (["train.seed=0:3", "train.seed=0:3"], "train.seed is given twice"),
        (["network.layers.-1.activation=relu", "network.layers=[{units=1}]"], "give network.layers first"),
        (["train.seed=0:200", "train.rule.learning_rate=lin:0.1:0.2:51"], "200 × 51 are 10,200 runs"),
        (["network.layers.-2.activation=relu"], "there are 1 entries"),
        ([], "name an axis"),
    ],
)
def test_what_does_not_fit_is_refused(axes, says):
    with pytest.raises(UserError) as error:
        small_plan(*axes)
    assert says in str(error.value)


def test_a_run_needs_a_length():
    with pytest.raises(UserError, match="does not say how long"):
        make_plan(preset(), [parse_axis("train.seed=0:3")])


@pytest.mark.parametrize("name", [name for name in preset_names() if load_preset(name).sweep is not None])
def test_a_preset_s_own_sweep_can_begin(name):
    plan = make_plan(load_preset(name))
    assert len(plan) > 1
    assert plan.config(len(plan) - 1).train.threads == 1
