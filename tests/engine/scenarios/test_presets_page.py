"""presets/README.md says what the presets say, and its walks go as it tells.

That its verdicts are those of runs is tested with the verdicts, in test_scenario_verdicts.py.
"""

import doctest
from itertools import groupby

import pytest
from presets_page import claims, table, walks

from gradstep.engine import load_preset
from gradstep.engine.config.files import preset_names


def test_presets_and_questions():
    found = [(row["preset"], row["question"]) for row in table("gradstep presets --markdown")]
    assert found == [(name, load_preset(name).question) for name in preset_names()]


def test_presets_with_claims():
    rows = table("gradstep check --all --markdown")
    found = [name for name, _ in groupby(rows, key=lambda row: row["preset"])]
    assert found == [name for name in preset_names() if load_preset(name).claim]


@pytest.mark.parametrize("name", [name for name in preset_names() if load_preset(name).claim])
def test_claims_and_expected_verdicts(name):
    found = [(row["statement"], row["who says it"], row["verdict"]) for row in claims(name)]
    expected = [(f"“{claim.says}”", claim.source, claim.expect) for claim in load_preset(name).claim]
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [
        row for row, (*_, expect) in zip(found, expected, strict=True) if expect not in (None, row[2])
    ] == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "heading",
    [pytest.param(heading, marks=() if "linear" in heading else pytest.mark.mnist) for heading in walks()],
)
def test_walk(heading):
    results = doctest.DocTestRunner(verbose=False).run(walks()[heading], out=pytest.fail)
    assert results.attempted > 5


def test_four_walks():
    assert len(walks()) == 4
