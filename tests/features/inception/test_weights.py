"""The download of Inception's weights, against a server on the loopback address."""

import hashlib
import http.server
import socket
import threading

import pytest

from gancli.errors import GancliError
from gancli.features.inception import weights as inception_weights

CONTENT = bytes(range(256)) * 10_000


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/weights":
            self.send_error(404, "Not Found")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_whole_file_arrives_with_progress(server, tmp_path):
    told = []
    path = tmp_path / "cache" / "weights.pth"
    digest = hashlib.sha256(CONTENT).hexdigest()
    inception_weights.download(path, f"{server}/weights", digest, lambda *at: told.append(at))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/weights", "is not the published file (its SHA-256 is another)."),
        ("/elsewhere", "the server says 404 Not Found."),
    ],
)
def test_what_is_not_the_published_file_is_not_kept(server, tmp_path, place, message):
    path = tmp_path / "weights.pth"
    with pytest.raises(GancliError) as caught:
        inception_weights.download(path, server + place, inception_weights.SHA256)
    assert message in str(caught.value)
    assert str(caught.value).endswith(
        f"Fetch {server}{place} by other means and give it with --inception-weights FILE."
    )
    assert list(tmp_path.iterdir()) == []


def test_no_server_is_said(tmp_path):
    with pytest.raises(GancliError, match=r"cannot download pt_inception.*: .*refused"):
        inception_weights.download(tmp_path / "weights.pth", "http://127.0.0.1:1/weights", "")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_server_of_the_web_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer():
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 another protocol\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(
            GancliError, match=r"cannot download pt_inception.*: .*220 another protocol.*by other means"
        ):
            inception_weights.download(tmp_path / "weights.pth", f"http://127.0.0.1:{other.getsockname()[1]}/", "")
        thread.join()
    with pytest.raises(GancliError, match=r"cannot download pt_inception.*: nonnumeric port: 'x'"):
        inception_weights.download(tmp_path / "weights.pth", "http://127.0.0.1:x/", "")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_cache_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(GancliError, match=r"cannot write .*weights.pth: Not a directory\."):
        inception_weights.download(tmp_path / "file" / "weights.pth", "http://127.0.0.1:1/", "")


def test_the_file_in_the_cache_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = tmp_path / "gancli" / inception_weights.FILE
    kept.parent.mkdir()
    kept.write_bytes(b"as published")
    assert inception_weights.find() == kept
