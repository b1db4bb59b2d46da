"""The charts of the watched fields."""

from fake_engine import bench, classifier, records

from gradstep.engine.worker.events import Advanced, BranchInfo, BranchList, SettingsChanged


async def test_charts_chosen_later_have_the_other_branches_too():
    async with bench(classifier(), size=(80, 24)) as b:
        await b.advanced(10)
        main, fork = BranchInfo(0, "main", None, 0, ()), BranchInfo(1, "slower", 0, 4, ())
        b.engine.tell(BranchList((main, fork), 0))
        b.engine.tell(Advanced(4, records(4, 20), 10, False, 1))
        await b.settled()
        assert "slower" in b.text("#charts")
        preset = b.state.preset.model_copy(update={"watch": ["grad_norm", "mistakes"]})
        b.engine.tell(SettingsChanged(preset, 9, {}))
        await b.settled()
        assert "slower" in b.text("#charts")
        assert [chart.chart_title for chart in b.app.explorer.charts.charts] == ["grad_norm", "mistakes"]
