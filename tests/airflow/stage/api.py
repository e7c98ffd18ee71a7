"""Asks an Airflow by plain urllib: never by the program under test, never through a proxy of the environment."""
import json
import urllib.error
import urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url, headers=None, body=None, method=None, timeout=30):
    """(status, decoded answer); an answer that is no JSON comes as text. Raises OSError when there is no answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            return answer.status, decoded(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, decoded(error.read())


def decoded(raw):
    """JSON where it is JSON, else the text."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")


def token(root, username, password):
    """A bearer token of Airflow 3; OSError when it gives none."""
    status, answer = ask(root + "/auth/token", body={"username": username, "password": password}, timeout=15)
    if status != 201:
        raise OSError("no token for %s: HTTP %d %s" % (username, status, answer))
    return answer["access_token"]
