"""Conditions, claims and charts on fields that never have a value in a run are refused, with the reason."""

import pytest
from runs import preset

from gradstep.engine.config.changes import changed
from gradstep.engine.config.files import load_preset, parse_preset, to_toml
from gradstep.engine.config.preset import Preset
from gradstep.engine.config.sweep import parse_axis
from gradstep.engine.errors import UserError
from gradstep.engine.runs.plan import make_plan
from gradstep.engine.session.session import Session

CLASSES = "its targets are classes"
NO_VALIDATION = "no validation set"
NEVER = [
    ("val_loss > 1", NO_VALIDATION),
    ("val_accuracy > 1", NO_VALIDATION),
    ("prev.val_loss > 1", NO_VALIDATION),
    ("mape > 1", CLASSES),
    ("loss < 1 or mean(max_error, 3) > 1", CLASSES),
]


def classes(validation=0, **train):
    return Preset.model_validate(
        {
            "title": "digits",
            "data": {"name": "digits", "samples": 40, "validation": validation},
            "network": {"layers": [{"units": 10}]},
            "train": {
                "loss": "cross_entropy",
                "threads": 1,
                "rule": {"name": "gradient_descent", "learning_rate": 0.1},
                **train,
            },
            "run": {"steps": 20},
        }
    )


@pytest.mark.parametrize(("condition", "why"), NEVER)
@pytest.mark.parametrize("ask", ["run_until", "reverse_until", "add_breakpoint"])
def test_a_session_refuses_a_field_without_values(condition, why, ask):
    session = Session(classes())
    session.burst(3)
    with pytest.raises(UserError, match=why):
        getattr(session, ask)(condition)
    assert session.position == 3
    assert not len(session.breakpoints)


@pytest.mark.parametrize(("condition", "why"), NEVER)
def test_a_sweep_refuses_a_field_without_values(condition, why):
    with pytest.raises(UserError, match=f"until: .*{why}"):
        make_plan(classes(), [parse_axis("train.seed=0:2")], condition)


def test_a_sweep_refuses_it_if_one_run_has_no_validation():
    axis = parse_axis("data.validation=0,10")
    with pytest.raises(UserError, match=NO_VALIDATION):
        make_plan(classes(), [axis], "val_loss > 1")
    assert len(make_plan(classes(), [parse_axis("data.validation=5,10")], "val_loss > 1")) == 2


def test_watch_refuses_a_field_without_values():
    session = Session(classes())
    with pytest.raises(UserError, match=CLASSES):
        session.watch(["loss", "mape"], {})
    assert session.preset.watch == ["loss", "accuracy"]


def test_validation_at_the_ends_of_epochs_is_a_value():
    """Four batches of ten samples: step 4 is the first that is validated."""
    session = Session(classes(validation=10, batch=10))
    assert session.run_until("val_loss > 0", limit=20)["step"] == 4
    both = session.run_until("epoch_loss > 0 and val_loss > 0 and ago(val_loss, 4) > 0", limit=20)
    assert both["step"] == 8


@pytest.mark.parametrize(
    ("condition", "which"),
    [
        ("epoch_loss > prev.epoch_loss", "epoch_loss and prev.epoch_loss together"),
        ("mean(val_loss, 2) > 0", "mean(val_loss, 2) has"),
        ("rising(epoch_loss, 4)", "rising(epoch_loss, 4) has"),
        ("ago(val_loss, 3) > epoch_loss", "ago(val_loss, 3) and epoch_loss together"),
    ],
)
def test_values_that_never_meet_are_refused(condition, which):
    """Values come every 4 steps: none has one beside it, so no position has all that is read."""
    with pytest.raises(UserError, match="every 4 steps") as refused:
        Session(classes(validation=10, batch=10)).run_until(condition, limit=20)
    assert which in str(refused.value)


def test_another_preset_s_run_is_not_read_while_one_runs():
    with pytest.raises(UserError, match="claims and measures only"):
        Session(preset(learning_rate=0.05)).run_until('run("exam-ce-a").loss < loss', limit=3)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ('watch = ["loss", "val_loss"]', "watch: val_loss has no value here: this run has no validation set"),
        ('log = ["mape"]', "log: mape has no value here: its targets are classes"),
        ('claim = [{says = "so", always = "max_error < 1"}]', "claim.0: max_error has no value here"),
        (
            'claim = [{says = "so", seeds = 2, over_seeds = "median(mape) < 1"}]',
            "claim.0: mape has no value here",
        ),
    ],
)
def test_a_preset_with_such_a_field_is_refused(tmp_path, given, where):
    file = tmp_path / "never.toml"
    text = to_toml(classes()).replace('watch = [\n    "loss",\n    "accuracy",\n]\n', "")
    lines = [line for line in text.splitlines() if not line.startswith(("log", "claim"))]
    file.write_text("\n".join([given, *lines]))
    with pytest.raises(UserError) as refused:
        load_preset(file)
    assert where in str(refused.value)
    # a saved run may have watched it; it opens for ever
    assert parse_preset(file.read_text(), name="never", source="file").title == "digits"


# --- rules that search each step's length -----------------------------------------------------------


def with_rule(name):
    return changed(classes(dtype="float64"), {"train.rule.name": name})


@pytest.mark.parametrize("name", ["line_search", "lbfgs", "newton"])
def test_learning_rate_is_missing_for_a_rule_that_searches(name):
    rule = {"train.rule.name": name, "data.samples": 12, "network.layers": [{"units": 1}]}
    session = Session(changed(load_preset("linear-1-layer"), rule | {"data.length": 3}))
    session.burst(2)
    assert [record.learning_rate for record in session.history.records()] == [None, None, None]
    with pytest.raises(UserError, match=r"learning_rate has no value here: .*searches"):
        session.add_breakpoint("learning_rate > 1")


def test_learning_rate_follows_a_change_of_the_rule():
    session = Session(with_rule("lbfgs"))
    session.step()
    session.change({"train.rule.name": "gradient_descent", "train.rule.learning_rate": 0.25})
    session.step()
    session.change({"train.rule.name": "line_search"})
    assert [record.learning_rate for record in session.history.records()] == [None, 0.25, None]


def test_a_session_that_recorded_first_step_lengths_resumes(tmp_path):
    """As sessions were saved in which the column of a searching rule held `initial_step`."""
    session = Session(with_rule("lbfgs"))
    session.burst(5)
    for position in range(6):
        session.history.put(position, "learning_rate", 1.0)
    session.save(tmp_path / "old")
    bits = session.state_hash()
    resumed = Session.open(tmp_path / "old")
    assert resumed.history["learning_rate"].tolist() == [1.0] * 6
    resumed.seek(2)
    resumed.seek(5)
    assert resumed.state_hash() == bits
    assert resumed.timeline.mismatch is None
    assert resumed.step().learning_rate is None


def test_changes_may_take_away_values_that_the_claims_of_a_file_read():
    """Only a change's own watch, log or claim is refused: the claims of the file stay unchecked."""
    preset = load_preset("identity-1-layer", ["data.validation=0"])
    assert preset.data.validation == 0
    with pytest.raises(UserError, match="val_loss has no value here"):
        load_preset("identity-1-layer", ["data.validation=0", 'watch=["val_loss"]'])
