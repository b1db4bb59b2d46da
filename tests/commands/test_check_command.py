"""`gradstep check`: the verdicts, and commands that show each one's evidence."""

import shlex
from pathlib import Path

import pytest
from command_runs import SMALL

from gradstep.engine.runs.check import check

CLAIMS = """
[[claim]]
says = "It falls."
source = "somebody [sic]"
always = "loss < prev.loss"
expect = "holds"
[[claim]]
says = "It stays above 10."
always = "loss >= 10 and loss <= 1e9"
expect = "refuted"
[[claim]]
says = "It is never low."
never = "loss < 10"
expect = "refuted"
[[claim]]
says = "The seventh comes."
eventually = "step == 7"
expect = "shown"
[[claim]]
says = "The seventh comes soon."
eventually = "step == 7"
within = 5
expect = "refuted"
[[claim]]
says = "It is so at the start."
never = "step == 0"
expect = "refuted"
[[claim]]
says = "It starts."
eventually = "loss > 0"
expect = "shown"
[[claim]]
says = "At three it is positive."
at = 3
condition = "loss > 0"
expect = "shown"
[[claim]]
says = "At three it is low."
at = 3
condition = "loss < 0 or ago(loss, 9) < 0"
[[claim]]
says = "It gets to nothing."
eventually = "loss == 0"
expect = "open"
[[claim]]
says = "Not before the end of the window."
never = "step == 9"
within = 8
expect = "holds"
"""


@pytest.fixture
def claims(folder):
    (folder / "my claims.toml").write_text(SMALL + CLAIMS)
    return "my claims.toml"


def test_json_has_an_object_for_each_claim(gradstep, claims):
    done = gradstep("check", claims, "--json")
    assert (done.status, done.err) == (0, "")
    assert len(done.objects) == 11
    assert all(judged["as_expected"] for judged in done.objects)
    first, low = done.objects[0], done.objects[1]
    assert list(first) == [
        "preset", "says", "source", "verdict", "position", "steps", "expected", "as_expected", "values",
        "seeds",
        "reproduce",
    ]  # fmt: skip
    assert (first["says"], first["source"]) == ("It falls.", "somebody [sic]")
    assert (first["verdict"], first["position"], first["steps"]) == ("holds", None, 20)
    assert (low["verdict"], low["steps"]) == ("refuted", low["position"])
    assert list(low["values"]) == ["loss"]
    states = [judged["verdict"] for judged in done.objects]
    assert states == [
        "holds", "refuted", "refuted", "shown", "refuted", "refuted", "shown", "shown", "open", "open",
        "holds",
    ]  # fmt: skip
    assert [judged["position"] for judged in done.objects[3:8]] == [7, 5, 0, 0, 3]


def test_reproducing_commands_stop_at_the_deciding_step(gradstep, claims):
    judged = gradstep("check", claims, "--json").objects
    assert judged[1]["position"] > 0
    for each in judged:
        program, *arguments = shlex.split(each["reproduce"])
        assert program == "gradstep"
        done = gradstep(*arguments, "--json")
        assert done.status == 0, each
        wanted = each["position"] if each["position"] is not None else each["steps"]
        if each["says"] == "At three it is low.":
            wanted = 3
        assert done.objects[-1]["step"] == wanted, each
        for name, value in each["values"].items():
            if name in done.objects[-1]:
                assert done.objects[-1][name] == value


def test_the_table(gradstep, claims):
    done = gradstep("check", claims)
    assert (done.status, done.err) == (0, "")
    for text in (
        "“It falls.”",
        "somebody [sic]",
        "✓ shown to step 20",
        "✓ shown at step 7",
        "✗ refuted at step 5",
        "… not met so far (20 steps)",
    ):
        assert text in done.out
    assert "expected:" not in done.out


def test_unexpected_verdict_is_printed_with_status_1(gradstep, folder):
    wrong = CLAIMS.replace('expect = "open"', 'expect = "shown"')
    (folder / "wrong.toml").write_text(SMALL + wrong)
    done = gradstep("check", "wrong.toml")
    assert done.status == 1
    assert "expected: shown" in done.out
    done = gradstep("check", "wrong.toml", "--json")
    assert done.status == 1
    assert [judged["as_expected"] for judged in done.objects].count(False) == 1


def test_missing_value_is_null(gradstep, folder):
    claim = '[[claim]]\nsays = "x"\neventually = "ago(loss, 9) < 0"\nwithin = 4\n'
    (folder / "null.toml").write_text(SMALL + claim)
    assert gradstep("check", "null.toml", "--json").objects[0]["values"] == {"ago(loss, 9)": None}
    assert "ago(loss, 9) = none" in gradstep("check", "null.toml").out


def test_check_ends_at_a_nonfinite_loss(gradstep, folder):
    claim = '[[claim]]\nsays = "x"\nnever = "not finite(loss)"\nexpect = "refuted"\n'
    text = SMALL.replace("0.05", "1e30").replace("steps = 20", "steps = 100_000")
    (folder / "x.toml").write_text(text + claim)
    (judged,) = gradstep("check", "x.toml", "--json").objects
    assert judged["as_expected"]
    assert judged["values"]["loss"] in ("Infinity", "NaN")
    done = gradstep(*shlex.split(judged["reproduce"])[1:], "--json")
    assert (done.status, done.objects[-1]["step"]) == (0, judged["position"])


def test_claims_of_a_shipped_preset(gradstep):
    done = gradstep("check", "linear-1-layer", "--json")
    assert done.objects
    assert done.status == int(not all(judged["as_expected"] for judged in done.objects))


def test_ctrl_c_keeps_finished_verdicts(gradstep, claims, monkeypatch):
    def interrupted(preset, *_others):
        if preset.name == "small":
            raise KeyboardInterrupt
        return check(preset)

    monkeypatch.setattr("gradstep.engine.runs.check.check", interrupted)
    Path("small.toml").write_text(SMALL + CLAIMS)
    done = gradstep("check", claims, "small.toml")
    assert done.status == 130
    assert "shown at step 7" in done.out
    assert done.err == "interrupted: 1 of 2 presets were checked\n"


def test_preset_without_claims(gradstep):
    done = gradstep("check", "small.toml")
    assert (done.status, done.out.strip()) == (0, "")
    assert done.err == "small.toml has no claims to check\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nothing"], "no such preset"),
        (["small.toml", "--all"], "not both"),
        (["endless.toml"], "has no length"),
        (["bad.toml"], "did you mean 'loss'"),
    ],
)
def test_bad_input(gradstep, folder, arguments, text):
    claim = '[[claim]]\nsays = "x"\nnever = "loss < 0"\n'
    (folder / "endless.toml").write_text(SMALL.replace("steps = 20", "") + claim)
    (folder / "bad.toml").write_text(SMALL + claim.replace("loss", "los"))
    done = gradstep("check", *arguments)
    assert (done.status, done.out) == (2, "")
    assert text in done.err
