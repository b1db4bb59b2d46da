"""Every kind of mistake in a config: the text names the file, the key, what was given, what is allowed.

Every error is reported at once. The looked-for words are those that a reader needs, not pydantic's.
"""

import pytest
from config_texts import CLASSIFIER as TEXT
from config_texts import parse, problems

from gradstep.engine.config.changes import changed, override
from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset
from gradstep.engine.session.session import Session

CLAIM = 'always = "loss < prev.loss"'


def test_the_text_itself_is_fine():
    parse(TEXT)


# (what is replaced, by what, the words that the one problem must have)
MISTAKES = {
    # unknown keys, with what is allowed and a suggestion
    "unknown key": ("batch = 32", "bach = 32", ["train.bach", "unknown", "batch", "did you mean 'batch'?"]),
    "unknown key at the top": ("watch =", "wach =", ["wach", "unknown", "title", "did you mean 'watch'?"]),
    "unknown key in a layer": (
        "units = 8,",
        "units = 8, unit = 3,",
        ["network.layers.0.unit", "unknown", "activation", "did you mean 'units'?"],
    ),
    "unknown key of the rule": (
        "learning_rate = 0.1",
        "learning_rat = 0.1",
        ["train.rule.learning_rat", "unknown", "momentum", "did you mean 'learning_rate'?"],
    ),
    "key of another rule": ("learning_rate = 0.1", "rho = 0.9", ["train.rule.rho", "unknown", "momentum"]),
    "unknown key of the initialiser": (
        "std = 0.1",
        "sdt = 0.1",
        ["network.initialiser.sdt", "unknown", "mean", "did you mean 'std'?"],
    ),
    "unknown key of the data": (
        "samples = 100",
        "sample = 100",
        ["data.sample", "unknown", "validation", "did you mean 'samples'?"],
    ),
    "key of other data": ("samples = 100", "length = 100", ["data.length", "unknown", "samples"]),
    "unknown key of a claim": (CLAIM, f"{CLAIM}\nalwys = 'x'", ["claim.0.alwys", "unknown", "always"]),
    "unknown key of run": ("steps = 20", "step = 20", ["run.step", "unknown", "did you mean 'steps'?"]),
    # wrong types
    "a word for a number": ("steps = 20", 'steps = "many"', ["run.steps", "'many'", "integer"]),
    "a fraction for a whole number": ("samples = 100", "samples = 1.5", ["data.samples", "1.5", "integer"]),
    "a truth for a number": ("samples = 100", "samples = true", ["data.samples", "True", "integer"]),
    "a number in quotes": (
        "learning_rate = 0.1",
        'learning_rate = "0.1"',
        ["train.rule.learning_rate", "'0.1'", "number"],
    ),
    "a number for a word": ('"cross_entropy"', "3", ["train.loss", "3", "cross_entropy"]),
    "a number for a title": ('"A preset"', "3", ["title", "3", "string"]),
    "a word for a truth": ("batch = 32", 'shuffle = "no"', ["train.shuffle", "'no'", "boolean"]),
    "a date": ('"A preset"', "2020-02-03", ["title", "2020", "string"]),
    "a word for a list": ('["loss", "accuracy"]', '"loss"', ["watch", "'loss'", "list"]),
    "a number for a layer": (", { units = 10 }", ", 10", ["network.layers.1", "10"]),
    "a number for an initialiser": ('{ name = "normal", std = 0.1 }', "3", ["network.initialiser", "3"]),
    # out of range
    "too small": ("units = 8", "units = 0", ["network.layers.0.units", "given 0", "1"]),
    "too large": ("units = 8", "units = 1000000", ["network.layers.0.units", "1000000", "100000"]),
    "no layers": (
        '[{ units = 8, activation = "tanh" }, { units = 10 }]',
        "[]",
        ["network.layers", "[]", "at least 1"],
    ),
    "learning rate 0": ("learning_rate = 0.1", "learning_rate = 0", ["train.rule.learning_rate", "0"]),
    "learning rate below 0": ("learning_rate = 0.1", "learning_rate = -1", ["learning_rate", "-1", "0"]),
    "a rule's name is also a key of it": (
        "learning_rate = 0.1",
        "learning_rate = -1, momentum = 0.5",
        ["train.rule.learning_rate: ", "-1", "0"],
    ),
    "learning rate NaN": ("learning_rate = 0.1", "learning_rate = nan", ["learning_rate", "nan", "finite"]),
    "learning rate infinite": (
        "learning_rate = 0.1",
        "learning_rate = inf",
        ["learning_rate", "inf", "finite"],
    ),
    "momentum 1": ("learning_rate = 0.1", "momentum = 1.0", ["train.rule.momentum", "1.0", "less than 1"]),
    "clip 0": ("batch = 32", "clip_norm = 0", ["train.clip_norm", "0"]),
    "seed below 0": ("batch = 32", "seed = -1", ["train.seed", "-1", "0"]),
    "validate never": ("batch = 32", "validate_every = 0", ["train.validate_every", "0", "1"]),
    "five to watch": (
        '["loss", "accuracy"]',
        '["loss", "accuracy", "mape", "mistakes", "grad_norm"]',
        ["watch", "4"],
    ),
    "nothing to watch": ('["loss", "accuracy"]', "[]", ["watch", "1"]),
    "an empty title": ('"A preset"', '""', ["title", "''", "1"]),
    # names that are not among those allowed
    "rule": (
        '"momentum"',
        '"momentun"',
        ["train.rule.name", "'momentun'", "adam", "did you mean 'momentum'?"],
    ),
    "rule in other case": ('"momentum"', '"Adam"', ["train.rule.name", "'Adam'", "did you mean 'adam'?"]),
    "rule a number": ('"momentum"', "3", ["train.rule.name", "3", "adam"]),
    "data": ('"digits"', '"digit"', ["data.name", "'digit'", "ramp", "did you mean 'digits'?"]),
    "initialiser": (
        '"normal", std = 0.1',
        '"norml"',
        ["network.initialiser.name", "'norml'", "glorot_uniform", "did you mean 'normal'?"],
    ),
    "activation": (
        '"tanh"',
        '"tahn"',
        ["network.layers.0.activation", "'tahn'", "sigmoid", "did you mean 'tanh'?"],
    ),
    "loss": (
        '"cross_entropy"',
        '"crossentropy"',
        ["train.loss", "half_mse", "did you mean 'cross_entropy'?"],
    ),
    "target": ('"label"', '"labels"', ["data.target", "'labels'", "input", "did you mean 'label'?"]),
    "dtype": ("batch = 32", 'dtype = "float16"', ["train.dtype", "'float16'", "float32", "float64"]),
    "device": ("batch = 32", 'device = "gpu"', ["train.device", "'gpu'", "cuda"]),
    "expect": (CLAIM, f'{CLAIM}\nexpect = "hold"', ["claim.0.expect", "'hold'", "did you mean 'holds'?"]),
    "watch": (
        '["loss", "accuracy"]',
        '["loss", "accurcy"]',
        ["watch", "'accurcy'", "mistakes", "did you mean 'accuracy'?"],
    ),
    # a name left out, or no table where one is needed
    "rule without a name": ('name = "momentum", ', "", ["train.rule", "name"]),
    "data without a name": ('name = "digits"\n', "", ["data", "name"]),
    # missing
    "title": ('title = "A preset"\n', "", ["title", "missing"]),
    "loss missing": ('loss = "cross_entropy"\n', "", ["train.loss", "missing"]),
    "units missing": ("{ units = 10 }", '{ activation = "relu" }', ["network.layers.1.units", "missing"]),
    "says": ('says = "It falls."\n', "", ["claim.0.says", "missing"]),
    # parts that do not fit together
    "layer and target": ("{ units = 10 }", "{ units = 9 }", ["network.layers", "9", "'label'", "10"]),
    "steps and epochs": ("steps = 20", "steps = 20\nepochs = 2", ["run", "steps", "epochs", "not both"]),
    "two quantifiers": (CLAIM, f'{CLAIM}\nnever = "loss < 0"', ["claim.0", "always", "never", "exactly one"]),
    "no quantifier": (CLAIM, "", ["claim.0", "always", "never", "eventually", "at"]),
    "at without a condition": (CLAIM, "at = 3", ["claim.0", "at", "condition"]),
    "condition without at": (CLAIM, f'{CLAIM}\ncondition = "loss < 1"', ["claim.0", "at", "condition"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake(mistake):
    old, new, words = MISTAKES[mistake]
    assert TEXT.count(old) >= 1
    found = problems(TEXT.replace(old, new, 1))
    assert len(found) == 1, found
    for word in words:
        assert word in found[0], (word, found)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_errors_do_not_name_pydantic(mistake):
    """The reader has written TOML: no pydantic, no Python classes, no dictionaries or objects."""
    old, new, _ = MISTAKES[mistake]
    text = "\n".join(problems(TEXT.replace(old, new, 1)))
    for word in (
        "pydantic",
        "Input",
        "dictionary",
        "instance of",
        "object to extract",
        "ValidationError",
        "None",
    ):
        assert word not in text, text


def test_a_bad_batch_names_both_allowed_forms():
    for given in ('"al"', "0", "1.5"):
        found = "\n".join(problems(TEXT.replace("batch = 32", f"batch = {given}")))
        assert "train.batch" in found
        assert "'all'" in found
        assert ("integer" in found) or ("1" in found)


def test_targets_that_do_not_fit_the_loss():
    text = TEXT.replace('"label"', '"input"').replace("{ units = 10 }", "{ units = 784 }")
    for loss in ("cross_entropy", "exam_cross_entropy"):
        found = problems(text.replace('"cross_entropy"', f'"{loss}"'))
        assert len(found) == 1
        for word in ("train.loss", repr(loss), "'label'", "'input'", "'mse'"):
            assert word in found[0]
    parse(text.replace('"cross_entropy"', '"mse"'))


@pytest.mark.parametrize(
    ("data", "units", "right"),
    [
        ('name = "ramp"', 2, 1),
        ('name = "ramp"\ntarget = "input"\nlength = 7', 8, 7),
        ('name = "mnist"', 784, 10),
        ('name = "mnist"\ntarget = "input"', 10, 784),
        ('name = "digits"\ntarget = "input"', 64, 784),
    ],
)
def test_a_last_layer_that_does_not_fit_the_target(data, units, right):
    head, rest = TEXT.split("[data]")
    text = f"{head}[data]\n{data}\n[network]" + rest.split("[network]")[1]
    text = text.replace('"cross_entropy"', '"mse"')
    parse(text.replace("{ units = 10 }", f"{{ units = {right} }}"))
    (found,) = problems(text.replace("{ units = 10 }", f"{{ units = {units} }}"))
    assert "network.layers" in found
    assert f"{units} units" in found
    assert f"needs {right}" in found


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("learning_rate = 0.1", "learning_rate = 1e39", "train.rule.learning_rate"),
        ('"momentum", learning_rate = 0.1', '"lbfgs", initial_step = 1e39', "train.rule.initial_step"),
        ('"normal", std = 0.1', '"constant", value = 1e39', "network.initialiser.value"),
        ('"normal", std = 0.1', '"constant", value = -1e39', "network.initialiser.value"),
    ],
)
def test_a_number_that_float32_does_not_hold(old, new, key):
    """Its largest is 3.4e38 (IEEE 754), and torch ends with an error for a scalar beyond it."""
    (found,) = problems(TEXT.replace(old, new))
    assert found.startswith(f"{key}: given ")
    assert "1e+38" in found
    parse(TEXT.replace(old, new.replace("e39", "e37")))


def test_adams_first_step_is_longer_than_its_learning_rate():
    """By 1/(1 − β₁): Kingma and Ba, algorithm 1, after one update."""
    adam = TEXT.replace('"momentum", learning_rate = 0.1', '"adam", beta1 = 0.99, learning_rate = 1e37')
    assert problems(adam)[0].startswith("train.rule.learning_rate: given 1e+37; allowed")
    Session(parse(adam.replace("1e37", "1e35"))).step()


def test_an_interval_has_a_length():
    """NumPy draws from none that is longer than the largest float, 1.8e308."""
    interval = 'name = "interval"\nlow = -1e308\nhigh = 1e308\n[network]'
    head, rest = TEXT.split("[data]")
    found = problems(f"{head}[data]\n{interval}" + rest.split("[network]")[1])
    assert any(problem.startswith("data.low: given -1e+308") for problem in found)


def test_a_network_too_large_for_any_machine():
    (found,) = problems(
        TEXT.replace("units = 8,", "units = 90000, ").replace(
            "{ units = 10 }", "{ units = 90000 }, { units = 10 }"
        )
    )
    assert "network.layers" in found
    assert "parameters" in found
    assert "200,000,000" in found


def test_mps_has_no_float64():
    (found,) = problems(TEXT.replace("batch = 32", 'device = "mps"\ndtype = "float64"'))
    assert "train.dtype" in found
    assert "float32" in found


def test_several_at_once():
    text = (
        TEXT.replace("batch = 32", "bach = 32")
        .replace('"cross_entropy"', '"cross"')
        .replace("units = 8", "units = -8")
        .replace("learning_rate = 0.1", 'learning_rate = "fast"')
        .replace('title = "A preset"\n', "")
        .replace("steps = 20", "steps = 20\nepochs = 3")
        .replace('"digits"', '"digts"')
    )
    found = problems(text)
    assert len(found) == 7
    for key in (
        "train.bach",
        "train.loss",
        "network.layers.0.units",
        "train.rule.learning_rate",
        "title",
        "run",
        "data.name",
    ):
        assert sum(problem.startswith(f"{key}:") for problem in found) == 1, (key, found)


def test_all_cross_field_errors_at_once():
    found = problems(TEXT.replace('"label"', '"input"'))
    assert len(found) == 2
    assert any(problem.startswith("network.layers:") for problem in found)
    assert any(problem.startswith("train.loss:") for problem in found)


def test_a_bad_watch_does_not_hide_behind_others():
    """Every error at once: `watch` alone decides what is wrong with it."""
    text = TEXT.replace('["loss", "accuracy"]', '["los", "acuracy"]').replace(
        "{ units = 10 }", "{ units = 9 }"
    )
    found = "\n".join(problems(text))
    assert "'los'" in found
    assert "'acuracy'" in found
    assert "network.layers" in found
    found = "\n".join(problems(TEXT.replace('"accuracy"]', '"acuracy"]').replace("batch = 32", "bach = 32")))
    assert "train.bach" in found
    assert "'acuracy'" in found


def test_an_empty_file_says_what_a_preset_needs():
    assert problems("") == ["it is empty; a preset needs data, network, train, title"]


def test_a_long_value_is_cut_short():
    (found,) = problems(TEXT.replace('"label"', repr("x" * 5000)))
    assert len(found) < 300


# --- assignments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("train.seed", ["'train.seed'", "key=value"]),
        ("=3", ["'=3'", "key=value"]),
        (" = 3", ["key=value"]),
        ("", ["key=value"]),
        ("train.sed=3", ["train.sed", "unknown", "seed", "did you mean 'seed'?"]),
        ("trian.seed=3", ["trian", "unknown", "train", "did you mean 'train'?"]),
        ("train..seed=3", ["train..seed", "unknown"]),
        ("train.seed.x=3", ["train.seed"]),
        ("train.loss.x=3", ["train.loss"]),
        ("title.x=3", ["title"]),
        ("train.seed=-1", ["train.seed", "-1", "0"]),
        ("train.seed=x", ["train.seed", "'x'", "integer"]),
        ("train=3", ["train", "3"]),
        ("train.rule=adam", ["train.rule", "'adam'"]),
        ("train.rule.name=adm", ["train.rule.name", "'adm'", "did you mean 'adam'?"]),
        ("train.rule.rho=0.5", ["train.rule.rho", "unknown", "momentum"]),
        ("network.layers.2.units=3", ["network.layers.2.units", "2 entries"]),
        ("network.layers.-3.units=3", ["network.layers.-3.units", "2 entries"]),
        ("network.layers.x=3", ["network.layers.x"]),
        ("network.layers.0.unit=3", ["network.layers.0.unit", "did you mean 'units'?"]),
        ("network.layers.1.units=3", ["network.layers", "3 units", "10"]),
        ("data.name=ramp", ["data.target", "'label'", "'index'"]),
        ("claim.0.always=", ["claim.0.always"]),
    ],
)
def test_a_bad_assignment(assignment, words):
    preset = parse(TEXT)
    with pytest.raises(ConfigError) as caught:
        override(preset, [assignment])
    text = str(caught.value)
    assert text.startswith("--set: ")
    for word in words:
        assert word in text, (word, text)
    for word in ("pydantic", "dictionary", "instance of", "allowed: \n"):
        assert word not in text + "\n", text


def test_removing_what_is_needed():
    with pytest.raises(ConfigError, match=r"train\.loss: missing"):
        changed(parse(TEXT), {"train.loss": None})


def test_a_bad_override_of_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(TEXT, "utf-8")
    with pytest.raises(ConfigError, match=r"--set: train\.sed"):
        load_preset(file, ["train.sed=3"])


@pytest.mark.parametrize(
    ("assignment", "problem"),
    [
        ("train.rule.learning_rate=0.0", "train.rule.learning_rate: given 0.0; allowed: greater than 0"),
        ("train.rule.momentum=1.5", "train.rule.momentum: given 1.5; allowed: less than 1"),
        ("train.batch=0", "train.batch: given 0; allowed: greater than or equal to 1, or 'all'"),
        ("data={name='interval',low=3}", "data.low: given 3.0; allowed: less than high, which is 1.0"),
        ("claim.0.always=loss <", "claim.0.always: column 7: "),
        ("watch.1=los", "watch.1: given 'los'; allowed: 'step', 'epoch'"),
        ("train=3", "train: given 3; allowed: a table with batch, clip_norm"),
    ],
)
def test_the_problem_begins_with_the_key_and_what_was_given(assignment, problem):
    with pytest.raises(ConfigError) as caught:
        override(parse(TEXT), [assignment])
    assert any(found.startswith(problem) for found in caught.value.problems), caught.value.problems


def test_a_short_form_lacks_what_its_table_needs():
    found = problems(TEXT.replace('{ name = "normal", std = 0.1 }', '"swapped_identity"'))
    assert found == ["network.initialiser.first: missing", "network.initialiser.second: missing"]


def test_too_many_values_are_refused():
    ramp = ["data={ name = 'ramp', samples = 1000000, length = 51 }", "network.layers=[{ units = 1 }]"]
    with pytest.raises(ConfigError, match=r"data\.samples: 1,000,000 × .* 51 is more than 50,000,000 values"):
        override(parse(TEXT), [*ramp, "train.loss=mse"])


def test_a_number_too_large_to_be_written():
    """A hexadecimal one is read however long it is, and never written in decimals."""
    for key in ("train.batch", "train.seed", "train.rule.learning_rate", "run.steps", "claim.0.within"):
        with pytest.raises(ConfigError, match=key):
            override(parse(TEXT), [f"{key}=0x{'f' * 5000}"])


def test_a_problem_is_a_line_of_plain_text():
    (found,) = problems(r'"\u001b[2J\n" = 1' + TEXT)
    assert found.isprintable()
    (found,) = problems(TEXT.replace("title =", f"title{'.a' * 3000} ="))
    assert found.startswith("title: given ")
    assert len(found) < 300


def test_raw_tables_are_not_changed():
    layers = [{"units": 8}, {"units": 10}]
    changed(parse(TEXT), {"network.layers": layers, "network.layers.0.units": 3})
    assert layers == [{"units": 8}, {"units": 10}]


def test_cross_field_errors_appear_beside_others():
    text = TEXT.replace('title = "A preset"\n', "").replace("{ units = 10 }", "{ units = 9 }")
    assert {problem.split(":")[0] for problem in problems(text)} == {"title", "network.layers"}
