"""`gradstep sweep`: the table, the file, what is refused, and an interrupted sweep that goes on."""

import csv
import os
import shlex
import signal
import sqlite3
import subprocess

import pytest
from command_runs import GRADSTEP, SMALL

SWEEP = """
[sweep]
until = "loss < 1"
measure = ["share(loss < prev.loss)"]
[[sweep.axis]]
key = "train.rule.learning_rate"
values = "log:0.001:0.1:3"
[[sweep.axis]]
key = "train.seed"
values = [1, 2]
labels = ["one", "two"]
"""


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_table_has_a_row_and_a_command_for_each_run(gradstep):
    done = gradstep(
        "sweep", "small.toml", "--over", "train.seed=0:2", "--over", "train.rule.learning_rate=0.05,1e30",
        "--set", "data.samples=12", "--steps", 300, "--measure", "first(loss < 1)", "--csv", "table.csv",
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert "4 runs: 2 finished, 2 diverged" in done.out
    table = rows("table.csv")
    assert [(row["train.seed"], row["train.rule.learning_rate"]) for row in table] == [
        ("0", "0.05"), ("0", "1e+30"), ("1", "0.05"), ("1", "1e+30")
    ]  # fmt: skip
    assert [row["ending"] for row in table] == ["done", "diverged"] * 2
    for row in table:
        again = gradstep(*shlex.split(row["command"])[1:], "--json")
        last = again.objects[-1]
        for name in set(last) - {"seconds"}:
            assert row[name] == ("" if last[name] is None else str(last[name])), name


@pytest.mark.parametrize("rates", ["0.05,0.06,1e30", "1e-9,0.5,1e30"])
def test_nonfinite_losses_are_counted_beside_the_distribution(gradstep, rates):
    out = gradstep("sweep", "small.toml", "--over", f"train.rule.learning_rate={rates}").out
    (spread,) = (line for line in out.splitlines() if "median" in line)
    assert spread.endswith(", 1 not finite")


ONE_MINIMUM = """\
title = "All seeds end at the one minimum"
[data]
name = "points"
inputs = [[0.1], [1.3], [2.2], [3.7], [0.9], [2.9], [1.7]]
labels = [0, 1, 0, 1, 0, 1, 1]
[network]
layers = [{ units = 2 }]
[train]
loss = "cross_entropy"
rule = { name = "gradient_descent", learning_rate = 0.3 }
dtype = "float64"
[run]
steps = 3000
[sweep]
axis = [{ key = "train.seed", values = "0:4" }]
[[claim]]
says = "A convex problem has one minimum, whatever the start."
seeds = 4
condition = "loss < 1"
measure = "loss"
"""


def test_losses_within_rounding_are_one_bar(gradstep, folder):
    """Logistic regression has one minimum; here it is 0.48101680983971932 to some ulps for each seed."""
    (folder / "one.toml").write_text(ONE_MINIMUM)
    spread = "0.481 ▕█▏ 0.481, median 0.481"
    done = gradstep("sweep", "one.toml")
    assert (done.status, done.err) == (0, "")
    assert f"loss: {spread}" in done.out.splitlines()
    checked = gradstep("check", "one.toml")
    assert (checked.status, checked.err) == (0, "")
    assert "holds for 4 of 4 seeds" in checked.out
    assert spread in checked.out


def test_sweep_table_of_a_preset_is_used(gradstep, folder):
    (folder / "own.toml").write_text(SMALL + SWEEP)
    done = gradstep("sweep", "own.toml", "--csv", "table.csv")
    assert done.status == 0
    table = rows("table.csv")
    assert [row["train.seed"] for row in table] == ["1", "2"] * 3
    assert {row["train.rule.learning_rate"] for row in table} == {"0.001", "0.01", "0.1"}
    assert all(0 <= float(row["share(loss < prev.loss)"]) <= 1 for row in table)
    assert "two" in done.out
    # what is given takes the place of what the file says
    gradstep("sweep", "own.toml", "--over", "train.seed=5", "--measure", "median(loss)", "--csv", "table.csv")
    (row,) = rows("table.csv")
    assert row["train.seed"] == "5"
    assert "median(loss)" in row
    assert "share(loss < prev.loss)" not in row


def test_all_problems_of_a_sweep_table_are_reported(gradstep, folder):
    bad = SWEEP.replace('"loss < 1"', '"los < 1"').replace("values = [1, 2]", "values = [1]\nvalue = 3")
    (folder / "bad.toml").write_text(SMALL + bad.replace("log:", "log:-"))
    done = gradstep("sweep", "bad.toml")
    assert (done.status, done.out) == (2, "")
    for text in ("sweep.axis.0.values", "above 0", "sweep.axis.1.value: unknown key 'value'"):
        assert text in done.err
    (folder / "bad.toml").write_text(
        SMALL + SWEEP.replace('"loss < 1"', '"los < 1"').replace("(loss", "(lss")
    )
    done = gradstep("sweep", "bad.toml")
    assert "sweep.until: column 1: unknown name 'los'" in done.err
    assert "sweep.measure: column 1: unknown name 'lss'" in done.err


def test_results_file_is_resumed_and_queried(gradstep):
    command = ["sweep", "small.toml", "--over", "train.seed=0:3", "--save", "kept.sweep"]
    done = gradstep(*command)
    assert (done.status, done.err.splitlines()[-1]) == (0, "kept in kept.sweep")
    again = gradstep(*command)
    assert again.status == 0
    assert "3 of 3 runs are done already: kept.sweep" in again.err
    with sqlite3.connect("kept.sweep") as db:
        found = db.execute('select "train.seed", step, ending from results order by point').fetchall()
    assert found == [(seed, 20, "done") for seed in range(3)]
    other = gradstep(*command, "--steps", "5")
    assert (other.status, other.out) == (2, "")
    assert "kept.sweep: the results of another sweep" in other.err


def test_unwritable_table_loses_no_run(gradstep):
    command = ["sweep", "small.toml", "--over", "train.seed=0:2"]
    done = gradstep(*command, "--csv", "/dev/full")
    assert done.status == 2
    assert "--csv /dev/full: cannot be written: No space left on device; the results are kept" in done.err
    assert "2 of 2 runs are done already" in gradstep(*command).err


LAYERS = ["network.layers=[{units=2},{units=2},{units=1}]", "network.layers.0.units=2,4"]


def test_columns_of_a_table_have_distinct_names(gradstep):
    over = [part for axis in (*LAYERS, "network.layers.1.units=2,8") for part in ("--over", axis)]
    done = gradstep("sweep", "small.toml", "--steps", 1, *over, "--csv", "table.csv")
    assert done.status == 0
    (head,) = (line.split() for line in done.out.splitlines() if "ended" in line)
    assert head == ["layers", "0.units", "1.units", "ended", "step", "loss"]
    done = gradstep("sweep", "small.toml", "--steps", 1, "--over", "train.loss=mse,half_mse")
    (head,) = (line.split() for line in done.out.splitlines() if "ended" in line)
    assert head == ["train.loss", "ended", "step", "loss"]
    names = list(rows("table.csv")[0])
    assert names[1:4] == ["network.layers", "network.layers.0.units", "network.layers.1.units"]
    assert len(set(names)) == len(names)


def test_axis_supplies_a_key_missing_in_the_file(gradstep, folder):
    """And the commands of the table do its runs again, from the same file."""
    (folder / "lacking.toml").write_text(SMALL.replace('loss = "mse"\n', ""))
    done = gradstep("sweep", "lacking.toml", "--over", "train.loss=mse,half_mse", "--csv", "table.csv")
    assert (done.status, done.err) == (0, "")
    for row in rows("table.csv"):
        assert str(gradstep(*shlex.split(row["command"])[1:], "--json").objects[-1]["loss"]) == row["loss"]
    done = gradstep("sweep", "lacking.toml", "--over", "train.seed=0:2")
    assert (done.status, done.err) == (2, "gradstep: lacking.toml: train.loss: missing\n")
    done = gradstep("sweep", "lacking.toml", "--over", "train.loss=mes,mse")
    assert done.err.startswith("gradstep: --over: train.loss: given 'mes'; allowed: ")


def test_values_with_the_same_problem_share_a_line(gradstep):
    rates = "--over", "train.rule.learning_rate=-1,-2,0.1,-3,-4,-5"
    done = gradstep("sweep", "small.toml", "--over", "train.seed=0:3", *rates)
    assert done.err == (
        "gradstep: sweep: train.rule.learning_rate: 5 values are wrong, the first: given -1; allowed: "
        "greater than 0\n"
    )


def test_results_file_with_the_old_loss_name_is_resumed(gradstep, folder):
    (folder / "exam.toml").write_text(
        'title = "Points"\n[data]\nname = "points"\ninputs = [[0.0], [1.0]]\nlabels = [0, 1]\n'
        '[network]\nlayers = [{ units = 2 }]\n[train]\nloss = "exam_cross_entropy"\n'
        'rule = "x"\n[run]\nsteps = 2\n'.replace('"x"', '{ name = "gradient_descent" }')
    )
    command = ["sweep", "exam.toml", "--over", "train.seed=0:2", "--save", "kept.sweep"]
    assert gradstep(*command).status == 0
    with sqlite3.connect("kept.sweep") as db:
        db.execute("update meta set value = replace(value, 'exam_cross_entropy', 'binary_cross_entropy')")
    assert "2 of 2 runs are done already" in gradstep(*command).err


def test_failed_runs_set_the_status_and_are_retried(gradstep):
    """Only a network that has units which fire or not knows dead ones; a run that diverges is a finding."""
    over = ["sweep", "small.toml", "--steps", 5, "--until", "dead > 2", "--over"]
    done = gradstep(*over, "network.layers.0.activation=linear,relu")
    assert done.status == 5
    assert "2 runs: 1 failed, 1 finished" in done.out
    assert "1 failed: dead can't be measured here" in done.out
    again = gradstep(*over, "network.layers.0.activation=linear,relu")
    assert (again.status, "1 of 2 runs are done already" in again.err) == (5, True)
    assert gradstep(*over, "network.layers.0.activation=linear").status == 5
    assert gradstep("sweep", "diverging.toml", "--over", "train.seed=0").status == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["small.toml"], "name an axis"),
        (["small.toml", "--over", "train.sed=0:3"], "did you mean 'seed'"),
        (["small.toml", "--over", "train.lr=1,2"], "did you mean 'train.rule.learning_rate'"),
        (["small.toml", "--ovr", "train.seed=0:3"], "did you mean '--over'"),
        (["small.toml", "--over", "train.seed"], "KEY=VALUES"),
        (["small.toml", "--over", "train.seed=3:3"], "an empty range"),
        (["small.toml", "--over", "train.seed=0:99999"], "99,999 values; at most 10,000"),
        (["small.toml", "--over", "train.seed=0:3", "--until", "los < 1"], "did you mean 'loss'"),
        (["small.toml", "--over", "train.seed=0:3", "--measure", "mdian(loss)"], "did you mean 'median'"),
        (["small.toml", "--over", "train.seed=0:3", "--jobs", "0"], "--jobs: given 0"),
        (["small.toml", "--over", "train.seed=0:3", "--csv", "no/where.csv"], "--csv no/where.csv"),
        (["small.toml", "--over", "train.seed=0:3", "--save", "small.toml"], "no file of a sweep's results"),
        (["small.toml", "--over", "train.seed=0:3", "--save", "."], "'.', a folder"),
        (["small.toml", "--over", "train.seed=0:3", "--steps", "-1"], "--steps: given '-1'"),
        (["nothing", "--over", "train.seed=0:3"], "no such preset"),
    ],
)
def test_bad_input(gradstep, arguments, says):
    done = gradstep("sweep", *arguments)
    assert (done.status, done.out) == (2, "")
    assert says in done.err
    assert "processes" not in done.err


def test_interrupted_sweep_keeps_finished_runs(folder, wait_for):
    command = [str(GRADSTEP), "sweep", "small.toml", "--over", "train.seed=0:10", "--steps", "2000"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    kept = folder / "data" / "gradstep" / "sweeps"

    def finished():
        """some runs are finished"""
        files = list(kept.glob("*.sweep"))
        if not files:
            return 0
        with sqlite3.connect(f"file:{files[0]}?mode=ro", uri=True) as db:
            there = db.execute("select count(*) from sqlite_master where name = 'results'").fetchone()[0]
            return db.execute("select count(*) from results").fetchone()[0] if there else 0

    wait_for(finished, 60.0)
    os.killpg(running.pid, signal.SIGINT)  # as the terminal does: to all of its processes
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert "Traceback" not in said
    count = int(said.partition("interrupted: ")[2].split()[0])
    assert 1 <= count < 10
    assert finished() == count
    assert said.splitlines()[-1].strip() == "gradstep sweep small.toml --steps 2000 --over train.seed=0:10"
    again = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert f"{count} of 10 runs are done already" in again.stderr
    assert "10 runs: 10 finished" in again.stdout
    assert not list(kept.iterdir())
