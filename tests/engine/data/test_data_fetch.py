"""Downloading MNIST, from servers on this machine that fail in every way."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gradstep.engine.config.data import MnistData
from gradstep.engine.data import mnist
from gradstep.engine.data.dataset import DataError
from gradstep.engine.data.fetch import fetch_mnist
from gradstep.engine.data.load import load
from gradstep.engine.data.status import status

IMAGES = "train-images-idx3-ubyte"


class Mirror:
    """A web server: `files` maps a name to (body, length to announce); what is asked for is in `asked`."""

    def __init__(self, files):
        self.files = files
        self.asked = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.removeprefix("/mnist/")
                mirror.asked.append(name)
                if name not in mirror.files:
                    self.send_error(404)
                    return
                body, length = mirror.files[name]
                self.send_response(200)
                if length is not None:
                    self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def mirror(monkeypatch):
    """Start a server with these files: name → body, or (body, announced length)."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    started = []

    def start(files):
        whole = {name: file if isinstance(file, tuple) else (file, len(file)) for name, file in files.items()}
        started.append(Mirror(whole))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def files(tiny):
    return {f"{name}.gz": gzip.compress(content, 1) for name, content in tiny.contents.items()}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "new" / "mnist"


def test_four_files_arrive_whole_with_progress(mirror, files, folder):
    server, reports = mirror(files), []
    assert fetch_mnist(folder, lambda *report: reports.append(report), [server.url]) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)
    assert server.asked == list(files)
    assert status(folder).complete
    assert load(MnistData(name="mnist"), "float32", folder).name == "mnist"
    for name, content in files.items():
        last = [report for report in reports if report[0] == name.removesuffix(".gz")][-1]
        assert last[1:] == (len(content), len(content))
    assert all(done <= total for _, done, total in reports)


def test_the_users_cache_is_the_default(mirror, files):
    assert fetch_mnist(mirrors=[mirror(files).url]) == mnist.cache_folder()
    assert status().place == mnist.cache_folder()


def test_a_server_that_announces_no_length(mirror, files, folder):
    server, reports = mirror({name: (body, None) for name, body in files.items()}), []
    fetch_mnist(folder, lambda *report: reports.append(report), [server.url])
    assert status(folder).complete
    assert reports[-1][2] == 0
    assert reports[-1][1] > 0


def test_what_is_there_and_right_is_not_downloaded_again(mirror, files, folder, tiny):
    server = mirror(files)
    tiny.write(folder, without=(IMAGES,))
    fetch_mnist(folder, mirrors=[server.url])
    assert server.asked == [f"{IMAGES}.gz"]
    fetch_mnist(folder, mirrors=[server.url])
    assert server.asked == [f"{IMAGES}.gz"]
    assert status(folder).complete


def test_a_damaged_file_is_replaced(mirror, files, folder, tiny):
    server = mirror(files)
    tiny.write(folder)
    path = folder / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:1000])
    fetch_mnist(folder, mirrors=[server.url])
    assert server.asked == [f"{IMAGES}.gz"]
    assert status(folder).complete


BAD = {
    "cut off": (lambda body: (body[: len(body) // 2], len(body)), "Connection broken"),
    "cut off unannounced": (
        lambda body: (body[: len(body) // 2], None),
        "truncated; the gzip stream ends early",
    ),
    "a login page": (lambda _body: b"<html>Please log in</html>", "26 bytes uncompressed; expected"),
    "other contents": (
        lambda body: gzip.compress(gzip.decompress(body)[:-1] + b"\x2a"),
        "the right size, but not the contents of",
    ),
    "missing": (None, "404"),
}


def broken(files, kind):
    """The files with the third one spoilt, so that two have come when the failure does."""
    spoil, _text = BAD[kind]
    name = list(files)[2]
    spoilt = {name: spoil(files[name])} if spoil else {}
    return {key: body for key, body in files.items() if key != name} | spoilt


@pytest.mark.parametrize("kind", BAD)
def test_a_failure_leaves_nothing_behind_and_says_why(mirror, files, folder, kind):
    first, second = mirror(broken(files, kind)), mirror({})
    with pytest.raises(DataError) as error:
        fetch_mnist(folder, mirrors=[first.url, second.url])
    head, at_first, at_second = str(error.value).splitlines()
    name = list(files)[2]
    assert head == "MNIST could not be downloaded:"
    assert at_first.startswith(f"  {first.url}{name}: ")
    assert BAD[kind][1] in at_first
    assert at_second.startswith(f"  {second.url}{name}: 404")
    assert list(folder.iterdir()) == []
    assert status(folder).source == "digits"


@pytest.mark.parametrize("kind", BAD)
def test_the_next_mirror_goes_on_where_one_fails(mirror, files, folder, kind):
    first, second = mirror(broken(files, kind)), mirror(files)
    fetch_mnist(folder, mirrors=[first.url, second.url])
    assert first.asked == list(files)[:3]
    assert second.asked == list(files)[2:]
    assert status(folder).complete


def test_a_server_that_is_not_there(mirror, files, folder):
    gone = mirror({})
    gone.server.server_close()
    fetch_mnist(folder, mirrors=[gone.url, mirror(files).url])
    assert status(folder).complete


def test_an_interruption_leaves_the_folder_as_it_was(mirror, files, folder):
    def interrupt(name, _done, _total):
        if name != IMAGES:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_mnist(folder, interrupt, [mirror(files).url])
    assert list(folder.iterdir()) == []


def test_a_folder_that_can_not_be_made(mirror, files, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="can't be written to"):
        fetch_mnist(tmp_path / "file" / "mnist", mirrors=[mirror(files).url])
