"""A preset file with --set: the changes come first, and what they make of the file is judged."""

import pytest

from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset

TEXT = """
title = "A preset"
[data]
name = "digits"
samples = 100
[network]
layers = [{ units = 8, activation = "tanh" }, { units = 10 }]
[train]
loss = "cross_entropy"
rule = { name = "momentum", learning_rate = 0.1 }
batch = 32
[run]
steps = 20
"""


@pytest.fixture
def load(tmp_path):
    """Load the text with one part replaced, and changes applied."""

    def load(old, new, *changes, **options):
        assert old in TEXT
        (tmp_path / "mine.toml").write_text(TEXT.replace(old, new, 1))
        return load_preset(tmp_path / "mine.toml", changes, **options)

    return load


@pytest.fixture
def lines(load, tmp_path):
    """The lines of the error, with the file named as it is in its folder."""

    def lines(*arguments, **options):
        with pytest.raises(ConfigError) as caught:
            load(*arguments, **options)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return lines


MENDED = {
    "a loss that is not there": ('"cross_entropy"', '"bce"', ["train.loss=cross_entropy"]),
    "no loss": ('loss = "cross_entropy"\n', "", ["train.loss=cross_entropy"]),
    "no title": ('title = "A preset"\n', "", ["title=A preset"]),
    "a last layer that does not fit": ("units = 10", "units = 9", ["network.layers.1.units=10"]),
    "the same, from the end": ("units = 10", "units = 9", ["network.layers.-1.units=10"]),
    "a bad number": ("learning_rate = 0.1", "learning_rate = -1", ["train.rule.learning_rate=0.1"]),
    "no such rule": ('"momentum"', '"sgd"', ["train.rule.name=momentum"]),
    "a rule without a name": ('name = "momentum", ', "", ["train.rule.name=momentum"]),
    "no data": ('[data]\nname = "digits"\nsamples = 100\n', "", ["data.name=digits", "data.samples=100"]),
    "a number for a list": ('title = "A preset"', 'title = "A preset"\nclaim = 3', ["claim=[]"]),
    "wrong entries": ("[data]", "watch = ['x', 'x', 'x', 'x', 'x']\n[data]", ["watch=['loss', 'accuracy']"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MENDED)
def test_a_file_that_is_valid_with_its_changes_is_accepted(load, mistake):
    old, new, changes = MENDED[mistake]
    with pytest.raises(ConfigError):
        load(old, new)
    assert load(old, new, *changes) == load("A preset", "A preset")


def test_an_empty_file_takes_every_key_from_changes(tmp_path):
    (tmp_path / "mine.toml").write_text("")
    data, rule = "data={name='digits',samples=100}", "rule={name='momentum'}"
    layers = "network.layers=[{units=10}]"
    preset = load_preset(
        tmp_path / "mine.toml", ["title=x", data, layers, f"train={{loss='cross_entropy',{rule}}}"]
    )
    assert preset.train.rule.name == "momentum"


def test_problems_name_the_file_or_the_change(lines):
    old, new = (
        "samples = 100\n[network]\nlayers = [{ units = 8",
        "samples = -1\n[network]\nlayers = [{ units = 0",
    )
    assert lines(old, new, "train.seed=-3") == [
        "mine.toml: data.samples: given -1; allowed: greater than or equal to 1",
        "mine.toml: network.layers.0.units: given 0; allowed: greater than or equal to 1",
        "--set: train.seed: given -3; allowed: greater than or equal to 0",
    ]
    found = lines("samples = 100", "samples = -1", "data.samples=-2")
    assert found == ["--set: data.samples: given -2; allowed: greater than or equal to 1"]
    # the file is fine: whatever is wrong comes from the change
    (found,) = lines("A preset", "A preset", "data.target=input")[:1]
    assert found.startswith("--set: network.layers: the last layer has 10 units; the target 'input'")


def test_all_problems_are_reported_at_once(lines):
    found = lines("samples = 100", "sample = 100", "train.sed=3", "titel=x", "train.seed=4")
    assert [line.partition("; ")[0] for line in found] == [
        "--set: train.sed: unknown key 'sed'",
        "--set: titel: unknown key 'titel'",
        "mine.toml: data.sample: unknown key 'sample'",
    ]


def test_combined_problems_name_file_and_change(lines):
    """Without its loss the file's layers are not judged; with it, its layer and the changed target misfit."""
    found = lines('loss = "cross_entropy"\n', "", "train.loss=mse", "data.target=input")
    assert found == [
        "mine.toml with --set: network.layers: the last layer has 10 units; the target 'input' of 'digits' "
        "needs 784"
    ]


def test_a_new_name_keeps_the_file_s_misspelt_key(lines):
    (found,) = lines("samples = 100", "smaples = 100", "data.name=mnist")
    assert found.startswith("mine.toml: data.smaples: unknown key 'smaples'")


def test_a_new_name_drops_the_old_kind_s_keys(load):
    assert (
        load(
            "learning_rate = 0.1", "learning_rate = 0.1, momentum = 0.5", "train.rule.name=adam"
        ).train.rule.beta1
        == 0.9
    )


def test_an_axis_may_give_what_the_file_lacks(load, lines):
    over = {"train.rule.learning_rate": 0.2, "train.loss": "mse"}
    preset = load('loss = "cross_entropy"\n', "", over=over)
    assert (preset.train.loss, preset.train.rule.learning_rate) == ("mse", 0.2)
    # a file that needs no help is not changed
    assert load("A preset", "A preset", over=over).train.rule.learning_rate == 0.1
    (found,) = lines('loss = "cross_entropy"\n', "", over={"train.loss": "mes"})
    assert found.startswith("--over: train.loss: given 'mes'")
