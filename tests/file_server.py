"""A web server on loopback with one file, as good or as bad as a test wants it."""

import hashlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Site:
    """One file, and how the server gives it."""

    def __init__(self):
        self.content = CONTENT
        self.validators = {"ETag": '"one"'}
        self.takes_ranges = True
        self.tells_length = True
        self.cut_after = None  # bytes of an answer before the connection ends
        self.requests = []  # the Range of each, None for all
        self.url = ""

    def answer(self, handler):
        wanted = handler.headers.get("Range")
        self.requests.append(wanted)
        if handler.path != "/weights.pth":
            handler.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        same = handler.headers.get("If-Range") in self.validators.values()
        partial = bool(wanted) and self.takes_ranges and same
        if partial and start >= len(self.content):
            handler.send_error(416)
            return
        body = self.content[start:] if partial else self.content
        handler.send_response(206 if partial else 200)
        if partial:
            end = len(self.content)
            handler.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        for name, value in self.validators.items():
            handler.send_header(name, value)
        if self.tells_length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: self.cut_after])


@contextmanager
def serving(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            site.answer(self)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/weights.pth"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()
