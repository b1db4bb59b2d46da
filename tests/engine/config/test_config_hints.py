"""Hints: "did you mean" names a key or value that is accepted at that very place, or nothing is said."""

import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradstep.engine.config.changes import override
from gradstep.engine.config.errors import EVERY_RUN_S, ConfigError
from gradstep.engine.config.files import load_preset, parse_preset
from gradstep.engine.config.run import RunConfig
from gradstep.engine.config.schema import settings_in
from gradstep.engine.errors import UserError, meant
from gradstep.engine.records.quantities import find_quantity

POINTS = """
title = "Points"
[data]
name = "points"
inputs = [[0.0], [1.0]]
labels = [0, 1]
[network]
layers = [{ units = 3, activation = "relu" }, { units = 2 }]
[train]
loss = "cross_entropy"
rule = { name = "gradient_descent" }
"""
DIGITS = POINTS.replace('"points"\ninputs = [[0.0], [1.0]]\nlabels = [0, 1]', '"digits"').replace(
    "units = 2", "units = 10"
)
PRESETS = {
    "points": parse_preset(POINTS, name="points", source="points.toml"),
    "digits": parse_preset(DIGITS, name="digits", source="digits.toml"),
    "ramp": load_preset("linear-1-layer"),
    "interval": load_preset("identity-shifted"),
    "line search": load_preset("linear-conjugate-gradients"),
    "sweep": load_preset("linear-stability"),
}
TABLES = ("", "data", "network", "network.layers.0", "network.initialiser", "train", "train.rule", "run")


def refused(preset, assignment):
    try:
        override(preset, [assignment])
    except ConfigError as error:
        return error.problems
    return []


def hint(problem):
    found = re.search(r"did you mean '(.*?)'\?", problem)
    return found[1] if found else ""


@pytest.mark.parametrize(
    "key",
    [
        "data.scale", "data.validation", "data.seed", "data.samples", "train.class_weight", "train.momentum",
        "train.steps", "network.seed", "network.layers.0.type", "network.layers.0.bias", "run.seed", "x",
    ],
)  # fmt: skip
def test_no_key_of_another_table_is_hinted_at(key):
    (problem,) = refused(PRESETS["points"], f"{key}=1")
    assert problem.startswith(f"{key}: unknown key")
    assert "did you mean" not in problem


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("data.label", "labels"),
        ("data.class", "classes"),
        ("train.sede", "seed"),
        ("train.lr", "train.rule.learning_rate"),
        ("seed", "train.seed"),
        ("network.units", "network.layers.0.units"),
        ("run.step", "steps"),
    ],
)
def test_the_nearest_key_of_the_table_or_of_one_inside(key, near):
    (problem,) = refused(PRESETS["points"], f"{key}=1")
    assert hint(problem) == near


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("train.loss", "mae"),
        ("train.loss", "binary_crossentropy"),
        ("train.loss", "softmax_cross_entropy"),
        ("train.rule.name", "adamw"),
        ("network.layers.0.activation", "elu"),
        ("network.layers.0.activation", "gelu"),
        ("network.initialiser.name", "he_normal"),
        ("train.dtype", "float16"),
        ("data.name", "emnist"),
    ],
)
def test_the_name_of_another_method_is_no_slip(key, value):
    """Keras's and torch's names: each is a method that gradstep does not have, and not its neighbour."""
    (problem,) = refused(PRESETS["digits"], f"{key}={value}")
    assert f"given {value!r}" in problem
    assert "did you mean" not in problem


@pytest.mark.parametrize("given_name", ["bce", "BCELoss", "bce_with_logits", "binary_crossentropy", "binary"])
def test_a_loss_of_one_sigmoid_output_is_said_not_to_be_there(given_name):
    (problem,) = refused(PRESETS["points"], f"train.loss={given_name}")
    assert "did you mean" not in problem
    assert "gradstep has no binary cross-entropy of a single sigmoid output yet" in problem
    assert "'exam_cross_entropy' is the sum of a binary cross-entropy for each class" in problem
    assert "'binary_cross_entropy'" not in problem


WORDS = sorted(
    {part for preset in PRESETS.values() for key in settings_in([RunConfig], preset.model_dump())
     for part in key.split(".")} | {"momentum", "steps", "epochs", "title", "watch", "claim"}
)  # fmt: skip


@st.composite
def slips(draw):
    """A known word with a letter or two changed, a part of one, its initials, or any word."""
    word = draw(st.sampled_from(WORDS))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return word[: draw(st.integers(1, len(word)))]
    if kind == 1:
        return "".join(part[:1] for part in word.split("_"))
    if kind == 2:
        return draw(st.text(string.ascii_lowercase + "_", min_size=1, max_size=12))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(word)))
        word = word[:at] + draw(st.sampled_from(["", *string.ascii_lowercase])) + word[at + 1 :]
    return word or "x"


@given(st.sampled_from(list(PRESETS)), st.sampled_from(TABLES), slips())
@settings(max_examples=400, deadline=None)
@example("points", "data", "validation")
@example("interval", "", "seed")
@example("line search", "train", "momentum")
@example("points", "network", "name")
def test_a_hinted_key_is_accepted_at_that_place(which, table, key):
    preset = PRESETS[which]
    where = f"{table}.{key}" if table else key
    for problem in refused(preset, f"{where}=1"):
        if (near := hint(problem)) and problem.startswith(f"{where}: unknown key"):
            full = near if "." in near or not table else f"{table}.{near}"
            assert full == near or full.rpartition(".")[0] == table
            assert full.startswith(table)
            assert not any("unknown key" in found for found in refused(preset, f"{full}=1"))


@given(
    st.sampled_from(
        ["train.loss", "train.rule.name", "train.dtype", "train.device", "data.name", "data.target",
         "network.layers.0.activation", "network.initialiser.name", "watch.0"]
    ),
    st.text(string.ascii_lowercase + "_123", min_size=1, max_size=14) | slips()
    | st.sampled_from(["exam", "cross", "half", "leaky", "rmsprop", "adm", "dig", "los", "case_loss"]),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_a_hinted_value_is_accepted_at_that_place(key, value):
    """By that key itself; it may then not fit the rest, as another data set's width does not."""
    preset = PRESETS["digits"]
    for problem in refused(preset, f"{key}={value}"):
        if (near := hint(problem)) and problem.startswith(f"{key}: given"):
            assert near != "binary_cross_entropy"
            assert not any(found.startswith(f"{key}: given") for found in refused(preset, f"{key}={near}")), (
                near
            )


@pytest.mark.parametrize("setting", EVERY_RUN_S.values())
def test_hinted_settings_exist(setting):
    """`--seed 3` is answered with --set train.seed=VALUE."""
    assert not any("unknown key" in problem for problem in refused(PRESETS["points"], f"{setting}=1"))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("rnk[2]", "rank[2]"),
        ("rnk", ""),
        ("sharpnes", "sharpness"),
        ("sharpnes[1]", ""),
        ("case_los[3]", "case_loss[3]"),
    ],
)
def test_hinted_quantities_have_their_index(name, near):
    with pytest.raises(UserError) as caught:
        find_quantity(name)
    assert hint(str(caught.value)) == near
    if near:
        find_quantity(near)


def test_near_slips():
    known = ["learning_rate", "units", "std", "val_loss"]
    for given_name, near in [
        ("learning_rat", "learning_rate"), ("leraning_rtae", "learning_rate"), ("lr", "learning_rate"),
        ("unit", "units"), ("untis", "units"), ("Units", "units"), ("sdt", "std"), ("train_loss", ""),
        ("us", ""), ("un", ""), ("", ""), ("x" * 5000, ""),
    ]:  # fmt: skip
        assert meant(given_name, known) == near, given_name
