"""Which command each key sends, and which keys the screen offers when."""

import pytest
from fake_engine import bench, classifier
from textual.events import Key

from gradstep.engine.config.files import load_preset
from gradstep.engine.worker.commands import (
    Fork,
    Open,
    Pause,
    Reset,
    Run,
    Step,
    Watch,
)
from gradstep.engine.worker.events import (
    Died,
    SettingsChanged,
)
from gradstep.tui.screens.help import Help


async def test_engine_is_told_what_to_open_before_it_answers():
    async with bench(classifier(), opened=False) as b:
        assert b.engine.starts == 1
        assert b.engine.sent == [Open(classifier())]
        assert "starting the engine…" in b.text("#transport")
        assert "784 → 64" in b.text("#model")
        assert "cross_entropy" in b.text("#hyperparameters")
        assert "never make more mistakes?" in b.text("#story")


async def test_each_key_sends_its_command():
    commands = {
        "n": Step(1),
        "right": Step(1),
        "b": Step(100),
        "space": Run("planned"),
        "r": Reset(),
        "R": Reset(1),
    }
    async with bench(classifier()) as b:
        await b.press(*commands)
        assert b.engine.sent[1:] == list(commands.values())


async def test_the_right_arrow_steps_wherever_the_focus_is():
    async with bench(classifier()) as b:
        for pane in "1234":
            await b.press(pane, "right")
        assert b.engine.sent[1:] == [Step(1)] * 4


async def test_fifty_key_presses_send_fifty_steps():
    async with bench() as b:
        for _ in range(50):
            b.app.post_message(Key("n", "n"))
        await b.until(lambda: b.engine.sent[1:] == [Step(1)] * 50)


async def test_the_burst_grows_and_shrinks_within_bounds():
    async with bench() as b:
        await b.press("+")
        assert "burst 1,000" in b.text("#transport")
        await b.press("b")
        assert b.engine.sent[-1] == Step(1000)
        await b.press(*["+"] * 5)
        assert "burst 1,000,000" in b.text("#transport")
        await b.press(*["-"] * 9, "b")
        assert b.engine.sent[-1] == Step(1)


async def test_space_pauses_and_resumes_the_run():
    async with bench(classifier()) as b:
        await b.advanced(20, running=True)
        assert "space pause" in b.key_bar()
        await b.press("space")
        assert b.engine.sent[-1] == Pause()
        await b.advanced(280)
        await b.stopped("limit")
        assert "space run" in b.key_bar()
        await b.press("space")
        assert b.engine.sent[-1] == Run("planned")


async def test_the_picker_filters_and_opens():
    async with bench() as b:
        await b.press(
            "o",
            *"full-batch-no",
        )
        assert "no preset and no saved session has full-batch-no" in b.text("#picker")
        await b.press(*["backspace"] * 3, "enter")
        assert b.engine.sent[-1] == Open(load_preset("exam-full-batch"))


async def test_picker_opens_a_file_or_says_its_error(tmp_path):
    broken, good = tmp_path / "broken.toml", tmp_path / "own.toml"
    broken.write_text("title = 3")
    good.write_text(
        'title = "Mine"\n[data]\nname = "ramp"\n[network]\nlayers = [{ units = 1 }]\n'
        '[train]\nloss = "mse"\nrule = { name = "adam" }\n'
    )
    async with bench() as b:
        await b.press("o")
        b.app.screen.query_one("Line").value = str(broken)
        await b.press("enter")
        assert "title: given 3" in b.text("#picker")
        assert "enter opens the file /" in b.text("#picker")
        table = tmp_path / "heights.csv"
        table.write_text("age,weight\n31,57.5\n40,81.0\n")
        b.app.screen.query_one("Line").value = str(table)
        await b.press("enter")
        assert "a data file is no preset." in " ".join(b.text("#picker").split())
        b.app.screen.query_one("Line").value = str(good)
        await b.press("enter")
        assert b.engine.sent[-1].preset.title == "Mine"
        await b.opened(b.engine.sent[-1].preset)
        assert "● own" in b.text("#model")


async def test_enter_in_the_list_opens_a_preset():
    async with bench() as b:
        await b.press("2", "down", "enter")
        assert b.engine.sent[-1] == Open(load_preset("linear-1-layer-diverges"))


async def test_cursor_moves_without_the_engine():
    async with bench(classifier()) as b:
        await b.advanced(60)
        await b.press("left_square_bracket", "left_square_bracket", "right_square_bracket")
        assert len(b.engine.sent) == 1
        assert "cursor at 59" in b.text("#charts")
        assert "step 59:" in b.text("#charts")
        await b.press("left_curly_bracket")
        assert "cursor at 56" in b.text("#charts")
        await b.press("end")
        assert "cursor" not in b.text("#charts")


async def test_chart_keys_set_scale_smoothing_and_window():
    async with bench(classifier()) as b:
        await b.advanced(60)
        loss, accuracy = b.app.explorer.charts.charts
        await b.press("y")
        assert (loss.log_scale, accuracy.log_scale) == (True, False)
        await b.press("tab", "y", "y", "y")
        assert (loss.log_scale, accuracy.log_scale) == (True, True)
        await b.press("s")
        assert (loss.smoothing, accuracy.smoothing) == (0.9, 0.9)
        await b.press("w", "w")
        assert (loss.window, accuracy.window) == (100, 100)
        assert "smoothed 0.9 · last 100 steps" in b.text("#charts")
        await b.press("s", "s", "w")
        assert (loss.smoothing, loss.window) == (0.0, None)


async def watch(b, *names):
    """Have the charts show these."""
    preset = b.state.preset.model_copy(update={"watch": list(names)})
    b.engine.tell(SettingsChanged(preset, b.state.position, {}))
    await b.settled()


async def test_charted_quantity_is_found_by_part_of_its_name():
    async with bench(classifier()) as b:
        await b.press("m")
        assert "loss, grad_norm" in b.text("#ask")
        await b.press(*"rank[")
        assert "loss, rank[1]" in b.text("#ask")
        assert "grad_norm" not in b.text("#ask")
        await b.press("down", "enter")
        assert b.engine.sent[-1] == Watch(("loss", "rank[1]"), {"rank[1]": 10})
        await watch(b, "loss", "rank[1]")
        assert "rank[1] is not measured yet" in b.text("#charts")


async def test_enter_completes_a_charted_name():
    async with bench(classifier()) as b:
        await b.press("y", "m", *"sharp", "enter")
        names = ("loss", "sharpness")
        assert b.engine.sent[-1] == Watch(names, dict.fromkeys(("sharpness", "stability_limit"), 10))
        await watch(b, *names)
        loss, sharpness = b.app.explorer.charts.charts
        assert (loss.log_scale, sharpness.log_scale) == (True, False)
        await b.press("m", *"xyz", "enter")
        assert "there is no 'xyz'" in b.text("#ask")


async def test_enter_completes_no_condition():
    async with bench(classifier()) as b:
        await b.press("u", *"loss >", "enter")
        assert len(b.engine.sent) == 1
        assert b.app.screen is not b.app.explorer


async def test_a_chart_without_values_says_why():
    async with bench(classifier()) as b:
        await b.advanced(5)
        await watch(b, "max_error", "val_accuracy")
        assert "max_error has no value: its targets are classes" in b.text("#charts")
        assert "val_accuracy comes every 10 steps" in b.text("#charts")
        await b.opened(batches=40)
        await watch(b, "epoch_loss", "rank[1]")
        assert "no steps yet" not in b.text("#charts")
        assert "epoch_loss comes at the end of each epoch, first at step 40" in b.text("#charts")
        assert "rank[1] is not measured yet" in b.text("#charts")
        await b.opened(validate_every=None)
        await watch(b, "val_loss", "update_norm")
        assert "val_loss has no value: this run has no validation set" in b.text("#charts")
        assert "update_norm is known from step 1 on" in b.text("#charts")


async def test_fork_keeps_the_focus():
    async with bench(classifier()) as b:
        await b.press("5", "f")
        assert b.engine.sent[-1] == Fork()
        assert b.app.focused is b.app.explorer.inspector.pane
        assert b.app.explorer.inspector.probe_pane.id == "step"


async def test_charts_read_off_a_past_position():
    async with bench(classifier()) as b:
        await b.advanced(60)
        await b.moved(20)
        assert "step 20:" in b.text("#charts")
        assert "cursor" not in b.text("#charts")


async def test_help_lists_every_key_of_the_screen():
    async with bench(size=(120, 90)) as b:
        await b.press("question_mark")
        text = b.text("#help")
        for says in ("One step", "A burst of steps", "Log or linear scale", "The hyperparameters", "Quit"):
            assert says in text
        assert "n →" in text
        await b.press("escape")
        assert b.app.screen is b.app.explorer


@pytest.mark.parametrize(("ascii_only", "signs"), [(False, "┊┬╌"), (True, "!+:")])
async def test_help_names_the_signs(ascii_only, signs):
    async with bench(size=(120, 200)) as b:
        b.app.ascii = ascii_only
        await b.app.push_screen(Help())
        await b.settled()
        lines = [line.split() for line in b.text("#help").splitlines()]
        begins = {line[1]: line for line in lines if len(line) > 2}
        for sign, says in zip(signs, ("changed,", "branch", "branch"), strict=True):
            assert says in begins[sign], sign


async def test_palette_runs_to_the_planned_end():
    async with bench(classifier()) as b:
        await b.press("ctrl+p", *"run to")
        await b.until(lambda: "Run to step 300" in b.text())
        await b.press("enter")
        await b.until(lambda: b.engine.sent[-1] == Run("planned"))


async def test_q_quits_and_ends_the_engine():
    async with bench() as b:
        await b.advanced(5, running=True)
        await b.press("q")
        await b.until(lambda: not b.app.is_running)


async def test_a_dead_engine_takes_no_steps():
    async with bench() as b:
        b.engine.tell(Died(1, ""))
        await b.settled()
        await b.press("escape", "n", "b", "p", "space", "R", "o")
        assert len(b.engine.sent) == 1
        assert b.app.screen is b.app.explorer


@pytest.mark.parametrize("pane", "1267")
async def test_key_bar_without_an_engine_offers_a_restart_only(pane):
    async with bench(classifier()) as b:
        b.engine.tell(Died(1, ""))
        await b.settled()
        await b.press("escape", pane)
        assert "r restart engine" in b.key_bar()
        assert not any(name in b.key_bar() for name in ("enter", "back", "edit", "compute", "fork"))


async def test_next_key_clears_a_refusal():
    async with bench(classifier()) as b:
        await b.press("4", "enter")
        assert "not decided yet" in b.text("#transport")
        await b.press("5")
        assert "not decided yet" not in b.text("#transport")


async def test_help_opens_at_its_top():
    async with bench(size=(80, 24)) as b:
        for _ in range(2):
            await b.press("question_mark")
            assert "k updates done" in b.text()
            await b.press(*["pagedown"] * 2)
            assert "k updates done" not in b.text()
            await b.press("q")


@pytest.mark.parametrize("key", ["question_mark", "g", "o", "ctrl+p"])
async def test_screen_behind_a_dialog_follows_size_and_run(key):
    async with bench() as b:
        await b.press(key)
        await b.pilot.resize_terminal(160, 45)
        await b.settled()
        assert b.app.screen is not b.app.explorer
        assert b.app.explorer.charts.region.right == 160
        await b.advanced(20, running=True)
        assert "step        20" in b.text()
        await b.press("escape")
        assert b.app.screen is b.app.explorer
        assert "step        20" in b.text()
