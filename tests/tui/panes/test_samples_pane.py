"""The tab on single samples."""

import dataclasses

import probe_results as made
from fake_engine import bench, classifier
from probe_tabs import SMALL, asked, at, tell

from gradstep.engine.conditions.claims import Verdict
from gradstep.engine.worker.commands import Probe, Seek
from gradstep.engine.worker.events import Verdicts


async def test_flips_are_asked_for_before_their_samples():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await b.until(lambda: asked(b) == [Probe("flips")])
        await tell(b, "flips", made.flips())
        await b.until(
            lambda: asked(b)[1:] == [Probe("samples", {"chosen": (45, 46), "worst": 8, "part": "training"})]
        )
        await b.press("number_sign", *"1499", "enter")
        await b.until(
            lambda: (
                asked(b)[-1] == Probe("samples", {"chosen": (1499, 45, 46), "worst": 8, "part": "training"})
            )
        )


async def test_sample_number_is_checked():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await b.press("number_sign", *"1500", "enter")
        assert "allowed: 0 to 1,499" in b.text("#ask")


async def test_evidence_of_a_claim_leads_to_flipped_samples():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "4")
        verdicts = tuple(Verdict(claim, "refuted", 20, 7) for claim in classifier().claim)
        b.engine.tell(Verdicts(verdicts))
        await b.settled()
        assert "8 shows the samples" in " ".join(b.text("#story").split())
        await b.press("down", "enter")
        assert Seek(7) in b.engine.sent
        await b.moved(7)
        await b.press("8")
        await b.until(lambda: asked(b) == [Probe("flips")])


async def test_keys_walk_samples():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "flips", made.flips())
        await tell(b, "samples", made.labelled())
        shown = b.text("#samples")
        assert "mistakes 1,188 → 1,190 of 1,500" in shown
        assert "1 of 4 listed" in shown
        assert "#45 turned wrong" in shown
        assert shown.count("▀") == 28 * 14
        assert "0.080 → 0.280" in shown
        await b.press("full_stop", "down")
        assert "#1 among the worst" in b.text("#samples")
        await b.press("comma")
        assert "#46 turned right" in b.text("#samples")
        await b.press(*["comma"] * 5)
        assert "#45" in b.text("#samples")


async def test_flips_are_to_come_before_the_first_update():
    async with bench(classifier(), size=SMALL) as b:
        await b.stopped()
        await b.press("8")
        await tell(b, "flips", made.flips(0))
        await tell(b, "samples", made.labelled(position=0))
        shown = b.text("#samples")
        assert "What the first update will change" in shown
        assert "5 wrong, 3 right" in shown
        assert "#45 will turn wrong" in shown


async def test_validation_samples_have_their_own_list():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "flips", made.flips())
        await tell(b, "samples", made.labelled())
        await b.press("v")
        validation = {"chosen": (), "worst": 8, "part": "validation"}
        await b.until(lambda: asked(b)[-1] == Probe("samples", validation))
        assert "Validation" in b.text("#samples")
        assert "#45" not in b.text("#samples")
        found = dataclasses.replace(made.labelled(()), part="validation", samples=300, mistakes=17)
        await tell(b, "samples", found)
        assert "17 of 300 wrong" in b.text("#samples")
        assert "1 of 2" in b.text("#samples")
        assert "#1 among the worst" in b.text("#samples")
        await b.press("number_sign", *"300", "enter")
        assert "allowed: 0 to 299" in b.text("#ask")
        await b.press(*["backspace"] * 3, *"299", "enter")
        assert asked(b)[-1] == Probe("samples", {**validation, "chosen": (299,)})
        await b.press("v")
        await b.until(lambda: asked(b)[-1].options["part"] == "training")
        assert "#45 turned wrong" in b.text("#samples")


async def test_copied_sample_has_three_images():
    async with bench("identity-1-layer", size=SMALL) as b:
        await at(b, 20, "8")
        await b.until(lambda: asked(b) == [Probe("samples", {"chosen": (), "worst": 8, "part": "training"})])
        await tell(b, "samples", made.copied())
        shown = b.text("#samples")
        assert "#13650 among the worst" in shown
        assert "largest error 255.0" in shown
        assert "difference" in shown
        assert shown.count("▀") == 3 * 24 * 12


async def test_ramp_samples_are_a_scatter():
    async with bench("linear-1-layer", size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "samples", made.ramp())
        shown = b.text("#samples")
        assert "output over target" in shown
        assert "99          99.00      92.10" in shown


async def test_kept_sample_is_asked_for_and_shown_first():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "8")
        await tell(b, "flips", made.flips())
        await tell(b, "samples", made.labelled())
        await b.press("full_stop", "c")
        assert "#46 turned right" in b.text("#samples")
        await at(b, 1)
        await tell(b, "flips", made.flips(21))
        await b.until(lambda: asked(b)[-1].options.get("chosen") == (46, 45, 1, 2))
        later = made.labelled((46, 45), 21)
        row = dataclasses.replace(later.chosen[0], output=made.probabilities(9))
        await tell(b, "samples", dataclasses.replace(later, chosen=(row,)))
        assert "#46 turned right" in b.text("#samples")
        assert "1 of 4 listed" in b.text("#samples")
        assert "7 ▊         0.080  7 ██▌       0.280" in b.text("#samples")
