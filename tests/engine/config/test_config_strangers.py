"""Whatever a stranger writes in a preset or types after `--set`: a preset, or a ConfigError."""

import pytest
import tomli_w
from config_texts import CLASSIFIER as TEXT
from config_texts import EVERYTHING, SMALLEST, parse, problems
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gradstep.engine.config.changes import changed, override
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import parse_preset, to_toml
from gradstep.engine.config.form import settings
from gradstep.engine.config.preset import Preset

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


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000,
        "a = " + "[" * 5000 + "]" * 5000,
        "a = " + "{ b = " * 3000,
        "a = " + "1" * 5000,
        "a" + ".a" * 3000 + " = 1",
        '[data]\nname = "ramp"\nsamples = ' + "9" * 4301,
    ],
    ids=["open", "deep list", "deep table", "long number", "deep key", "long sample number"],
)
def test_a_file_made_to_break_a_parser(text):
    """Presets come from strangers."""
    problems(text)


@pytest.mark.parametrize(
    "assignment",
    [
        "train.²=3",
        "network.layers.².units=3",
        "train.seed=" + "[" * 5000,
        "train.seed=" + "1" * 5000,
        "network.layers." + "1" * 5000 + ".units=3",
        ".".join(["train"] * 5000) + "=1",
    ],
    ids=["superscript", "superscript layer", "deep", "long number", "long index", "long key"],
)
def test_an_assignment_made_to_break_a_parser(assignment):
    with pytest.raises(ConfigError):
        override(parse(TEXT), [assignment])
