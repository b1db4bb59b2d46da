"""Verdicts on histories made by hand."""

import math

import pytest
from condition_runs import history, losses, row
from hypothesis import given
from hypothesis import strategies as st
from runs import preset

from gradstep.engine import Session
from gradstep.engine.conditions.claims import Claim, Judge, Verdict, claim_condition
from gradstep.engine.conditions.expression import Condition
from gradstep.engine.conditions.language import parse_condition
from gradstep.engine.records.history import History
from gradstep.engine.records.missing import is_missing_number


def claim(**given):
    return Claim(says="It is so.", **given)


def falling(claims=(), **settings):
    """A run whose loss falls at each step."""
    return preset(learning_rate=0.05, claims=claims, **settings)


def verdict(made, **given):
    return Judge(claim(**given)).judge(made)


FALLING = losses(5.0, 4.0, 3.0, 3.0, 2.0, 4.0, 1.0)


@pytest.mark.parametrize(
    ("given", "state", "position", "steps"),
    [
        ({"always": "loss < prev.loss"}, "refuted", 3, 3),
        ({"always": "loss <= prev.loss"}, "refuted", 5, 5),
        ({"always": "loss <= prev.loss", "within": 4}, "holds", None, 4),
        ({"always": "loss <= prev.loss", "within": 5}, "refuted", 5, 5),
        ({"always": "loss > 0"}, "holds", None, 6),
        ({"always": "loss > 0", "within": 100}, "holds", None, 6),
        ({"always": "loss < 5"}, "refuted", 0, 0),
        ({"never": "loss > prev.loss"}, "refuted", 5, 5),
        ({"never": "loss > prev.loss", "within": 4}, "holds", None, 4),
        ({"never": "loss > 9"}, "holds", None, 6),
        ({"never": "loss == 5"}, "refuted", 0, 0),
        ({"eventually": "loss < 3"}, "shown", 4, 4),
        ({"eventually": "loss < 3", "within": 4}, "shown", 4, 4),
        ({"eventually": "loss < 3", "within": 3}, "refuted", 3, 3),
        ({"eventually": "loss < 0"}, "open", None, 6),
        ({"eventually": "loss < 0", "within": 6}, "refuted", 6, 6),
        ({"eventually": "loss < 0", "within": 7}, "open", None, 6),
        ({"eventually": "loss == 5"}, "shown", 0, 0),
        ({"at": 2, "condition": "loss == 3"}, "shown", 2, 2),
        ({"at": 2, "condition": "loss == 4"}, "refuted", 2, 2),
        ({"at": 0, "condition": "loss == 5"}, "shown", 0, 0),
        ({"at": 7, "condition": "loss == 1"}, "open", None, 6),
        ({"at": 0, "condition": "loss < prev.loss"}, "open", None, 6),
    ],
    ids=str,
)
def test_verdicts(given, state, position, steps):
    found = verdict(FALLING, **given)
    assert (found.outcome, found.position, found.steps) == (state, position, steps)


def test_missing_operands_decide_nothing():
    made = history(val_loss=[None, None, 2.0, None, 1.0], loss=[0.0] * 5)
    assert verdict(made, always="val_loss > 1").position == 4
    assert verdict(made, always="val_loss > 0").outcome == "holds"
    assert verdict(made, never="val_loss < 2").position == 4
    assert verdict(made, eventually="val_loss < 2").position == 4
    assert verdict(made, eventually="val_loss < 2", within=3).outcome == "refuted"


def test_nan_refutes_an_always_and_shows_nothing():
    made = losses(2.0, 1.0, math.nan)
    assert verdict(made, always="loss <= prev.loss").position == 2
    assert verdict(made, eventually="loss < 0.5").outcome == "open"
    assert verdict(made, never="not finite(loss)").position == 2


def test_evidence_is_of_the_deciding_position():
    found = verdict(FALLING, always="loss <= prev.loss")
    assert found.values == (("loss", 4.0), ("prev.loss", 2.0))
    assert verdict(FALLING, never="change(loss, 2) > 0").values == (("change(loss, 2)", 1.0),)
    assert verdict(FALLING, always="loss > 0").values == ()
    assert verdict(FALLING, eventually="loss < 0").values == ()
    found = verdict(history(val_loss=[1.0, None]), eventually="val_loss < 0", within=1)
    assert is_missing_number(found.values[0][1])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"always": "loss < prev.loss"}, "refuted at step 3"),
        ({"always": "loss > 0"}, "holds so far (6 steps)"),
        ({"never": "loss > 9"}, "holds so far (6 steps)"),
        ({"never": "change(loss, 5) > 0"}, "holds so far (2 steps)"),
        ({"never": "change(loss, 6) > 0"}, "holds so far (1 step)"),
        ({"never": "change(loss, 7) > 0"}, "not checked yet"),
        ({"always": "loss > 0", "within": 5}, "shown to step 5"),
        ({"always": "loss > 0", "within": 7}, "holds so far (6 steps)"),
        ({"eventually": "loss < 3"}, "shown at step 4"),
        ({"eventually": "loss < 0"}, "not met so far (6 steps)"),
        ({"eventually": "loss < 0", "within": 5}, "refuted at step 5"),
        ({"eventually": "val_loss < 0"}, "not checked yet"),
        ({"at": 2, "condition": "loss == 4"}, "refuted at step 2"),
        ({"at": 7, "condition": "loss == 4"}, "not checked yet"),
        ({"at": 3, "condition": "loss > ago(loss, 4)"}, "not checked yet: step 3 lacks a value for it"),
        ({"seeds": 20, "condition": "loss < 4"}, "not checked yet: `gradstep check` runs 20 seeds"),
        (
            {"at": 2, "condition": 'loss < run("b").loss and loss < run("a").loss'},
            "not checked yet: `gradstep check` runs a, b too",
        ),
    ],
)
def test_texts(given, text):
    made = FALLING
    if "val_loss" in str(given):
        made = history(loss=[1.0] * 3, val_loss=[None] * 3)
    assert verdict(made, **given).text == text


@pytest.mark.parametrize(
    "given", [{"always": "loss > 0"}, {"never": "loss > 9"}, {"eventually": "loss < 0"}], ids=str
)
def test_position_0_alone_checks_nothing(given):
    found = verdict(losses(5.0), **given)
    assert (found.standing, found.text) == ("unchecked", "not checked yet")


@pytest.mark.parametrize(
    ("planned", "standing", "text"),
    [
        (None, "so far", "holds so far (6 steps)"),
        (7, "so far", "holds so far (6 steps)"),
        (6, "shown", "shown to step 6"),
        (3, "shown", "shown to step 6"),
    ],
)
def test_an_always_is_shown_at_the_planned_end(planned, standing, text):
    found = Judge(claim(always="loss > 0")).judge(FALLING, planned)
    assert (found.outcome, found.standing, found.text) == ("holds", standing, text)
    assert Judge(claim(eventually="loss < 0")).judge(FALLING, planned).standing == "so far"
    assert Judge(claim(always="loss > 1.5")).judge(FALLING, planned).standing == "refuted"


def test_the_planned_end_is_not_the_end_of_within():
    assert Judge(claim(always="loss > 0", within=100)).judge(FALLING, 3).standing == "so far"


def test_steps_have_thousands_separators():
    assert verdict(losses(*[1.0] * 2001), always="loss > 0").text == "holds so far (2,000 steps)"


@pytest.mark.parametrize("quantifier", ["always", "never"])
def test_holding_so_far_is_not_final(quantifier):
    found = verdict(losses(*[1.0] * 50), **{quantifier: "loss > 0" if quantifier == "always" else "loss < 0"})
    assert (found.outcome, found.final) == ("holds", False)
    assert "so far" in found.text
    assert not any(word in found.text for word in ("prove", "always", "never", "true", "shown"))


def test_final_verdicts():
    assert verdict(FALLING, always="loss < prev.loss").final
    assert verdict(FALLING, eventually="loss < 3").final
    assert verdict(FALLING, always="loss > 0", within=6).final
    assert not verdict(FALLING, always="loss > 0", within=7).final
    assert not verdict(FALLING, eventually="loss < 0").final


@pytest.mark.parametrize(
    ("expect", "expected"), [(None, True), ("refuted", True), ("holds", False), ("shown", False)]
)
def test_expected(expect, expected):
    assert verdict(FALLING, always="loss < prev.loss", expect=expect).expected is expected


def test_the_condition_of_a_claim():
    for quantifier in ("always", "never", "eventually"):
        assert claim_condition(claim(**{quantifier: "loss > 1"})) == "loss > 1"
    assert claim_condition(claim(at=3, condition="loss > 1")) == "loss > 1"


def test_before_the_first_record_nothing_is_decided():
    assert verdict(history(loss=[]), always="loss > 0") == Verdict(claim(always="loss > 0"), "holds", 0)
    assert verdict(history(loss=[]), eventually="loss > 0").outcome == "open"


# --- as the records come ----------------------------------------------------------------------------

claims = st.one_of(
    st.builds(
        lambda quantifier, condition, within: claim(**{quantifier: condition}, within=within),
        st.sampled_from(["always", "never", "eventually"]),
        st.sampled_from(["loss < prev.loss", "loss > 1", "rising(loss, 2)", "val_loss < 2"]),
        st.none() | st.integers(1, 12),
    ),
    st.builds(lambda at: claim(at=at, condition="loss > 1"), st.integers(0, 12)),
)
some_numbers = st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan])
rows = st.lists(st.tuples(some_numbers, some_numbers | st.none()), min_size=1, max_size=12)


def brute_verdict(judged, made):
    """The first position that decides, looked for from the start, with the end known."""
    condition = parse_condition(claim_condition(judged))
    held = [condition.holds(made, k) for k in range(len(made))]
    if judged.at is not None:
        decided = judged.at < len(held) and held[judged.at] is not None
        return (("shown" if held[judged.at] else "refuted"), judged.at) if decided else ("open", None)
    reach = held if judged.within is None else held[: judged.within + 1]
    looked_for = not judged.always
    if looked_for in reach:
        return ("shown" if judged.eventually else "refuted"), reach.index(looked_for)
    if judged.eventually and judged.within is not None and len(held) > judged.within:
        return "refuted", judged.within
    return ("open" if judged.eventually else "holds"), None


@given(claims, rows)
def test_judging_in_parts_equals_judging_at_once(judged, columns):
    one_by_one, seen = Judge(judged), []
    for count in range(1, len(columns) + 1):
        made = history(loss=[loss for loss, _ in columns[:count]], val_loss=[v for _, v in columns[:count]])
        found = one_by_one.judge(made)
        assert repr(found) == repr(Judge(judged).judge(made))
        assert (found.outcome, found.position) == brute_verdict(judged, made)
        if seen and seen[-1].final:
            assert repr(found) == repr(seen[-1])
        if seen and seen[-1].outcome in ("refuted", "shown"):
            assert found is seen[-1]
        seen.append(found)


def told_at_once(judged, made):
    """What a judge says that has seen nothing before, but for the objects themselves."""
    found = Judge(judged).judge(made)
    return repr(found), found.standing, found.text


measured_claims = st.builds(
    lambda quantifier, condition: claim(**{quantifier: condition}),
    st.sampled_from(["always", "never", "eventually"]),
    st.sampled_from(
        [
            "sharpness < 2",
            "loss < 3 and learning_rate < 2",
            "loss > prev.loss",
            "ago(sharpness, 2) > sharpness",
        ]
    ),
)
events = st.lists(
    st.one_of(
        st.tuples(st.just("record"), some_numbers, some_numbers),
        st.tuples(st.sampled_from(["sharpness", "learning_rate"]), st.integers(0, 12), some_numbers),
        st.tuples(st.just("fork"), st.integers(0, 12), some_numbers),
    ),
    max_size=30,
)


@given(measured_claims, events)
def test_late_values_and_forks_equal_a_fresh_judge(judged, events):
    """Values are measured, or a setting changed, at positions that were judged before."""
    made = losses(1.0)
    judge = Judge(judged)
    for kind, at, value in events:
        if kind == "record":
            made.append(row(loss=at, learning_rate=value))
        elif kind == "fork":
            if at >= len(made):
                continue
            made, parent = History(made.batches, made, at), made
            made.extend(parent.rows(at, at + 1))
            judge = Judge(judged)
        elif made.inherited <= at < len(made):
            made.measured.put(kind, at, value) if kind == "sharpness" else made.put(at, kind, value)
        found = judge.judge(made)
        assert (repr(found), found.standing, found.text) == told_at_once(judged, made)


def test_a_late_value_of_a_parent_counts_up_to_the_fork():
    parent = losses(1.0, 1.0, 1.0)
    child = History(3, parent, 1)
    child.extend(parent.rows(1, 2))
    judge = Judge(claim(never="sharpness == 7"))
    parent.measured.put("sharpness", 2, 7.0)
    assert judge.judge(child).outcome == "holds"
    parent.measured.put("sharpness", 0, 7.0)
    assert (judge.judge(child).outcome, judge.judge(child).position) == ("refuted", 0)


def test_a_judge_reads_each_record_once(monkeypatch):
    read = []
    held = Condition.held

    def counted(self, history, first, last, finals):
        read.extend(range(first, last))
        return held(self, history, first, last, finals)

    monkeypatch.setattr(Condition, "held", counted)
    made, judge = losses(*[1.0] * 10_000), Judge(claim(always="loss > 0"))
    for _ in range(3):
        judge.judge(made)
        made.append(row(loss=1.0))
    assert read == list(range(10_002))


# --- of a session -----------------------------------------------------------------------------------


def test_a_session_judges_its_branch_with_the_recorded_future():
    settings = falling([{"always": "loss < prev.loss"}, {"eventually": "step == 8"}])
    session = Session(settings)
    assert [found.outcome for found in session.claims()] == ["holds", "open"]
    session.burst(10)
    assert [found.text for found in session.claims()] == ["holds so far (10 steps)", "shown at step 8"]
    session.seek(2)
    assert [found.text for found in session.claims()] == ["holds so far (10 steps)", "shown at step 8"]
    session.fork({"train.rule.learning_rate": 10.0})
    assert [found.outcome for found in session.claims()] == ["holds", "open"]
    session.step()
    assert [found.text for found in session.claims()] == ["refuted at step 3", "not met so far (3 steps)"]
    session.switch(0)
    assert [found.text for found in session.claims()] == ["holds so far (10 steps)", "shown at step 8"]


def test_another_seed_is_judged_afresh():
    session = Session(falling([{"eventually": "step == 3"}]))
    session.burst(5)
    assert session.claims()[0].outcome == "shown"
    session.reset(seed=7)
    assert session.claims()[0].text == "not checked yet"


def test_the_planned_end_of_a_session_shows_an_always():
    session = Session(falling([{"always": "loss < prev.loss"}], run={"steps": 4}))
    session.burst(3)
    assert session.claims()[0].text == "holds so far (3 steps)"
    session.step()
    assert session.claims()[0].text == "shown to step 4"
    session.back(2)
    assert session.claims()[0].text == "shown to step 4"


def test_a_setting_changed_where_the_run_stands_is_judged_again():
    """The record of step 3 has the rate of the next update: the change at step 3 is in it."""
    session = Session(falling([{"never": "learning_rate > 1"}]))
    session.burst(3)
    assert session.claims()[0].text == "holds so far (3 steps)"
    session.change({"train.rule.learning_rate": 1.5})
    assert session.claims()[0].text == "refuted at step 3"


def test_a_quantity_measured_later_is_judged():
    it = claim(eventually="sharpness > 0 and step > 0")
    session = Session(falling().model_copy(update={"claim": [it], "measure": {"sharpness": 100}}))
    session.burst(3)
    assert session.claims()[0].text == "not checked yet"
    session.back(2)
    session.measure("sharpness")
    assert session.claims()[0].text == "shown at step 1"


def test_a_deleted_branch_leaves_the_verdicts_of_the_others():
    session = Session(falling([{"always": "loss < prev.loss"}]))
    session.burst(3)
    session.fork({"train.rule.learning_rate": 10.0})
    session.step()
    assert session.claims()[0].text == "refuted at step 4"
    session.switch(0)
    session.timeline.delete(1)
    assert session.claims()[0].text == "holds so far (3 steps)"
    session.fork({"train.rule.learning_rate": 0.01})
    session.step()
    assert session.claims()[0].text == "holds so far (4 steps)"


def test_a_resumed_session_has_its_verdicts(tmp_path):
    session = Session(falling([{"always": "loss < prev.loss"}, {"eventually": "step == 8"}]))
    session.burst(10)
    session.save(tmp_path / "run.gradstep")
    session.close()
    resumed = Session.open(tmp_path / "run.gradstep")
    assert [found.text for found in resumed.claims()] == ["holds so far (10 steps)", "shown at step 8"]
    resumed.close()
