"""Run configs: defaults, and TOML both ways."""

import pytest
from config_texts import EVERYTHING, SMALLEST, parse

from gradstep.engine.config.changes import override
from gradstep.engine.config.files import load_preset, parse_preset, preset_names, to_toml


@pytest.fixture
def smallest():
    return parse(SMALLEST)


def test_defaults(smallest):
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
        # the formulas' usual constants; torch.optim's own defaults
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
    """A config is saved with its defaults written out."""
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
