"""`gradstep help`: topics printed from the tables of the code, complete and without torch."""

import subprocess
import sys
from typing import get_args

import pytest

from gradstep.engine.conditions import aggregates, language
from gradstep.engine.conditions.breakpoints import READY
from gradstep.engine.config.files import load_preset, preset_names
from gradstep.engine.config.network import ACTIVATION_FORMULAS, Activation, Network
from gradstep.engine.config.run import LOSS_FORMULAS, LossName, RunConfig, Train
from gradstep.engine.config.schema import names_of, tables_in
from gradstep.engine.records.quantities import QUANTITIES
from gradstep.engine.records.record import FIELD_SAYS, FIELDS
from gradstep.engine.training.rules.stability import FORMULAS
from gradstep.tui.actions import keys_table
from gradstep.tui.commands.exit_status import Exit
from gradstep.tui.commands.help import TOPICS


def names(model, key):
    return [name for table in tables_in(model.model_fields[key].annotation) for name in names_of(table)]


NAMED = {
    "conditions": [*language.SAYS, *aggregates.SAYS, *READY, *READY.values()],
    "fields": FIELDS,
    "quantities": [quantity.form for quantity in QUANTITIES.values()],
    "losses": get_args(LossName),
    "rules": [*names(Train, "rule"), *(each.format("η") for each in FORMULAS.values())],
    "initialisers": names(Network, "initialiser"),
    "activations": get_args(Activation),
    "sweep": [name for name in preset_names() if load_preset(name).sweep],
    "exit-status": [str(int(status)) for status in Exit],
    "keys": [heading for heading, _ in keys_table()],
    "data": [*names(RunConfig, "data"), "mnist.npz"],
}


def test_without_topic_lists_topics(gradstep):
    done = gradstep("help")
    assert (done.status, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == list(TOPICS) == list(NAMED)


@pytest.mark.parametrize("topic", TOPICS)
def test_topic_names_everything(gradstep, topic):
    done = gradstep("help", topic)
    assert (done.status, done.err) == (0, "")
    assert [name for name in NAMED[topic] if name not in done.out] == []
    assert all(line == line.rstrip() for line in done.out.splitlines())


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("columns", [1, 60, 80])
def test_topic_fits_the_terminal(gradstep, topic, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = gradstep("help", topic).out.splitlines()
    assert [line for line in lines if len(line) > max(60, columns) and not line.startswith("    ")] == []


def test_tables_have_a_sentence_for_each_name():
    assert list(FIELD_SAYS) == list(FIELDS)
    assert set(LOSS_FORMULAS) == set(get_args(LossName))
    assert set(ACTIVATION_FORMULAS) == set(get_args(Activation))
    assert set(FORMULAS) < set(names(Train, "rule"))
    for model, key in ((Train, "rule"), (Network, "initialiser"), (RunConfig, "data")):
        assert [table for table in tables_in(model.model_fields[key].annotation) if not table.__doc__] == []


@pytest.mark.parametrize("text", language.SAYS)
def test_examples_of_the_language_are_conditions(text):
    try:
        language.parse_condition(text)
    except language.ConditionError:
        language.parse_number(text)


def test_examples_show_all_of_the_language():
    said = " ".join([*language.SAYS, *language.SAYS.values()])
    words = {*language._FUNCTIONS, *language._WINDOWED, *language._COMPARISONS.values()}
    assert [word for word in words if word not in said] == []
    assert [each.partition("(")[0] for each in aggregates.SAYS] == list(aggregates.AGGREGATES)
    for text in aggregates.SAYS:
        aggregates.parse_number_of_run(text)


@pytest.mark.parametrize("command", ["run", "export"])
def test_command_as_topic_is_its_help(gradstep, command):
    assert gradstep("help", command).out == gradstep(command, "--help").out


def test_unknown_topic(gradstep):
    done = gradstep("help", "ruls")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("gradstep: help: no topic 'ruls'; there are conditions, fields,")
    assert done.err.endswith("did you mean 'rules'?\n")


def test_neither_help_nor_completion_loads_torch(folder):
    code = (
        "import sys; from gradstep.tui.cli import main; from gradstep.tui.commands.help import TOPICS\n"
        "assert not any(main(['help', topic]) for topic in TOPICS); main(['completion', 'zsh'])\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
