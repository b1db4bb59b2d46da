"""README's "Five minutes", key by key, in a real terminal."""

import re

ENTER = "\r"


def stands(position, loss=""):
    """Whether the screen shows this position and a loss that begins so."""
    return lambda text: (
        re.search(rf"step\s+{position}\b", text) is not None
        and re.search(rf"loss\s+{re.escape(loss)}", text.splitlines()[-4]) is not None
    )


def test_mistake_while_the_loss_falls(explorer):
    terminal = explorer("exam-two-points", columns=120, rows=40)
    terminal.wait_for(stands(0, "1.846"))
    terminal.press("n")
    terminal.wait_for(stands(1, "1.26"))
    terminal.press("4")
    terminal.wait_for(lambda text: "refuted at step 1" in text)
    terminal.press("8")
    terminal.wait_for(lambda text: re.search(r"mistakes 1 → 2", text) and "turned wrong" in text)
    terminal.press("p")
    terminal.wait_for(stands(0, "1.846"))


def test_fork(explorer):
    terminal = explorer("linear-1-layer-diverges", columns=120, rows=40)
    terminal.wait_for(stands(0))
    terminal.press("b")
    terminal.wait_for(stands(100))
    assert re.search(r"loss\s+\d\.\d+e\+2\d\d", terminal.text)
    terminal.press("g", "3", ENTER)
    terminal.wait_for(stands(3))
    terminal.press("e", ENTER)
    terminal.settle()
    terminal.press(*"1e-12", ENTER)
    terminal.wait_for(lambda text: "lr 1e-12" in text)
    terminal.press("b")
    terminal.wait_for(stands(103, "26.58"))
    terminal.press("1")
    terminal.wait_for(lambda text: "main" in text)


def test_why_it_stops(explorer):
    terminal = explorer("linear-1-layer", columns=120, rows=40)
    terminal.wait_for(stands(0))
    terminal.press(" ")
    terminal.wait_for(stands(200, "26.58"))
    terminal.press("7")
    terminal.settle()
    terminal.press(ENTER)
    terminal.wait_for(lambda text: "4.2e-08" in text and "5.5e+07" in text, 60)
