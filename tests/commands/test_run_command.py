"""`gradstep run`: its records, its summary, where it stops and what it says of a mistake."""

import csv
import math

import pytest
import torch
from command_runs import LINEAR_4_SHRUNKEN

from gradstep.engine.config.files import load_preset
from gradstep.engine.records.record import FIELDS
from gradstep.engine.runs.one_run import do
from gradstep.engine.runs.result import Job


def finite_or_spelled(value):
    return value is None or value in ("NaN", "Infinity", "-Infinity") or math.isfinite(value)


# --- records ----------------------------------------------------------------------------------------


def test_json_has_an_object_for_each_position(gradstep):
    done = gradstep("run", "linear-1-layer", "--steps", 200, "--json")
    assert (done.status, done.err) == (0, "")
    assert [record["step"] for record in done.objects] == list(range(201))
    assert all(tuple(record) == FIELDS for record in done.objects)
    assert done.objects[0]["update_norm"] is None
    assert done.objects[0]["accuracy"] is not None
    assert done.objects[-1]["loss"] == pytest.approx(26.6, rel=0.01)


def test_nonfinite_loss_is_spelled_and_ends_the_run(gradstep):
    rate = ["--set", "train.rule.learning_rate=1e20"]
    done = gradstep("run", *LINEAR_4_SHRUNKEN, *rate, "--steps", 50, "--json")
    assert done.status == 3
    assert "not finite" in done.err or "diverged" in done.err
    records = done.objects
    assert records[-1]["loss"] in ("NaN", "Infinity")
    assert all(isinstance(record["loss"], float) for record in records[:-1])
    assert all(finite_or_spelled(value) for record in records for value in record.values())
    assert len(records) < 51


def test_csv_has_the_same_numbers(gradstep, folder):
    done = gradstep("run", "small.toml", "--csv", "x.csv")
    assert done.status == 0
    assert "A small run" in done.out
    wanted = gradstep("run", "small.toml", "--json").objects
    with (folder / "x.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(wanted) == 21
    for row, record in zip(rows, wanted, strict=True):
        assert list(row) == list(FIELDS)
        for name in FIELDS:
            if name != "seconds":
                assert row[name] == ("" if record[name] is None else str(record[name]))


def test_no_steps_print_the_initial_state(gradstep):
    done = gradstep("run", "small.toml", "--steps", 0, "--json")
    assert done.status == 0
    assert [record["step"] for record in done.objects] == [0]


def test_epochs(gradstep):
    done = gradstep("run", "small.toml", "--epochs", 2, "--set", "train.batch=10", "--json")
    assert [record["epoch"] for record in done.objects] == [0, 0, 0, 1, 1, 1, 2]
    assert [record["epoch_loss"] is not None for record in done.objects] == [False] * 3 + [
        True,
        False,
        False,
        True,
    ]


def test_set_changes_the_run(gradstep):
    rates = ["--set", "train.rule.learning_rate=0.01", "--set", "train.seed=4"]
    changed = gradstep("run", "small.toml", *rates, "--steps", 3, "--json").objects
    plain = gradstep("run", "small.toml", "--steps", 3, "--json").objects
    assert {record["learning_rate"] for record in changed} == {0.01}
    assert changed[0]["loss"] != plain[0]["loss"]


# --- the summary ------------------------------------------------------------------------------------


def test_the_summary_is_on_stdout_and_nothing_else_on_stderr(gradstep):
    done = gradstep("run", "small.toml")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "A small run"
    assert [line.split() for line in lines if line.split()[0] == "step"] == [["step", "0", "20"]]
    fields = [line.split()[0] for line in lines[3:]]
    assert fields == [name for name in FIELDS if name in fields]
    assert "val_loss" not in fields
    assert "epoch_loss" in fields


def test_title_is_shown_verbatim(gradstep, folder):
    text = (folder / "small.toml").read_text()
    (folder / "odd.toml").write_text(text.replace("A small run", "[/] [red]x :smile: \\u001b[2J"))
    done = gradstep("run", "odd.toml", "--steps", 1)
    assert done.status == 0
    assert done.out.startswith("[/] [red]x :smile: ")
    assert "\x1b" not in done.out


# --- where it stops ---------------------------------------------------------------------------------


def test_until_met(gradstep):
    done = gradstep("run", "small.toml", "--until", "step >= 3 and loss < prev.loss", "--json")
    assert done.status == 0
    assert done.objects[-1]["step"] == 3
    assert done.err.startswith("step 3: step >= 3 and loss < prev.loss   (step = 3")


def test_until_starts_at_the_next_position(gradstep):
    assert gradstep("run", "small.toml", "--until", "step >= 0", "--json").objects[-1]["step"] == 1


def test_until_not_met(gradstep):
    done = gradstep("run", "small.toml", "--until", "loss < 0")
    assert done.status == 4
    assert done.err == "`loss < 0` was never true from step 1 to step 20\n"


def test_until_without_a_value_in_few_steps(gradstep):
    done = gradstep("run", "small.toml", "--until", "ago(loss, 100) > 0")
    assert (done.status, done.err) == (4, "`ago(loss, 100) > 0` had no value from step 1 to step 20\n")
    done = gradstep("run", "small.toml", "--steps", 0, "--until", "loss < 0")
    assert (done.status, done.err) == (4, "`loss < 0` was not checked: no step was done\n")


@pytest.mark.parametrize(
    ("condition", "why"),
    [("val_loss > 1", "no validation set"), ("mape > 1", "classes"), ("prev.max_error > 1", "classes")],
)
def test_until_that_can_never_have_a_value_is_refused(gradstep, folder, condition, why):
    """Before anything is written: the example has one labelled point and no validation set."""
    for command in (["run", "--save", "x.gradstep", "--csv", "x.csv"], ["sweep", "--over", "train.seed=0:2"]):
        done = gradstep(command[0], "exam-ce-a", *command[1:], "--until", condition)
        assert done.status == 2
        assert why in done.err
        assert "no value here" in done.err
    assert not (folder / "x.gradstep").exists()
    assert not (folder / "x.csv").exists()


def test_counts_are_whole_numbers(gradstep):
    done = gradstep("run", "exam-two-points", "--steps", 3, "--until", "step == 2 and train_mistakes >= 0")
    assert done.err.endswith("(step = 2, train_mistakes = 2)\n")
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines() if line.split()}
    assert rows["step"] == ["0", "2"]
    assert rows["mistakes"] == ["1", "2"]
    assert rows["train_mistakes"] == ["1", "2"]
    sweep = gradstep(
        *("sweep", "exam-two-points", "--over", "train.seed=0:2", "--steps", 3),
        *("--measure", "mistakes + 0.5", "--measure", "median(mistakes)", "--measure", "count(loss > 0)"),
    )
    # 1, 2, 2, 1 mistakes: half of a count is none, and the median lies between two
    assert ["0", "finished", "3", "1.500", "1.500", "4"] in [
        [word for at, word in enumerate(line.split()) if at != 3] for line in sweep.out.splitlines()
    ]


def test_divergence_takes_precedence_over_until(gradstep):
    assert gradstep("run", "diverging.toml", "--until", "loss < 0").status == 3
    done = gradstep("run", "diverging.toml", "--until", "not finite(loss)")
    assert done.status == 0


# --- mistakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["linear-1-layr"], ["linear-1-layr", "no such preset or file"]),
        (["no/such.toml"], ["no/such.toml", "no such preset or file"]),
        (["x" * 300], ["x" * 300]),
        ([], ["either a preset or --from a session"]),
        (["small.toml", "--from", "x"], ["either a preset or --from a session"]),
        (["--from", ""], ["no such session"]),
        (["--from", "nothing@3"], ["nothing: no such session"]),
        (["--from", "nothing@three"], ["give a position after @"]),
        (["small.toml", "--steps", "-1"], ["--steps: given '-1'", "0 or more"]),
        (["small.toml", "--epochs", "-2"], ["--epochs: given '-2'"]),
        (["small.toml", "--steps", "many"], ["--steps", "'many'"]),
        (["small.toml", "--steps", "1", "--epochs", "1"], ["--epochs", "not allowed with", "--steps"]),
        (["small.toml", "--json", "--csv", "x"], ["not allowed with"]),
        (["small.toml", "--set", "train.sed=3"], ["train.sed", "did you mean", "seed"]),
        (["small.toml", "--set", "train.seed=-1"], ["train.seed", "given -1"]),
        (["small.toml", "--set", "train.seed"], ["'train.seed'", "key=value"]),
        (["small.toml", "--set", "train.loss=mze"], ["train.loss", "'mze'", "'mse'"]),
        (["small.toml", "--set", "run.steps="], ["run.steps"]),
        (["small.toml", "--until", "los > 1"], ["column 1", "did you mean 'loss'"]),
        (["small.toml", "--until", ""], ["nothing is here"]),
        (["small.toml", "--csv", "no/such/folder.csv"], ["no/such/folder.csv", "cannot be written"]),
        (["small.toml", "--csv", ""], ["--csv: given '', a folder"]),
        (["small.toml", "--save", "small.toml"], ["small.toml", "there is a file already"]),
        (["small.toml", "--save", "/"], ["--save: given '/', a folder"]),
        (["small.toml", "--set", "train.lr=3"], ["'lr'", "did you mean 'train.rule.learning_rate'"]),
        (["small.toml", "--set", "seed=3"], ["did you mean 'train.seed'"]),
        (["small.toml", "--set", "train.rule.momentum=0.9"], ["'momentum'; allowed: learning_rate, name\n"]),
        (["small.toml", "--bogus"], ["--bogus\n"]),
        (["small.toml", "--seed", "3"], ["did you mean --set train.seed=VALUE?"]),
        (["small.toml", "--lr=3"], ["did you mean --set train.rule.learning_rate=VALUE?"]),
        (["small.toml", "--stepz", "3"], ["--stepz 3; did you mean '--steps'?"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_bad_input(gradstep, folder, arguments, texts):
    before = sorted(folder.iterdir())
    done = gradstep("run", *arguments)
    assert (done.status, done.out) == (2, "")
    assert all(text in done.err for text in texts), done.err
    assert sorted(folder.iterdir()) == before


def test_all_problems_are_reported_at_once(gradstep):
    mistakes = ["train.seed=-1", "train.batch=0", "train.rule.learning_rate=fast"]
    given = [part for mistake in mistakes for part in ("--set", mistake)]
    done = gradstep("run", "small.toml", *given)
    assert done.status == 2
    for text in ("train.seed: given -1", "train.batch: given 0", "learning_rate", "'fast'"):
        assert text in done.err


def test_preset_without_a_length_needs_one(gradstep, folder):
    (folder / "endless.toml").write_text((folder / "small.toml").read_text().replace("steps = 20", ""))
    done = gradstep("run", "endless.toml")
    assert done.status == 2
    assert "give --steps or --epochs" in done.err
    assert gradstep("run", "endless.toml", "--steps", 2).status == 0


def test_bad_file_is_named_with_all_its_problems(gradstep, folder):
    text = (folder / "small.toml").read_text().replace('"ramp"', '"rampp"').replace("[run]", "[rum]")
    (folder / "bad.toml").write_text(text)
    done = gradstep("run", "bad.toml")
    assert done.status == 2
    for line in done.err.removeprefix("gradstep: ").splitlines():
        assert line.startswith("bad.toml: ")
    assert "'rampp'" in done.err
    assert "rum" in done.err


def test_control_characters_of_a_file_are_removed(gradstep, folder):
    text = (folder / "small.toml").read_text()
    (folder / "odd.toml").write_text(text.replace('name = "ramp"', 'name = "\\u001b]0;gotcha\\u0007"'))
    done = gradstep("run", "odd.toml")
    assert done.status == 2
    assert not {"\x1b", "\x07"} & set(done.err)


# --- saved runs -------------------------------------------------------------------------------------


@pytest.fixture
def saved(gradstep, folder):
    assert gradstep("run", "small.toml", "--save", "run.gradstep").status == 0
    return folder / "run.gradstep"


def without_seconds(records):
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


def test_run_from_a_session_equals_the_longer_run(gradstep, saved):
    done = gradstep("run", "--from", saved, "--steps", 10, "--json")
    assert (done.status, done.err) == (0, "")
    longer = gradstep("run", "small.toml", "--steps", 30, "--json")
    assert without_seconds(done.objects) == without_seconds(longer.objects[20:])


def test_session_is_not_accepted_as_a_preset(gradstep, saved):
    done = gradstep("run", "run.gradstep")
    assert done.status == 2
    assert "this is no preset" in done.err
    assert "`gradstep run --from run.gradstep` goes on from it" in done.err


def test_run_from_a_position(gradstep, saved):
    done = gradstep("run", "--from", f"{saved}@7", "--json")
    whole = gradstep("run", "small.toml", "--json")
    assert without_seconds(done.objects) == without_seconds(whole.objects[7:])


def test_run_from_a_position_with_another_rate_forks(gradstep, saved, folder):
    rate = ["--set", "train.rule.learning_rate=0.01"]
    done = gradstep("run", "--from", f"{saved}@7", *rate, "--steps", 5, "--json", "--save", "fork.gradstep")
    assert done.status == 0
    assert [record["step"] for record in done.objects] == list(range(7, 13))
    assert {record["learning_rate"] for record in done.objects} == {0.01}
    old = gradstep("export", saved, "--json").objects
    assert done.objects[0]["loss"] == old[7]["loss"]
    assert done.objects[1]["loss"] == old[8]["loss"] or done.objects[2]["loss"] != old[9]["loss"]
    assert len(old) == 21, "the saved session is left as it is"
    forked = gradstep("export", "fork.gradstep", "--json").objects
    assert forked[7:] == done.objects
    assert without_seconds(gradstep("export", "fork.gradstep", "--branch", "main", "--json").objects) == (
        without_seconds(old)
    )


@pytest.mark.parametrize(
    ("suffix", "arguments", "texts"),
    [
        ("@99", [], ["@99", "last position is 20"]),
        ("@", [], ["give a position after @"]),
        ("@x", [], ["give a position after @"]),
        ("@-1", [], ["give a position after @"]),
        ("@" + "9" * 5000, [], ["name too long"]),
        ("", ["--steps", "-3"], ["--steps", "given '-3'", "0 or more"]),
        ("", ["--epochs", "-3"], ["--epochs", "given '-3'", "0 or more"]),
        ("", ["--set", "train.seed=1"], ["train.seed", "needs a new run"]),
        ("", ["--set", "train.rule.learning_rate=-1"], ["learning_rate", "given -1"]),
        ("", ["--save", "run.gradstep"], ["there is a file already"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_arguments_of_from(gradstep, saved, suffix, arguments, texts):
    done = gradstep("run", "--from", f"{saved}{suffix}", *arguments)
    assert done.status == 2
    assert all(text in done.err for text in texts), done.err
    assert len(gradstep("export", saved, "--json").objects) == 21


def test_file_name_with_an_at_sign(gradstep, saved):
    renamed = saved.rename(saved.with_name("me@home.gradstep"))
    assert gradstep("run", "--from", renamed, "--steps", 1).status == 0
    assert gradstep("run", "--from", f"{renamed}@3", "--steps", 1, "--json").objects[0]["step"] == 3


def test_run_saved_to_a_missing_folder(gradstep, folder):
    done = gradstep("run", "small.toml", "--save", "no/such/run.gradstep")
    assert (done.status, done.err) == (0, "saved; `gradstep no/such/run.gradstep` resumes it\n")
    assert (folder / "no" / "such" / "run.gradstep").exists()


def test_until_measures_its_quantities(gradstep):
    found = gradstep(
        "run", "identity-dying-relu", "--set", "measure={}", "--set", "claim=[]", "--until", "dead > 0.5"
    )
    assert found.status == 0
    assert "dead = 1" in found.err
    assert any(line.split()[0] == "dead" for line in found.out.splitlines()), found.out
    refused = gradstep("run", "linear-1-layer", "--until", "dead > 0.5")
    assert refused.status == 2
    assert "relu" in refused.err


def test_summary_has_measured_quantities(gradstep):
    shown = gradstep("run", "linear-condition", "--steps", "0").out
    assert any(line.split() == ["data_rank", "2", "2"] for line in shown.splitlines()), shown


def test_summary_names_the_step_of_a_value(gradstep):
    shown = gradstep("run", "linear-condition", "--steps", "1").out
    rows = [line.split() for line in shown.splitlines()]
    assert ["data_rank", "2", "at", "step", "0:", "2"] in rows, shown


def test_measured_quantities_are_written_beside_the_fields(gradstep, folder):
    """In a linear network of one unit no two units are alike, and its four weights have rank 1."""
    measure = ["--set", "measure={'distinct[1]'=2, 'case_loss[99]'=1}", "--until", "rank[1] > 1"]
    done = gradstep("run", "small.toml", *measure, "--steps", 3, "--json", "--save", "run.gradstep")
    assert done.status == 4
    assert "case_loss[99] can't be measured here" in done.err
    assert all(tuple(row) == (*FIELDS, "distinct[1]", "case_loss[99]", "rank[1]") for row in done.objects)
    assert [row["distinct[1]"] for row in done.objects] == [1, None, 1, None]
    assert [row["case_loss[99]"] for row in done.objects] == [None] * 4
    assert [row["rank[1]"] for row in done.objects] == [1] * 4
    assert gradstep("export", "run.gradstep", "--json").objects == done.objects
    assert gradstep("run", "--from", "run.gradstep@2", "--steps", 0, "--json").objects == done.objects[2:3]
    assert gradstep("export", "run.gradstep", "--csv", "x.csv").status == 0
    with (folder / "x.csv").open(newline="", encoding="utf-8") as file:
        assert [row["distinct[1]"] for row in csv.DictReader(file)] == ["1", "", "1", ""]


def test_out_of_memory_is_a_sentence(gradstep, monkeypatch):
    """torch's own error for more bytes than a processor can address."""
    monkeypatch.setattr("gradstep.engine.training.build.DenseModel", lambda *_: torch.empty(10**15))
    done = gradstep("run", "small.toml")
    assert (done.status, done.err) == (2, "gradstep: this needs more memory than there is\n")
    result = do(Job(0, load_preset("small.toml", ["train.threads=1"])), lambda *_: None)
    assert (result.ending, result.reason) == ("failed", "this needs more memory than there is")
