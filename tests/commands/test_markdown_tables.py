"""`--markdown` of presets and check: tables for presets/README.md."""

from command_runs import SMALL

from gradstep.engine.config.files import load_preset, preset_names

CLAIMS = """
[[claim]]
says = "|w| grows."
source = "somebody | nobody"
always = "loss < prev.loss"
[[claim]]
says = "It stays above 10."
never = "loss < 10"
[[claim]]
says = "It is so for all seeds."
seeds = 2
condition = "loss > 1000"
measure = "log10(loss)"
"""


def test_presets(gradstep):
    done = gradstep("presets", "--markdown")
    assert (done.status, done.err) == (0, "")
    first, second, *rows = done.out.splitlines()
    assert (first, second) == ("| preset | question |", "| --- | --- |")
    assert rows == [f"| `{name}` | {load_preset(name).question} |" for name in preset_names()]


def test_presets_by_name_have_no_table(gradstep):
    done = gradstep("presets", "linear-1-layer", "--markdown")
    assert done.status == 2
    assert "name no preset" in done.err


def test_verdicts(gradstep, folder):
    (folder / "mine.toml").write_text(SMALL + CLAIMS)
    done = gradstep("check", "mine.toml", "--markdown")
    assert (done.status, done.err) == (0, "")
    _, _, holds, refuted, seeds = done.out.splitlines()
    assert holds == r"| “\|w\| grows.” | somebody \| nobody | `mine.toml` | holds | 20 steps |  |"
    assert "| refuted | step " in refuted
    assert refuted.count("`loss = ") == 1
    assert "| refuted | 0 of 2 seeds | `log10(loss):` `" in seeds


def test_one_form_at_a_time(gradstep):
    assert gradstep("check", "small.toml", "--json", "--markdown").status == 2
