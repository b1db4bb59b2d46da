"""The choice of the charts, and the quantities measured for it."""

import pytest
from fake_engine import bench

from gradstep.engine.errors import UserError
from gradstep.engine.records.record import FIELDS
from gradstep.tui.state.charted import AT_MOST, parse_watched, suggestions, to_measure


@pytest.mark.parametrize(
    ("answer", "names"),
    [("loss", ("loss",)), (" loss , dead[2] ", ("loss", "dead[2]")), ("sharpness,sharpness", ("sharpness",))],
)
def test_names_are_parsed(answer, names):
    assert parse_watched(answer) == names


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "given 0 names; allowed: 1 to 2"),
        ("loss, accuracy, mistakes", "given 3 names"),
        ("los", "there is no 'los'; did you mean 'loss'"),
        ("rank", "write rank"),
        ("sharpness[1]", "takes no"),
    ],
)
def test_unknown_names_are_refused(answer, why):
    with pytest.raises(UserError, match=why):
        parse_watched(answer)


def test_suggestions_can_be_chosen():
    answers = [answer for answer, _ in suggestions(("loss", "accuracy"), "")]
    for answer in answers:
        assert len(parse_watched(answer)) == AT_MOST
    assert "loss, grad_norm" in answers
    assert "loss, sharpness" in answers


def test_suggestions_contain_typed_word():
    shown = ("loss", "accuracy")
    assert [answer for answer, _ in suggestions(shown, "norm")] == [
        "loss, grad_norm",
        "loss, update_norm",
        "loss, param_norm",
    ]
    answers = [answer for answer, _ in suggestions(shown, "mape, Rank")]
    assert answers[0] == "mape, rank[1]"
    assert suggestions(shown, "xyz") == []


def test_quantities_beside_charted_ones_are_measured():
    assert list(to_measure(FIELDS)) == []
    assert list(to_measure(("loss", "sharpness"))) == ["sharpness", "stability_limit"]


@pytest.mark.parametrize(
    ("key", "answer", "why"),
    [
        ("u", "rank[9] > 1", "no layer 9; there are 1 to 1"),
        ("U", "dead[0] > 1", "no layer 0; there are 1 to 1"),
        ("u", "error_on_data > 1", "needs targets that are the inputs themselves"),
        ("m", "loss, rank[2]", "no layer 2; there are 1 to 1"),
    ],
)
async def test_dialog_says_why_quantity_cannot_be_measured(key, answer, why):
    async with bench("linear-1-layer") as b:
        await b.advanced(3)
        before = len(b.engine.sent)
        await b.press(key, "ctrl+u", *answer, "enter")
        assert why in " ".join(b.text("#ask").replace("│", " ").split())
        await b.press("escape")
        assert b.engine.sent[before:] == []
