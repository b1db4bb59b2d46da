"""Changes of a preset by dotted keys: `--set`, and the values of a form."""

import pytest
from config_texts import EVERYTHING, SMALLEST, parse

from gradstep.engine.config.changes import changed, override, parse_value
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset


@pytest.fixture
def smallest():
    return parse(SMALLEST)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("true", True),
        ('"a b"', "a b"),
        ("adam", "adam"),
        (" adam ", "adam"),
        ("[1, 2]", [1, 2]),
        ("{ units = 3 }", {"units": 3}),
        ("a=b", "a=b"),
        ("", ""),
        ("1\nb = 2", "1\nb = 2"),
        ("1\n[value2]", "1\n[value2]"),
    ],
)
def test_values(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_overriding(smallest):
    preset = override(
        smallest,
        [
            "train.seed=3",
            "train.batch=10",
            "network.layers.0.activation=tanh",
            'title="New = better"',
            " data.samples = 12 ",
        ],
    )
    assert preset.train.seed == 3
    assert preset.train.batch == 10
    assert preset.network.layers[0].activation == "tanh"
    assert preset.title == "New = better"
    assert preset.data.samples == 12
    assert smallest.train.seed == 0
    assert preset.name == "test"


def test_the_last_assignment_wins(smallest):
    assert override(smallest, ["train.seed=3", "train.seed=4"]).train.seed == 4


def test_a_new_rule_keeps_shared_keys():
    preset = override(parse(EVERYTHING), ["train.rule.name=adam"])
    # learning_rate = 0.05 is kept, momentum is dropped, the rest are Adam's defaults
    assert preset.train.rule.model_dump() == {
        "name": "adam",
        "learning_rate": 0.05,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
    }
    back = override(preset, ["train.rule.name=momentum"])
    assert back.train.rule.momentum == 0.9


def test_a_rule_and_its_constants_at_once():
    preset = override(parse(EVERYTHING), ["train.rule.name=adam", "train.rule.beta1=0.8"])
    assert (preset.train.rule.beta1, preset.train.rule.learning_rate) == (0.8, 0.05)


def test_a_rule_as_a_table(smallest):
    rule = override(smallest, ['train.rule={ name = "nesterov", learning_rate = 0.3 }']).train.rule
    assert (rule.name, rule.learning_rate, rule.momentum) == ("nesterov", 0.3, 0.9)


def test_the_initialisers_table_through_its_short_form():
    preset = parse(SMALLEST.replace("[train]", 'initialiser = "torch"\n[train]'))
    preset = override(preset, ["network.initialiser.name=normal", "network.initialiser.std=2"])
    assert preset.network.initialiser.std == 2.0


def test_initialiser_not_written_in_the_file(smallest):
    preset = override(smallest, ["network.initialiser.name=constant", "network.initialiser.value=3"])
    assert preset.network.initialiser.value == 3.0


def test_a_layer_and_all_layers(smallest):
    preset = override(smallest, ["network.layers=[{units=4},{units=3},{units=1}]"])
    assert [layer.units for layer in preset.network.layers] == [4, 3, 1]
    preset = override(preset, ["network.layers.1.units=9"])
    assert [layer.units for layer in preset.network.layers] == [4, 9, 1]


def test_steps_replace_epochs_and_the_other_way_round():
    preset = parse(EVERYTHING)
    steps = override(preset, ["run.steps=5"])
    assert (steps.run.steps, steps.run.epochs) == (5, None)
    epochs = override(steps, ["run.epochs=2"])
    assert (epochs.run.steps, epochs.run.epochs) == (None, 2)


def test_none_removes_a_key():
    preset = changed(parse(EVERYTHING), {"train.clip_norm": None, "data.samples": None, "train.seed": None})
    assert preset.train.clip_norm is None
    assert preset.data.samples is None
    assert preset.train.seed == 0
    again = changed(preset, {"train.clip_norm": None})
    assert again.train.clip_norm is None


def test_changing_nothing_changes_nothing():
    preset = parse(EVERYTHING)
    assert changed(preset, {}) == preset
    assert override(preset, []) == preset


def test_measured_quantities_can_be_set():
    preset = override(load_preset("linear-1-layer"), ["measure.sharpness=5", "measure.dead[1]=2"])
    assert preset.measure == {"sharpness": 5, "dead[1]": 2}
    assert load_preset("linear-1-layer").measure == {}
    with pytest.raises(ConfigError, match=r"unknown quantity 'sharpnes'.*did you mean 'sharpness'"):
        override(load_preset("linear-1-layer"), ["measure.sharpnes=5"])
