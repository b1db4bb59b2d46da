"""Faults of the engine's own, in real processes: what is told is one sentence, the traceback is in a file."""

import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from runs import preset

from gradstep.engine import Session
from gradstep.engine.session.folder import SUFFIX, sessions_folder
from gradstep.engine.worker.client import EngineClient
from gradstep.engine.worker.commands import (
    Close,
    Open,
    Probe,
    Seek,
    Step,
)
from gradstep.engine.worker.events import (
    Died,
    Logged,
    Opened,
    ProbeFailed,
    Refused,
    Stopped,
)
from gradstep.engine.worker.process import EngineProcess

SENTENCE = r"gradstep met a fault of its own \(ZeroDivisionError\); the traceback is in (\S+)\."
RUN = """
import runpy
runpy.run_module("gradstep.engine.worker", run_name="__main__")
"""
A_STEP = """
from gradstep.engine.session.session import Session
from gradstep.engine.training.trainer import Trainer
fine = Trainer.step
def step(self):
    fine(self)
    if self.position == 3 and not failed:
        failed.append(True)
        1 / 0
failed = []
Trainer.step = step
Trainer.at_once = 1
"""
A_PROBE = """
from gradstep.engine.probes import registry as probes
def run(*given, **options):
    1 / 0
probes.run = run
"""
A_RESULT = """
from gradstep.engine.probes import registry as probes
probes.run = lambda *given, **options: lambda: "this can't be pickled"
"""
THE_END = """
from gradstep.engine.worker.host import Host
fine = Host._end_run
def end(self):
    ends = self._driver is not None
    fine(self)
    if ends:
        1 / 0
Host._end_run = end
"""
A_THREAD = """
from gradstep.engine.worker.inbox import Inbox
fine = Inbox.put
def put(self, command):
    fine(self, command)
    if getattr(command, "count", 0) == 2:
        1 / 0
Inbox.put = put
"""
THE_IMPORT = """
import sys, types
sys.modules["gradstep.engine.session.session"] = types.ModuleType("gradstep.engine.session.session")
"""


@pytest.fixture
def engine(wait_for):
    """Starts an engine's process after some code; what it was heard to say."""
    clients = []

    def start(code):
        ours, theirs = socket.socketpair()
        stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed by the client's reader
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-c", code + RUN, str(theirs.fileno()), "0.1"],
                pass_fds=[theirs.fileno()],
                stderr=stderr,
            )
        heard = []
        client = EngineClient(heard.append, EngineProcess(process, ours, stderr))
        client.start()
        clients.append(client)

        def wait(kind):
            return wait_for(lambda: next((event for event in heard if isinstance(event, kind)), None))

        return client, wait

    yield start
    for client in clients:
        client.close()


def opened(engine, code):
    client, wait = engine(code)
    client.send(Open(preset(layers=(3, 1), rule="momentum", learning_rate=0.01)))
    wait(Opened)
    return client, wait


def kept(said):
    """The traceback that a sentence names, which is all that is said."""
    found = re.fullmatch(SENTENCE, said.strip())
    assert found, said
    text = Path(found[1]).read_text("utf-8")
    assert text.endswith("ZeroDivisionError: division by zero\n")
    return text


def test_fault_amid_step_leaves_run_in_place(engine):
    client, wait = opened(engine, A_STEP)
    client.send(Step(5))
    assert "in step" in kept(wait(Refused).text)
    client.send(Step(3))
    assert wait(Stopped).position == 5
    client.send(Seek(5))  # whose answer tells the state's hash
    whole = Session(preset(layers=(3, 1), rule="momentum", learning_rate=0.01))
    whole.burst(5)
    assert wait(Logged).text == f"state {whole.state_hash()}"


def test_fault_in_probe_leaves_the_run(engine):
    client, wait = opened(engine, A_PROBE)
    client.send(Probe("step", {}, 1))
    assert "in run" in kept(wait(ProbeFailed).text)
    client.send(Step(3))
    assert wait(Stopped).position == 3


def test_result_that_cannot_be_sent_is_a_failure(engine):
    client, wait = opened(engine, A_RESULT)
    client.send(Probe("step", {}, 1))
    assert wait(ProbeFailed).text.startswith("gradstep met a fault of its own (")
    client.send(Step(3))
    assert wait(Stopped).position == 3


def test_fault_that_ends_the_process(engine):
    client, wait = opened(engine, THE_END)
    client.send(Step(2))
    assert wait(Stopped).position == 2
    client.send(Close())
    died = wait(Died)
    assert died.exit_status == 70
    kept(died.tail)
    assert saved_at() == 2


def test_fault_in_needed_thread(engine):
    client, wait = opened(engine, A_THREAD)
    client.send(Step(2))
    died = wait(Died)
    assert died.exit_status == 70
    kept(died.tail)


def test_fault_in_import(engine):
    _, wait = engine(THE_IMPORT)
    died = wait(Died)
    assert died.exit_status == 70
    assert re.fullmatch(SENTENCE.replace("ZeroDivisionError", "ImportError"), died.tail.strip())


def saved_at():
    """Where the session that was saved last goes on."""
    path = max(sessions_folder().glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    session = Session.open(path)
    try:
        return session.position
    finally:
        session.close()
