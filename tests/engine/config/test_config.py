"""Run configs: defaults, TOML both ways, overrides, the settings of a form."""

import dataclasses

import pytest
import tomli_w
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gradstep.engine.config.changes import changed, is_live, override, parse_value
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset, parse_preset, preset_names, to_toml
from gradstep.engine.config.form import settings
from gradstep.engine.config.preset import Preset

SMALLEST = """
title = "Smallest"
[data]
name = "ramp"
[network]
layers = [{ units = 1 }]
[train]
loss = "mse"
rule = { name = "gradient_descent" }
"""
EVERYTHING = """
title = "Everything"
document = "exam"
question = "Is it all kept?"
watch = ["loss", "mistakes", "val_loss", "grad_norm"]
[data]
name = "mnist"
target = "label"
scale = "standard"
samples = 100
validation = 50
[network]
layers = [{ units = 5, activation = "leaky_relu" }, { units = 10 }]
initialiser = { name = "normal", mean = 0.5, std = 0.25 }
bias = false
[train]
loss = "exam_cross_entropy"
rule = { name = "momentum", learning_rate = 0.05, momentum = 0.5 }
clip_norm = 2.5
batch = 32
shuffle = false
seed = 9
dtype = "float64"
device = "auto"
threads = 2
validate_every = 7
[run]
epochs = 3
[[claim]]
says = "The loss falls."
source = "a comment"
always = "loss < prev.loss"
within = 10
expect = "refuted"
[[claim]]
says = "It is low in the end."
at = 9
condition = "loss < 1"
"""


def parse(text, overrides=()):
    return parse_preset(text, name="test", source="test.toml", overrides=overrides)


@pytest.fixture
def smallest():
    return parse(SMALLEST)


def test_defaults(smallest):
    """DESIGN.md ("Presets"), and the constants of the issue."""
    assert smallest.name == "test"
    assert smallest.data.model_dump() == {
        "name": "ramp",
        "target": "index",
        "scale": "raw",
        "samples": 1500,
        "length": 100,
    }
    assert smallest.network.layers[0].activation == "linear"
    assert smallest.network.initialiser.name == "torch"
    assert smallest.network.bias is True
    train = smallest.train
    assert (train.batch, train.shuffle, train.seed, train.dtype) == ("all", True, 0, "float32")
    assert (train.device, train.threads, train.clip_norm, train.validate_every) == ("cpu", "auto", None, None)


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        # FACTS.md, "Formulas"; torch.optim's own defaults
        ("rmsprop_keras2", {"learning_rate": 1e-3, "rho": 0.9, "epsilon": 1e-7}),
        ("rmsprop_keras3", {"learning_rate": 1e-3, "rho": 0.9, "epsilon": 1e-7}),
        ("rmsprop_torch", {"learning_rate": 1e-2, "rho": 0.99, "epsilon": 1e-8}),
        ("adam", {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
    ],
)
def test_the_rules_own_constants(name, constants):
    rule = parse(SMALLEST.replace("gradient_descent", name)).train.rule
    assert rule.model_dump() == {"name": name, **constants}


def test_everything_is_read():
    preset = parse(EVERYTHING)
    assert preset.data.samples == 100
    assert [layer.units for layer in preset.network.layers] == [5, 10]
    assert preset.network.initialiser.std == 0.25
    assert preset.train.rule.momentum == 0.5
    assert preset.run.epochs == 3
    assert preset.claim[0].expect == "refuted"
    assert (preset.claim[1].at, preset.claim[1].condition) == (9, "loss < 1")


@pytest.mark.parametrize("text", [SMALLEST, EVERYTHING], ids=["smallest", "everything"])
def test_to_toml_and_back(text):
    preset = parse(text)
    again = parse(to_toml(preset))
    assert again == preset
    assert to_toml(again) == to_toml(preset)


@pytest.mark.parametrize("name", preset_names())
def test_shipped_presets_to_toml_and_back(name):
    preset = load_preset(name)
    assert preset.name == name
    assert parse_preset(to_toml(preset), name=name, source="again") == preset


def test_defaults_are_written_out(smallest):
    """DESIGN.md: a default is written out when a config is saved."""
    text = to_toml(smallest)
    for line in ('dtype = "float32"', "samples = 1500", 'activation = "linear"', "shuffle = true"):
        assert line in text
    assert "learning_rate = 0.1" in text


def test_an_initialiser_may_be_a_word_or_a_table():
    word = parse(SMALLEST.replace("[train]", 'initialiser = "he_uniform"\n[train]'))
    table = parse(SMALLEST.replace("[train]", 'initialiser = { name = "he_uniform" }\n[train]'))
    assert word == table


def test_a_whole_number_is_a_number(smallest):
    assert override(smallest, ["train.rule.learning_rate=1"]).train.rule.learning_rate == 1.0


def test_a_config_cannot_be_written_to(smallest):
    with pytest.raises(ValueError, match="frozen"):
        smallest.train.seed = 3


def test_files(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(EVERYTHING, "utf-8")
    preset = load_preset(file)
    assert preset.name == "mine"
    assert preset == load_preset(str(file))
    assert load_preset(file, ["train.seed=4"]).train.seed == 4


def test_windows_line_ends_are_fine(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(EVERYTHING.replace("\n", "\r\n").encode())
    assert load_preset(file).train.seed == 9


# --- overrides --------------------------------------------------------------------------------------


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


def test_a_new_rule_keeps_what_it_has_too():
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


# --- settings ---------------------------------------------------------------------------------------


def test_settings_are_all_values_live_ones_first():
    preset = parse(EVERYTHING)
    found = settings(preset)
    keys = [setting.key for setting in found]
    # every value of [train], [data] and [network], by its dotted key
    expected = set()

    def walk(prefix, value):
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(f"{prefix}.{name}", inner)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                walk(f"{prefix}.{i}", inner)
        else:
            expected.add((prefix, value))

    for section in ("train", "data", "network"):
        walk(section, getattr(preset, section).model_dump())
    assert {(setting.key, setting.value) for setting in found} == expected
    assert len(keys) == len(set(keys))
    live = [setting.live for setting in found]
    assert live == sorted(live, reverse=True)
    assert [setting.live for setting in found] == [is_live(key) for key in keys]


def test_what_is_live():
    """DESIGN.md: what applies at the next step (learning rate, momentum) and what needs a new run."""
    live = {setting.key for setting in settings(parse(EVERYTHING)) if setting.live}
    assert live == {
        "train.rule.name",
        "train.rule.learning_rate",
        "train.rule.momentum",
        "train.clip_norm",
    }


def test_choices():
    choices = {setting.key: setting.choices for setting in settings(parse(EVERYTHING))}
    assert set(choices["train.rule.name"]) >= {
        "gradient_descent",
        "momentum",
        "nesterov",
        "rmsprop_keras2",
        "rmsprop_keras3",
        "rmsprop_torch",
        "adam",
    }
    assert set(choices["data.name"]) >= {"mnist", "digits", "ramp"}
    assert set(choices["network.initialiser.name"]) >= {
        "torch",
        "glorot_uniform",
        "he_uniform",
        "normal",
        "constant",
        "identity",
    }
    assert set(choices["network.layers.0.activation"]) == {"linear", "relu", "leaky_relu", "sigmoid", "tanh"}
    assert set(choices["train.loss"]) == {"mse", "half_mse", "cross_entropy", "exam_cross_entropy"}
    assert set(choices["data.scale"]) == {"raw", "unit", "standard"}
    assert set(choices["train.shuffle"]) == {"true", "false"}
    assert choices["train.rule.learning_rate"] == ()


def test_the_exam_s_loss_is_read_by_its_old_name():
    """`binary_cross_entropy` in presets and sessions of version 0.1; never written, never offered."""
    old = EVERYTHING.replace("exam_cross_entropy", "binary_cross_entropy")
    assert "binary_cross_entropy" in old
    preset = parse(EVERYTHING)
    assert parse(old) == preset
    assert override(preset, ["train.loss=binary_cross_entropy"]) == preset
    assert "binary_cross_entropy" not in to_toml(parse(old))
    assert all("binary_cross_entropy" not in setting.choices for setting in settings(preset))


@pytest.mark.parametrize("name", preset_names())
def test_every_choice_is_a_choice(name):
    """A choice picked in the form gives a config, or an error about what does not fit with it."""
    preset = load_preset(name)
    for setting in settings(preset):
        for choice in setting.choices:
            try:
                override(preset, [f"{setting.key}={choice}"])
            except ConfigError as error:
                problems = "\n".join(error.problems)
                assert f"{setting.key}: given" not in problems, setting
                assert "unknown key" not in problems or setting.key == "data.name", problems


def test_a_settings_own_value_can_be_set():
    preset = parse(EVERYTHING)
    for setting in settings(preset):
        assert changed(preset, {setting.key: setting.value}) == preset, setting
    assert dataclasses.is_dataclass(setting)


# --- anything at all --------------------------------------------------------------------------------

KEYS = [setting.key for setting in settings(parse(EVERYTHING))]
PARTS = sorted(
    {part for key in KEYS for part in key.split(".")} | {"claim", "run", "steps", "watch", "title", ""}
)
keys = st.one_of(
    st.sampled_from(KEYS),
    st.lists(st.sampled_from([*PARTS, "0", "7", "-1", "²", "٣"]), min_size=1, max_size=5).map(".".join),
    st.text(max_size=12),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["adam", "ramp", "mnist", "digits", "all", "label", "input", "index", "constant", "mse"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(PARTS), st.text(max_size=5)), inner, max_size=4),
    ),
    max_leaves=6,
)
QUICK = hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def check(make):
    """The only exception is a ConfigError that says something; what is made can be written and read again."""
    problems = None
    try:
        preset = make()
    except ConfigError as error:
        problems = error.problems
    if problems is not None:
        assert problems
        assert all(problem.strip() for problem in problems)
    else:
        assert isinstance(preset, Preset)
        assert parse_preset(to_toml(preset), name=preset.name, source="again") == preset
        settings(preset)


@QUICK
@given(st.dictionaries(keys, values, min_size=1, max_size=3), st.sampled_from([SMALLEST, EVERYTHING]))
def test_any_change_gives_a_config_or_a_config_error(changes, text):
    check(lambda: changed(parse(text), changes))


@QUICK
@given(st.lists(st.tuples(keys, st.text(max_size=12)), min_size=1, max_size=2))
def test_any_assignment_gives_a_config_or_a_config_error(assignments):
    check(lambda: override(parse(EVERYTHING), [f"{key}={value}" for key, value in assignments]))


def without_none(value):
    if isinstance(value, dict):
        return {key: without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_none(inner) for inner in value if inner is not None]
    return value


@QUICK
@given(st.dictionaries(st.sampled_from(sorted(Preset.model_fields)), values, max_size=5))
def test_any_file_gives_a_config_or_a_config_error(tables):
    check(lambda: parse(tomli_w.dumps(without_none(tables))))


@QUICK
@given(st.text(max_size=60))
def test_any_text_gives_a_config_or_a_config_error(text):
    check(lambda: parse(text))


def test_what_is_measured_can_be_set():
    preset = override(load_preset("linear-1-layer"), ["measure.sharpness=5", "measure.dead[1]=2"])
    assert preset.measure == {"sharpness": 5, "dead[1]": 2}
    assert load_preset("linear-1-layer").measure == {}
    with pytest.raises(ConfigError, match=r"unknown quantity 'sharpnes'.*did you mean 'sharpness'"):
        override(load_preset("linear-1-layer"), ["measure.sharpnes=5"])
