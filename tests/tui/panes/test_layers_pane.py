"""The tab on layers."""

import numpy as np
import probe_results as made
import pytest
from fake_engine import bench, classifier
from probe_tabs import SMALL, at, said, tell

from gradstep.engine.errors import UserError
from gradstep.engine.worker.commands import SeekUnitDeath
from gradstep.tui.panes.layers import unit_of


async def test_layers_are_drawn_and_counted():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        since = np.array([3, 12, 12, 12, 15])
        singular = np.array([3.5, 0.1])
        await tell(b, "layers", made.layers(silent_since=since, rank=60, singular_values=singular))
        shown = b.text("#layers")
        for says in (
            "64 units, 1 distinct",
            "1 group; 0–63; 1 distinct gradient",
            "▁▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▄▅▅▅▅▆▆▆▆▇▇▇▇██ -0.600 … 2.66",
            "silent     5 of 64: 3, 7–9, 40",
            "since      the update of step 2: unit 3; of step 11: 3 units; later: 1",
            "60 of the weights",
        ):
            assert says in shown, shown


async def test_keys_walk_units_and_go_to_the_unit_s_death():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        await tell(b, "layers", made.layers())
        assert "1 of 5 silent › unit 3 of layer1  silent on every batch so far" in b.text("#layers")
        assert "enter: does it fire on any sample?" in b.text("#layers")
        await b.press("full_stop")
        assert "‹ 2 of 5 silent › unit 7 of layer1  silent since the update of step 11" in b.text("#layers")
        await b.press(*["full_stop"] * 9)
        assert "‹ 5 of 5 silent   unit 40 of layer1  silent since the update of step 19" in b.text("#layers")
        await tell(b, "layers", made.layers(dead=np.array([8, 9])))
        assert "‹ 2 dead   unit 40" in b.text("#layers")
        assert "not dead: other training samples" in b.text("#layers")
        await b.press("comma")
        assert "‹ 2 of 2 dead   unit 9 of layer1" in b.text("#layers")
        assert "dead on all training samples  x: go to the update that killed it" in b.text("#layers")
        assert "x death" in b.key_bar()
        await b.press("x")
        assert b.engine.sent[-1] == SeekUnitDeath(0, 9)
        await b.press("c")
        await at(b, 1)
        await tell(b, "layers", made.layers(21, distinct=63))
        assert "x death" in b.key_bar()
        assert "C drop  t kept" in b.key_bar()
        assert all(len(line) <= 78 for line in said(b).splitlines())
        await b.opened()
        await tell(b, "layers", made.layers(0))
        assert "unit 3 of layer1" in said(b)  # the unit 9 was one of the run before


async def test_unit_is_shown_by_number():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        await tell(b, "layers", made.layers(silent_since=np.array([20, 20, 20, 20, 20]), watched_from=20))
        assert "silent since step 20 at least" in b.text("#layers")
        await b.press("number_sign", *"63", "enter")
        assert "unit 63 of layer1  fires on this batch" in b.text("#layers")
        await b.press("number_sign", *"2:4", "enter")  # of a layer that the result does not have
        assert "unit 3 of layer1" in b.text("#layers")


@pytest.mark.parametrize(
    ("typed", "unit"), [("17", (0, 17)), (" 2:9 ", (1, 9)), ("1:0", (0, 0)), ("1 : 63", (0, 63))]
)
def test_typed_unit_is_parsed(typed, unit):
    found = unit_of(typed, [64, 10])
    assert (found.layer, found.number) == unit


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "allowed: a unit's number"),
        ("x", "given 'x'"),
        ("-1", "allowed: a unit's number"),
        ("1:2:3", "allowed: a unit's number"),
        ("²", "allowed: a unit's number"),
        ("64", "layer1 has no unit 64; allowed: 0 to 63"),
        ("2:10", "layer2 has no unit 10; allowed: 0 to 9"),
        ("0:1", "no layer 0; allowed: 1 to 2"),
        ("3:1", "no layer 3"),
    ],
)
def test_unknown_unit_is_refused(typed, says):
    with pytest.raises(UserError, match=says):
        unit_of(typed, [64, 10])


async def test_layers_without_silent_units_have_no_keys_for_them():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "6")
        await tell(b, "layers", made.layers(silent=None, silent_since=None, watched_from=None))
        assert "death" not in b.key_bar()
        await b.press("x", "full_stop")
        assert not [sent for sent in b.engine.sent if isinstance(sent, SeekUnitDeath)]
