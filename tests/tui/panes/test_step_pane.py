"""The tab on the next update."""

import probe_results as made
from fake_engine import bench, classifier
from probe_tabs import SMALL, at, said, tell


async def test_step_has_words_and_numbers():
    async with bench(classifier(), size=SMALL) as b:
        await at(b, 20, "5")
        await tell(b, "step", made.step(full=True, trials=made.trials(), remark="not\x1b downhill"))
        await tell(b, "line", made.line())
        shown = said(b)
        for says in (
            "as the quadratic predicts",
            "not\ufffd downhill",
            "dᵀg+dᵀHd/2     -0.01095",
            "layer2       1.830     0.3022  1.000e-09",
            "vanishing gradient",
            "0.5000      2.310          2  taken",
            "cos(batch g)     0.9700",
            "●",
            "▼ ×1.5",
        ):
            assert says in shown


async def test_two_changes_of_the_loss_are_told_apart_with_batches():
    async with bench(classifier(), size=(120, 40)) as b:
        await b.opened(batches=12)
        await at(b, 20, "5")
        await tell(b, "step", made.step(20))
        assert "the bottom line's Δ is between batches" in b.text("#step")
        assert "Δ between batches" in b.text("#transport")
