"""A forward proxy on loopback that tunnels (CONNECT) and notes where to."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    server: "Proxy"

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as there:
            self.send_response(200)
            self.end_headers()
            _join(self.connection, there)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _join(one: socket.socket, another: socket.socket) -> None:
    to = {one: another, another: one}
    while True:
        ready, _, _ = select.select(list(to), [], [], 30)
        for end in ready:
            data = end.recv(65_536)
            if not data:
                return
            to[end].sendall(data)
        if not ready:
            return


class Proxy(ThreadingHTTPServer):
    """``asked``: host:port of each tunnel."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no error of the proxy."""


@contextlib.contextmanager
def running() -> Iterator[Proxy]:
    """A proxy that runs until the block ends."""
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
