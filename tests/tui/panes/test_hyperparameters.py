"""Editing a run's settings by keyboard."""

from fake_engine import bench, classifier

from gradstep.engine.config.changes import changed
from gradstep.engine.config.files import load_preset
from gradstep.engine.worker.commands import (
    ChangeSettings,
    Open,
)
from gradstep.engine.worker.events import (
    Refused,
)
from gradstep.tui.state.lineage import branch_marks


async def choose(b, key):
    """Put the form's cursor on a setting."""
    form = b.app.explorer.hyperparameters.form
    await b.press("e")
    form.chosen = [row.setting.key for row in form.rows].index(key)
    await b.settled()


async def typed(b, text):
    """Replace the editor's text and accept it."""
    b.app.screen.focused.value = text
    await b.press("enter")


def shown(b, name):
    """The line of the form that begins with a name."""
    return next(line for line in b.text("#settings").splitlines() if line.startswith(name)).strip()


async def test_live_settings_have_their_own_section():
    async with bench(classifier()) as b:
        text = b.text("#settings")
        live, new_run = text.split("restart the run")
        assert "learning rate" in live
        assert "momentum" in live
        assert "seed" in new_run


async def test_form_begins_at_the_learning_rate_and_remembers_the_row():
    async with bench(classifier()) as b:
        form = b.app.explorer.hyperparameters.form
        assert form.rows[form.chosen].setting.key == "train.rule.learning_rate"
        await b.press("e", "down", "1", "e")
        assert form.rows[form.chosen].setting.key == "train.rule.momentum"


async def test_another_preset_begins_at_the_learning_rate():
    async with bench(classifier()) as b:
        form = b.app.explorer.hyperparameters.form
        await b.press("e", "down")
        await b.opened(load_preset("linear-1-layer"))
        assert form.rows[form.chosen].setting.key == "train.rule.learning_rate"
        await b.press("down")
        await b.opened(load_preset("linear-4-layer"))  # which has the same settings
        assert form.rows[form.chosen].setting.key == "train.rule.learning_rate"


async def test_default_validation_interval_is_shown():
    async with bench(classifier()) as b:
        assert shown(b, "validate every").endswith("10 (default)")
        await b.opened(validate_every=None)
        assert shown(b, "validate every").endswith("no validation set")


async def test_live_edit_is_pending_until_applied():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.learning_rate")
        await b.press("enter")
        await typed(b, "0.5")
        assert b.engine.sent[-1] == ChangeSettings({"train.rule.learning_rate": 0.5})
        assert "0.1 → 0.5" in shown(b, "learning rate")
        await b.changed({"train.rule.learning_rate": 0.5})
        assert shown(b, "learning rate").split() == ["learning", "rate", "0.5"]
        assert [mark.text for mark in branch_marks(b.state)] == ["learning_rate = 0.5"]


async def test_refused_live_edit_is_dropped():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.learning_rate")
        await b.press("enter")
        await typed(b, "0.5")
        b.engine.tell(Refused("not now"))
        await b.settled()
        assert "→" not in shown(b, "learning rate")
        assert "not now" in b.text("#transport")


async def test_bad_value_has_its_problem_below():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.momentum")
        await b.press("enter")
        await typed(b, "1.5")
        assert "less than 1" in b.text("#settings")
        assert len(b.engine.sent) == 1
        await typed(b, "0.8")
        assert "less than 1" not in b.text("#settings")
        assert b.engine.sent[-1] == ChangeSettings({"train.rule.momentum": 0.8})


async def test_escape_leaves_the_editor_unchanged():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.momentum")
        await b.press("enter", "5", "escape")
        assert shown(b, "momentum").endswith("0.9")
        assert b.app.screen.focused is b.app.explorer.hyperparameters.form
        assert len(b.engine.sent) == 1


async def test_editor_closes_without_focus():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.momentum")
        await b.press("enter", "tab")
        assert not any(row.editing for row in b.app.explorer.hyperparameters.form.rows)


async def test_arrows_select_a_choice():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.name")
        await b.press("enter")
        assert "‹ momentum ›" in b.text("#settings")
        await b.press("right", "enter")
        assert b.engine.sent[-1] == ChangeSettings({"train.rule.name": "nesterov"})


async def test_typed_characters_select_a_choice_only():
    async with bench(classifier()) as b:
        await choose(b, "train.rule.name")
        await b.press("enter", *"6nadam")
        assert "‹ adam ›" in b.text("#settings")
        assert "n step" not in b.key_bar()
        await b.press("n", "enter")
        assert b.engine.sent[1:] == [ChangeSettings({"train.rule.name": "nesterov"})]
        await choose(b, "train.shuffle")
        await b.press("enter", *"false", "enter")
        assert "true → false" in shown(b, "shuffle")
        assert len(b.engine.sent) == 2


async def test_edited_rule_brings_its_settings():
    async with bench(classifier()) as b:
        await b.changed({"train.rule.name": "adam"})
        assert "beta1" in b.text("#settings")


async def test_edits_for_a_new_run_wait_for_one_key():
    async with bench(classifier()) as b:
        await choose(b, "train.seed")
        await b.press("enter")
        await typed(b, "7")
        assert "0 → 7" in shown(b, "seed")
        assert "1 edit needs a new run" in b.text("#hyperparameters")
        assert len(b.engine.sent) == 1
        await choose(b, "network.layers.0.units")
        await b.press("enter")
        await typed(b, "32")
        assert "2 edits need a new run" in b.text("#hyperparameters")
        await b.press("a")
        edited = changed(classifier(), {"train.seed": 7, "network.layers.0.units": 32})
        assert b.engine.sent[-1] == Open(edited)
        await b.opened(edited)
        assert "→" not in b.text("#settings")
        assert "784 → 32" in b.text("#model")


async def test_escape_discards_waiting_edits():
    async with bench(classifier()) as b:
        await choose(b, "train.seed")
        await b.press("enter")
        await typed(b, "7")
        await b.press("escape")
        assert "→" not in b.text("#settings")
        await b.press("a")
        assert len(b.engine.sent) == 1


async def test_edit_that_needs_others_waits_for_them():
    async with bench(classifier()) as b:
        await choose(b, "network.layers.1.units")
        await b.press("enter")
        await typed(b, "784")
        assert "needs 10" in b.text("#hyperparameters").replace("\n", " ")
        await b.press("a")
        assert len(b.engine.sent) == 1
        await choose(b, "data.target")
        await b.press("enter", "right", "enter")
        await choose(b, "train.loss")
        await b.press("enter", "left", "left", "enter")
        await b.press("a")
        assert b.engine.sent[-1].preset.data.target == "input"


async def test_none_removes_an_optional_setting():
    async with bench(classifier()) as b:
        await choose(b, "data.samples")
        await b.press("enter")
        await typed(b, "none")
        await b.press("a")
        assert b.engine.sent[-1].preset.data.samples is None


async def test_problem_of_the_last_row_is_in_sight():
    async with bench(load_preset("exam-ce-a"), size=(120, 40)) as b:
        form = b.app.explorer.hyperparameters.form
        await choose(b, "data.labels")
        await b.press("enter")
        await typed(b, "[0.5, 0.5, 0.5, 0.5]")
        row = form.rows[form.chosen]
        assert "4 entries are wrong, the first in row 1: given 0.5" in " ".join(b.text("#settings").split())
        assert form.scrollable_content_region.contains_region(row.region)


async def test_long_choice_is_shortened():
    async with bench(load_preset("exam-ce-a"), size=(120, 40)) as b:
        await choose(b, "train.loss")
        await b.press("enter")
        assert "‹ exam_cross" in shown(b, "loss")
