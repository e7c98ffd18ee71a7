"""A proxy that breaks what goes through it, by chance and by a seed: the same requests in the same order meet the same
faults.

  dropped         the connection breaks before upstream gets the request
  lost            upstream's answer is read, then the connection breaks
  early           the connection breaks as soon as upstream has the request
  late            the connection breaks, and upstream gets the request up to `HOLD_MAX` seconds later
  cut             the connection breaks somewhere in the middle of the answer
  slow_request    upstream gets the request later
  slow_answer     the client gets the answer later
  gateway         the proxy answers 502; upstream gets nothing
  gateway_after   the proxy answers 502; upstream has answered something else
  denied          the proxy answers 401; upstream gets nothing

Writes are POSTs of DAG runs and dataset events; everything else counts as a read and meets fewer faults.
"""
import collections
import http.client
import random
import re
import time

from swallow_proxy import HOP_BY_HOP, Handler, Rule, SwallowProxy

WRITE = re.compile(r"/(dagRuns|datasets/events|assets/events)$")
WRITES = {"dropped": 3, "lost": 6, "early": 4, "late": 3, "cut": 6, "slow_request": 4, "slow_answer": 3, "gateway": 3,
          "gateway_after": 5, "denied": 1}
READS = {"dropped": 4, "lost": 3, "cut": 4, "slow_answer": 4, "gateway": 4, "denied": 1}
WRITE_RATE = 0.5
READ_RATE = 0.06
HOLD_MAX = 15.0
"""Well below the 30 s for which an event is looked for: what comes later than those is promised to nobody."""


class FaultProxy(SwallowProxy):
    """`calm` is the end of all faults; `faults` counts them by (kind of request, fault); `on_moment` is told `sent` when a
    request has come and `answered` when it was dealt with."""

    def __init__(self, upstream, seed):
        super().__init__(upstream)
        self.chance, self.faults, self.calm = random.Random(seed), collections.Counter(), False
        self.on_moment = lambda moment: None

    @staticmethod
    def handler():
        return FaultHandler

    def choose(self, method, path, body):
        """The fault that a request meets, or None; then a share for how it is done and a time to hold."""
        is_write = method == "POST" and bool(WRITE.search(path.partition("?")[0]))
        kinds, rate = (WRITES, WRITE_RATE) if is_write else (READS, READ_RATE)
        with self.lock:
            dice, share, hold = self.chance.random(), self.chance.random(), self.chance.expovariate(1.0)
            kind = self.chance.choices(list(kinds), list(kinds.values()))[0]
            fault = kind if dice < rate and not self.calm else None
            self.faults.update([("write" if is_write else "read", fault)] if fault else [])
            self.log.append({"method": method, "path": path, "body": body.decode(errors="replace"), "fault": fault})
        return fault, share, min(hold if share < 0.9 else hold * 8, HOLD_MAX)


class FaultHandler(Handler):
    """Meets each request with the fault that the proxy chose."""

    def treat(self, body):
        proxy = self.server.proxy
        fault, share, hold = proxy.choose(self.command, self.path, body)
        proxy.on_moment("sent")
        try:
            self.meet(fault, share, hold, body)
        finally:
            proxy.on_moment("answered")

    def meet(self, fault, share, hold, body):
        """`share`, from 0 to 1, decides where an answer is cut and whether a connection is reset."""
        is_reset = share < 0.5
        if fault is None:
            self.forward(body)
        elif fault == "dropped":
            self.hang_up(is_reset)
        elif fault in ("early", "late"):
            self.lose(Rule("", mode=fault, hold=hold, reset=is_reset), body)
        elif fault == "slow_request":
            time.sleep(hold)
            self.forward(body)
        elif fault == "gateway":
            self.say(502, "Bad Gateway", "text/html", b"<html><h1>502 Bad Gateway</h1></html>")
        elif fault == "denied":
            words = b'{"detail": "Invalid JWT token", "status": 401, "title": "Unauthorized", "type": "about:blank"}'
            self.say(401, "Unauthorized", "application/json", words)
        else:
            self.after(fault, share, hold, is_reset, self.whole_answer(body))

    def after(self, fault, share, hold, is_reset, answer):
        """The faults that come after upstream's answer; without one it is a gateway's."""
        if answer is None or fault == "gateway_after":
            self.say(502, "Bad Gateway", "text/html", b"<html><h1>502 Bad Gateway</h1></html>")
        elif fault == "slow_answer":
            time.sleep(hold)
            self.wfile.write(answer)
        else:
            self.wfile.write(answer[:int(len(answer) * share)] if fault == "cut" else b"")
            self.hang_up(is_reset)

    def say(self, status, reason, media_type, body):
        """An answer of the proxy's own."""
        self.wfile.write(as_bytes(status, reason, [("Content-Type", media_type)], body))

    def whole_answer(self, body):
        """Every byte of upstream's answer; None when there is none."""
        try:
            connection = self.send_up(body)
        except OSError:
            return None
        try:
            answer = connection.getresponse()
            headers = [pair for pair in answer.getheaders() if pair[0].lower() not in HOP_BY_HOP]
            return as_bytes(answer.status, answer.reason, headers, answer.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def as_bytes(status, reason, headers, body):
    """An answer as it goes over the wire."""
    lines = ["HTTP/1.1 %d %s" % (status, reason)] + ["%s: %s" % pair for pair in headers]
    return "\r\n".join(lines + ["Content-Length: %d" % len(body), "", ""]).encode("latin-1") + body
