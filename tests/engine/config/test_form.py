"""The settings of a form: their order, choices, and which are live."""

import dataclasses

import pytest
from config_texts import EVERYTHING, parse

from gradstep.engine.config.changes import changed, is_live, override
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset, preset_names, to_toml
from gradstep.engine.config.form import settings


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


def test_live_keys():
    """Rates and momenta apply at the next step; other keys need a new run."""
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


def test_the_old_name_of_a_loss_is_read():
    """`binary_cross_entropy` in presets and sessions of version 0.1; never written, never offered."""
    old = EVERYTHING.replace("exam_cross_entropy", "binary_cross_entropy")
    assert "binary_cross_entropy" in old
    preset = parse(EVERYTHING)
    assert parse(old) == preset
    assert override(preset, ["train.loss=binary_cross_entropy"]) == preset
    assert "binary_cross_entropy" not in to_toml(parse(old))
    assert all("binary_cross_entropy" not in setting.choices for setting in settings(preset))


@pytest.mark.parametrize("name", preset_names())
def test_every_choice_is_accepted(name):
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


def test_setting_the_current_value_changes_nothing():
    preset = parse(EVERYTHING)
    for setting in settings(preset):
        assert changed(preset, {setting.key: setting.value}) == preset, setting
    assert dataclasses.is_dataclass(setting)
