"""Faults of gradstep's own and signals, in a real terminal: it is given back, the run is saved, the exit
status says what happened.

Which escape sequence undoes which is in xterm's "Control Sequences" and in the specification of Kitty's
keyboard protocol; that a signal's exit status is 128 and its number is POSIX's for shells.
"""

import os
import re
import signal
import termios
import time

import psutil
import pytest
from terminal_emulator import Terminal

from gradstep.engine import Session
from gradstep.engine.session.folder import SUFFIX

MODES = {"1049", "1000", "1003", "1006", "1004", "2004", "2048"}
"""The alternate screen, the mouse, reports of focus, pastes and sizes: off in a shell."""
PATCHES = {
    "a pane": """
        from gradstep.tui.panes.charts import ChartsPane as Failing
        shown = Failing.show
        def show(self, state, topics):
            if state.position == 2:
                1 / 0
            shown(self, state, topics)
        Failing.show = show
        """,
    "a render": """
        from gradstep.tui.widgets.chart import Chart as Failing
        rendered = Failing.render_line
        def render_line(self, y):
            if self.app.state.position == 2:
                1 / 0
            return rendered(self, y)
        Failing.render_line = render_line
        """,
    "a message handler": """
        from gradstep.tui.app import Explorer as Failing
        taken = Failing.on_engine_events
        def handler(self, message):
            taken(self, message)
            if self.state.position == 2:
                1 / 0
        Failing.on_engine_events = handler
        """,
    "a thread": """
        from gradstep.tui.link import Link as Failing
        heard = Failing._on_event
        def on_event(self, event):
            heard(self, event)
            if type(event).__name__ == "Stopped" and event.position == 2:
                1 / 0
        Failing._on_event = on_event
        """,
    "the thread that reads keys": """
        from gradstep.tui.wire.driver import TerminalDriver as Failing
        taken = Failing.process_message
        keys = []
        def process(self, message):
            taken(self, message)
            keys.append(getattr(message, "key", ""))
            if keys.count("n") == 2:
                import time
                time.sleep(1)
                1 / 0
        Failing.process_message = process
        """,
    "a callback of the loop": """
        import asyncio
        from gradstep.tui.app import Explorer as Failing
        taken = Failing.on_engine_events
        def handler(self, message):
            taken(self, message)
            if self.state.position == 2:
                asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        Failing.on_engine_events = handler
        """,
}
HANGS = """
    import time
    from gradstep.tui.app import Explorer as Hanging
    Hanging.action_scale_burst = lambda self, factor: time.sleep(1000)
    """


def position(text):
    found = re.search(r"step\s+([\d,]+)", text)
    return int(found[1].replace(",", "")) if found else -1


def dedented(code):
    lines = code.strip("\n").splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines)


@pytest.fixture
def patched(tmp_path):
    """Starts gradstep in a terminal, after some code."""
    opened = []

    def start(code=""):
        environment = {
            "TERM": "xterm-256color",
            "XDG_DATA_HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "XDG_CACHE_HOME": str(tmp_path),
            "GRADSTEP_DATA": str(tmp_path),
        }
        start = "import sys\nfrom gradstep.tui.cli import main\nsys.exit(main(['linear-1-layer']))"
        program = f"{dedented(code)}\n{start}"
        # lines long enough that no sentence is wrapped
        terminal = Terminal(["python", "-c", program], environment, 300, 24)
        terminal.keep = True
        terminal.cooked = termios.tcgetattr(terminal.fd)
        opened.append(terminal)
        return terminal

    yield start
    for terminal in opened:
        terminal.__exit__()


def two_steps(terminal):
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press("n")
    terminal.wait_for(lambda text: position(text) == 1)
    terminal.press("n")


def ended(terminal):
    """The exit status, waited for without reading from the terminal."""
    deadline = time.monotonic() + 20
    while not (waited := os.waitpid(terminal.pid, os.WNOHANG))[0]:
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.1)
    return os.waitstatus_to_exitcode(waited[1])


def assert_given_back(terminal):
    """That the terminal is as a shell left it; what was written to it since."""
    last = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", terminal.stream))
    assert {mode for mode in MODES if last.get(mode.encode(), b"l") != b"l"} == set()
    assert (last[b"25"], last[b"7"]) == (b"h", b"h")
    assert terminal.stream.count(b"\x1b[<u") == len(re.findall(rb"\x1b\[>\d+u", terminal.stream))
    assert termios.tcgetattr(terminal.fd) == terminal.cooked
    _, _, after = terminal.stream.rpartition(b"\x1b[?1049l")
    return re.sub(r"\x1b\[\?\d+[hl]", "", after.decode())


def saved_at(folder):
    """Where the one session that was saved goes on."""
    (path,) = (folder / "gradstep" / "sessions").glob(f"*{SUFFIX}")
    session = Session.open(path)
    try:
        return session.position
    finally:
        session.close()


@pytest.mark.parametrize("where", PATCHES)
def test_a_fault_gives_the_terminal_back_and_names_its_file(patched, tmp_path, where):
    terminal = patched(PATCHES[where])
    two_steps(terminal)
    assert terminal.exit_status(20) == 70
    said = assert_given_back(terminal)
    found = re.search(
        r"gradstep met a fault of its own \(ZeroDivisionError\); the traceback is in (\S+)\.\r\n", said
    )
    assert found
    assert "Traceback" not in said
    (file,) = (tmp_path / "state" / "gradstep" / "faults").iterdir()
    assert found[1] == str(file)
    assert "1 / 0" in file.read_text() or "ZeroDivisionError: division by zero" in file.read_text()
    assert file.read_text().count("Traceback (most recent call last)") == 1
    assert re.search(r"saved; `gradstep \S+` resumes it", said)
    assert len(said.strip().splitlines()) == 2
    assert saved_at(tmp_path) == 2


@pytest.mark.parametrize(
    "code",
    [
        "from gradstep.tui.app import Explorer\nExplorer.__init__ = lambda self, *a, **k: 1 / 0",
        "from gradstep.tui.opening import Opening\nOpening.preset = lambda self, preset: 1 / 0",
        "from gradstep.tui.app import Explorer\nExplorer.get_default_screen = lambda self: 1 / 0",
        "from gradstep.tui.app import Explorer\nExplorer.on_mount = lambda self: 1 / 0",
        "from gradstep.tui.screens import explorer\nexplorer.ExplorerScreen.compose = lambda self: 1 / 0",
    ],
)
def test_a_fault_at_the_start(patched, code):
    terminal = patched(code)
    assert terminal.exit_status(30) == 70
    said = terminal.stream.decode()
    if "\x1b[?1049h" in said:
        said = assert_given_back(terminal)
    assert said.count("gradstep met a fault of its own") == 1
    assert "Traceback" not in said


def test_a_fault_at_the_end(patched, tmp_path):
    terminal = patched("from gradstep.tui.app import Explorer\nExplorer.on_unmount = lambda self: 1 / 0")
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    terminal.press("q")
    assert terminal.exit_status(20) == 70
    assert "gradstep met a fault of its own (ZeroDivisionError)" in assert_given_back(terminal)
    assert saved_at(tmp_path) == 2


def test_a_traceback_that_no_file_takes_is_said(patched, tmp_path):
    (tmp_path / "state").write_text("a file where the folder would be")
    terminal = patched(PATCHES["a pane"])
    two_steps(terminal)
    assert terminal.exit_status(20) == 70
    said = assert_given_back(terminal)
    assert "gradstep met a fault of its own (ZeroDivisionError); no file could be written" in said
    assert "1 / 0" in said or "ZeroDivisionError: division by zero" in said


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_gives_the_terminal_back_and_saves(patched, tmp_path, number, status):
    terminal = patched()
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    os.kill(terminal.pid, number)
    assert terminal.exit_status(20) == status
    assert_given_back(terminal)
    assert saved_at(tmp_path) == 2


def test_signals_while_the_end_is_handled_change_nothing(patched, tmp_path):
    terminal = patched()
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    for _ in range(5):
        os.kill(terminal.pid, signal.SIGTERM)
        time.sleep(0.02)
    assert terminal.exit_status(20) == 143
    assert "resumes it" in assert_given_back(terminal)
    assert saved_at(tmp_path) == 2


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5, 0.7, 0.9, 1.2])
def test_sigterm_during_the_start(patched, seconds):
    terminal = patched()
    time.sleep(seconds)
    os.kill(terminal.pid, signal.SIGTERM)
    # before Python has come to gradstep, the signal itself ends it
    assert terminal.exit_status(20) in (143, -signal.SIGTERM)
    said = terminal.stream.decode()
    if "\x1b[?1049h" in said:
        said = assert_given_back(terminal)
    assert "Traceback" not in said
    assert "fault of its own" not in said


def test_a_screen_that_hangs_is_ended_too(patched, tmp_path):
    terminal = patched(HANGS)
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    terminal.press("+")
    time.sleep(0.5)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.exit_status(30) == 143
    assert_given_back(terminal)
    assert saved_at(tmp_path) == 2


def test_sigterm_after_it_was_stopped(patched, tmp_path):
    terminal = patched()
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    os.kill(terminal.pid, signal.SIGSTOP)
    time.sleep(0.3)
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.settle()
    terminal.press("n")
    terminal.wait_for(lambda text: position(text) == 3)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.exit_status(20) == 143
    assert_given_back(terminal)
    assert saved_at(tmp_path) == 3


def test_sigcont_while_the_end_is_handled(patched):
    slow = """
        import time
        from gradstep.tui.app import Explorer
        closed = Explorer.close_engine
        def close(self):
            print("closing", flush=True)
            time.sleep(2)
            closed(self)
        Explorer.close_engine = close
        """
    terminal = patched(slow)
    two_steps(terminal)
    terminal.press("q")
    terminal.wait_for(lambda text: "closing" in text)
    os.kill(terminal.pid, signal.SIGCONT)
    assert terminal.exit_status(20) == 0
    assert_given_back(terminal)


def test_ctrl_c_from_outside(patched, tmp_path):
    terminal = patched()
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    os.kill(terminal.pid, signal.SIGINT)
    assert terminal.exit_status(20) == 130
    assert_given_back(terminal)
    assert saved_at(tmp_path) == 2


def test_a_terminal_that_takes_nothing_more(patched, tmp_path):
    terminal = patched()
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    terminal.settle()
    its = os.open(psutil.Process(terminal.pid).terminal(), os.O_RDWR | os.O_NOCTTY)
    termios.tcflow(its, termios.TCOOFF)  # as by Ctrl+S
    terminal.press(*"?q" * 40)
    time.sleep(1)
    os.kill(terminal.pid, signal.SIGTERM)
    assert ended(terminal) == 143
    os.close(its)
    assert saved_at(tmp_path) == 2


@pytest.mark.parametrize("ignored", [False, True], ids=["", "nohup"])
def test_a_terminal_that_is_closed(patched, tmp_path, ignored):
    terminal = patched("import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)" if ignored else "")
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    os.close(terminal.fd)
    status = ended(terminal)
    terminal.fd = os.open(os.devnull, os.O_RDONLY)  # for the emulator to close
    assert status == 129
    assert saved_at(tmp_path) == 2
    assert not (tmp_path / "state").exists()


def test_a_thread_of_the_terminal_that_goes_on_does_not_hold_the_process(patched):
    """Textual leaves its reader running if it is interrupted, as when the terminal goes during the start."""
    terminal = patched(
        "from textual.drivers.linux_driver import LinuxDriver\nLinuxDriver.disable_input = print"
    )
    two_steps(terminal)
    terminal.wait_for(lambda text: position(text) == 2)
    terminal.press("q")
    assert terminal.exit_status(20) == 0
