#!/usr/bin/env python3
"""A proxy that loses answers on purpose.

It forwards HTTP/1.1 to one upstream and keeps a log of the requests. A chosen POST is swallowed: the whole request
reaches upstream, and the client's connection is closed without a single byte of an answer.

  after   upstream's answer is read first: the write has happened when the connection breaks
  early   the connection breaks as soon as upstream has the request; upstream finishes in its own time
  late    the connection breaks first, and upstream gets the request `hold` seconds later

As a module: `with SwallowProxy(upstream) as proxy: proxy.swallow(r"/dagRuns$", mode="early")`, then `proxy.log`.
As a program: `swallow_proxy.py --upstream http://127.0.0.1:8080 --swallow '/dagRuns$' --mode early --nth 1`; the log
goes to stdout, a JSON object per line. Standard library only; a request's body is held in memory.
"""
import argparse
import http.client
import json
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
              "content-length", "expect"}
PIECE = 64 * 1024


class Rule:
    """Which POSTs are swallowed and how. `nth` counts matching POSTs from 1; None means the first of each (path, body)."""

    def __init__(self, pattern, mode="after", nth=1, hold=2.0, reset=False):
        if mode not in ("after", "early", "late"):
            raise ValueError("mode is after, early or late, not %s" % mode)
        self.pattern, self.mode, self.nth, self.hold, self.reset = re.compile(pattern), mode, nth, hold, reset
        self.seen, self.count = set(), 0

    def takes(self, method, path, body):
        """True when this request's answer is to be lost; counts it."""
        if method != "POST" or not self.pattern.search(path.partition("?")[0]):
            return False
        self.count += 1
        new = (path, body) not in self.seen
        self.seen.add((path, body))
        return new if self.nth is None else self.count == self.nth


class SwallowProxy:
    """The proxy, serving in threads of this process between `start` and `stop`."""

    def __init__(self, upstream, host="127.0.0.1", port=0, on_request=None):
        self.upstream = urlsplit(upstream)
        self.rule, self.log, self.lock, self.on_request = None, [], threading.Lock(), on_request
        self.server = Server((host, port), self.handler())
        self.server.proxy = self
        self.errands = []

    @staticmethod
    def handler():
        """What serves a connection."""
        return Handler

    @property
    def url(self):
        """Where clients go."""
        return "http://%s:%d" % self.server.server_address[:2]

    def swallow(self, pattern, **how):
        """Sets the rule and forgets the log so far."""
        with self.lock:
            self.rule, self.log = Rule(pattern, **how), []

    def sent(self, method, pattern):
        """The logged requests of this method whose path matches."""
        with self.lock:
            return [entry for entry in self.log if entry["method"] == method and re.search(pattern, entry["path"])]

    def judge(self, method, path, body):
        """Logs a request; gives the rule when its answer is to be swallowed."""
        with self.lock:
            rule = self.rule if self.rule and self.rule.takes(method, path, body) else None
            entry = {"method": method, "path": path, "body": body.decode(errors="replace"), "swallowed": bool(rule)}
            self.log.append(entry)
        if self.on_request:
            self.on_request(entry)
        return rule

    def finish(self, timeout=60):
        """Waits until upstream has answered every swallowed request."""
        for errand in self.errands:
            errand.join(timeout)

    def start(self):
        """Serves in the background."""
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        """Serves no more."""
        self.server.shutdown()
        self.server.server_close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


class Server(ThreadingHTTPServer):
    """A thread for each connection; a client that goes away is no news."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Broken connections are what this proxy is for; anything else is a mistake worth a traceback."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One client connection; kept open between requests as HTTP/1.1 does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self):
        """Takes the whole request."""
        self.treat(self.read_body())

    def treat(self, body):
        """Forwards the request or loses its answer."""
        rule = self.server.proxy.judge(self.command, self.path, body)
        if rule:
            self.lose(rule, body)
        else:
            self.forward(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def read_body(self):
        """The request's body, by Content-Length or in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while True:
            size = int(self.rfile.readline().partition(b";")[0], 16)
            if size == 0:
                while self.rfile.readline().strip():
                    pass
                return b"".join(parts)
            parts.append(self.rfile.read(size))
            self.rfile.readline()

    def send_up(self, body):
        """A connection to upstream that has got the whole request."""
        where = self.server.proxy.upstream
        connection = http.client.HTTPConnection(where.hostname, where.port or 80, timeout=600)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP:
                connection.putheader(name, value)
        if body or self.command in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Connection", "close")
        connection.endheaders(body)
        return connection

    def forward(self, body):
        """The ordinary way: the answer goes back as it comes, streams included."""
        try:
            connection = self.send_up(body)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            return self.send_error(502, "upstream gave no answer: %s" % type(error).__name__)
        try:
            self.pass_on(answer)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            connection.close()

    def pass_on(self, answer):
        """Status, headers and body; a body of unknown length goes in chunks."""
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        empty = self.command == "HEAD" or answer.status in (204, 304)
        length = answer.getheader("Content-Length")
        chunked = not empty and length is None
        if length is not None:
            self.send_header("Content-Length", length)
        elif chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not empty:
            piece = answer.read1(PIECE)
            if not piece:
                break
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def lose(self, rule, body):
        """Upstream gets the request, the client gets nothing."""
        if rule.mode == "late":
            self.hang_up(rule.reset)
            self.errand(lambda: (time.sleep(rule.hold), self.send_and_drop(body)))
            return
        connection = self.send_up(body)
        if rule.mode == "after":
            self.read_and_drop(connection)
            self.hang_up(rule.reset)
        else:
            self.hang_up(rule.reset)
            self.errand(lambda: self.read_and_drop(connection))

    def errand(self, work):
        """Something that goes on after the client is gone."""
        thread = threading.Thread(target=work, daemon=True)
        self.server.proxy.errands.append(thread)
        thread.start()

    def send_and_drop(self, body):
        """Sends the request up; one that upstream is not there for is lost."""
        try:
            connection = self.send_up(body)
        except OSError:
            return
        self.read_and_drop(connection)

    @staticmethod
    def read_and_drop(connection):
        """Reads upstream's answer and forgets it."""
        try:
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def hang_up(self, reset):
        """Ends the client's connection now, politely or by a reset."""
        self.close_connection = True
        try:
            if reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Python keeps the descriptor open while the file objects live; the reset leaves when all are closed.
                self.rfile.close()
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def log_message(self, *_):
        """No lines on stderr; the log is a list."""


def main():
    """The proxy as a program, until it is interrupted."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--upstream", required=True)
    words.add_argument("--port", type=int, default=0)
    words.add_argument("--swallow", metavar="REGEX")
    words.add_argument("--mode", choices=("after", "early", "late"), default="after")
    words.add_argument("--nth", type=int, help="only the n-th matching POST; without it the first of each (path, body)")
    words.add_argument("--hold", type=float, default=2.0)
    words.add_argument("--reset", action="store_true")
    chosen = words.parse_args()
    proxy = SwallowProxy(chosen.upstream, port=chosen.port, on_request=lambda entry: print(json.dumps(entry), flush=True))
    if chosen.swallow:
        proxy.swallow(chosen.swallow, mode=chosen.mode, nth=chosen.nth, hold=chosen.hold, reset=chosen.reset)
    print(json.dumps({"listening": proxy.url}), flush=True)
    try:
        proxy.server.serve_forever()
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
