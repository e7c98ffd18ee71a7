#!/usr/bin/env python3
"""Proves that the stock yaml-language-server completes and explains playbooks with the schema of this repository.

It installs the server from npm into a folder of its own, speaks the Language Server Protocol with it over stdio, and asks
for completion and hover where an author would. Needs Python 3.11, Node.js and npm. Ends with 0 when everything holds.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

SERVER = "yaml-language-server@2.0.0"
ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("MYAF_RUN_TEST_CACHE", pathlib.Path.home() / ".cache" / "myaf-run-tests"))
SCHEMA = ROOT / "schemas" / "playbook.schema.json"
HEAD = "# yaml-language-server: $schema=%s\n" % SCHEMA.as_uri()
PATIENCE = 60

# What an author has typed, with ‸ where the cursor is, and some of what must be offered there.
COMPLETIONS = [
    ("keys of a playbook", "name: loans\n‸\nsteps:\n  - print: hi\n", ["inputs", "vars", "defaults", "outputs", "timezone"]),
    ("keys of an input", "inputs:\n  month:\n    ‸\nsteps:\n  - print: hi\n", ["type", "default", "pattern", "secret", "from_env"]),
    ("types of an input", "inputs:\n  month:\n    type: ‸\nsteps:\n  - print: hi\n", ["string", "integer", "boolean", "list"]),
    ("actions and keys of a step", "steps:\n  - name: x\n    ‸\n",
     ["trigger_dag", "list_dags", "assert_dag", "set_vars", "pause", "when", "retry", "until", "tags", "no_log"]),
    ("keys of trigger_dag", "steps:\n  - trigger_dag:\n      dag_id: a\n      ‸\n",
     ["note", "conf", "once_per", "if_failed", "if_active", "unpause", "wait"]),
    ("words of if_failed", "steps:\n  - trigger_dag:\n      dag_id: a\n      if_failed: ‸\n", ["fail", "clear", "new"]),
    ("words of if_active", "steps:\n  - trigger_dag:\n      dag_id: a\n      if_active: ‸\n", ["trigger", "skip", "wait", "fail"]),
    ("keys of wait", "steps:\n  - trigger_dag:\n      dag_id: a\n      wait:\n        ‸\n", ["timeout", "queued_for", "poll", "log_lines"]),
    ("keys of poll in wait", "steps:\n  - trigger_dag:\n      dag_id: a\n      wait:\n        poll:\n          ‸\n", ["every", "max_every"]),
    ("keys of post_dataset_event", "steps:\n  - post_dataset_event:\n      ‸\n", ["dataset_uri", "extra", "consumers", "on_unknown"]),
    ("words of consumers", "steps:\n  - post_dataset_event:\n      dataset_uri: a\n      consumers: ‸\n", ["warn", "require", "ignore"]),
    ("keys of list_dags", "steps:\n  - list_dags:\n      ‸\n", ["tags", "tags_match", "dag_id_pattern", "paused"]),
    ("keys of assert_dag", "steps:\n  - assert_dag:\n      dag_id: a\n      ‸\n", ["is_paused", "tags", "within"]),
    ("keys of retry", "steps:\n  - print: hi\n    retry:\n      ‸\n", ["attempts", "delay", "backoff", "only", "unless"]),
    ("words of backoff", "steps:\n  - print: hi\n    retry:\n      backoff: ‸\n", ["exponential", "constant"]),
    ("keys of defaults", "defaults:\n  ‸\nsteps:\n  - print: hi\n", ["retry", "timeout", "poll"]),
]

# A word under the cursor, and where its explanation stands in the schema.
HOVERS = [
    ("na‸me: loans\nsteps:\n  - print: hi\n", "name"),
    ("outp‸uts: {a: 1}\nsteps:\n  - print: hi\n", "outputs"),
    ("defaults:\n  time‸out: 5m\nsteps:\n  - print: hi\n", "defaults/timeout"),
    ("inputs:\n  month:\n    from‸_env: MONTH\nsteps:\n  - print: hi\n", "inputs/*/from_env"),
    ("steps:\n  - no_‸log: true\n    pause: 1s\n", "steps/*/no_log"),
    ("steps:\n  - trigger‸_dag: {dag_id: a}\n", "steps/*/trigger_dag"),
    ("steps:\n  - trigger_dag:\n      dag_id: a\n      once‸_per: k\n", "steps/*/trigger_dag/once_per"),
    ("steps:\n  - trigger_dag:\n      dag_id: a\n      un‸pause: true\n", "steps/*/trigger_dag/unpause"),
    ("steps:\n  - trigger_dag:\n      dag_id: a\n      wait:\n        queued‸_for: 1m\n", "steps/*/trigger_dag/wait/queued_for"),
    ("steps:\n  - post_dataset_event:\n      dataset_uri: a\n      ex‸tra: {a: 1}\n", "steps/*/post_dataset_event/extra"),
    ("steps:\n  - list_dags:\n      dag_id_‸pattern: daily\n", "steps/*/list_dags/dag_id_pattern"),
    ("steps:\n  - assert_dag:\n      dag_id: a\n      with‸in: 1m\n", "steps/*/assert_dag/within"),
    ("steps:\n  - print: hi\n    retry:\n      max_‸delay: 1s\n", "steps/*/retry/max_delay"),
]


def install():
    """The command that starts the server, installed if need be."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            sys.exit("%s is missing: install Node.js (https://nodejs.org) to run this check" % program)
    folder = CACHE / SERVER.replace("@", "-")
    script = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), SERVER],
                       check=True, stdout=subprocess.DEVNULL)
    return ["node", str(script), "--stdio"]


class Server:
    """One language server, and the messages that go to it and come from it."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number, self.answers, self.diagnostics = 0, {}, {}
        self.news = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        self.ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}},
                             "hover": {"contentFormat": ["markdown", "plaintext"]}},
            "workspace": {"configuration": True}}})
        self.tell("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def ask(self, method, params):
        self.number += 1
        number = self.number
        self.send({"id": number, "method": method, "params": params})
        with self.news:
            if not self.news.wait_for(lambda: number in self.answers, PATIENCE):
                raise TimeoutError("no answer to " + method)
            return self.answers.pop(number)

    def listen(self):
        while True:
            length = 0
            while (line := self.process.stdout.readline().strip()):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                return
            self.take(json.loads(self.process.stdout.read(length)))

    def take(self, message):
        if "method" in message and "id" in message:
            asked = message.get("params", {}).get("items", [])
            result = [SETTINGS.get(item.get("section")) for item in asked]
            self.send({"id": message["id"], "result": result if message["method"] == "workspace/configuration" else None})
            return
        with self.news:
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "id" in message:
                self.answers[message["id"]] = message.get("result")
            self.news.notify_all()

    def open(self, uri, text):
        """Opens a document and waits until the server has checked it; what it found."""
        self.tell("textDocument/didOpen",
                  {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        with self.news:
            if not self.news.wait_for(lambda: uri in self.diagnostics, PATIENCE):
                raise TimeoutError("no diagnostics of " + uri)
            return self.diagnostics[uri]

    def at_cursor(self, number, text, method):
        """What the server says at the cursor of a text."""
        before, after = (HEAD + text).split("‸")
        uri = "file:///playbooks/%s-%d.yaml" % (method, number)
        self.open(uri, before + after)
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self.ask("textDocument/" + method, {"textDocument": {"uri": uri}, "position": place})


SETTINGS = {"yaml": {"completion": True, "hover": True, "validate": True, "schemaStore": {"enable": False}}}


def description(path):
    """The explanation at a path of the schema: keys, with `*` for any item or name."""
    schema = json.loads(SCHEMA.read_text())
    node = schema
    for key in path.split("/"):
        node = next(found for found in (step(choice, key) for choice in choices(node, schema)) if found)
    return next(choice["description"] for choice in choices(node, schema) if "description" in choice)


def choices(node, schema):
    """The rule itself and those it refers to or chooses from."""
    yield node
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        yield from choices(schema["$defs"][name], schema)
    for word in ("anyOf", "oneOf", "allOf"):
        for choice in node.get(word, []):
            yield from choices(choice, schema)


def step(node, key):
    """What is below a rule."""
    if key == "*":
        return node.get("items") or (node.get("additionalProperties") or None)
    return node.get("properties", {}).get(key)


def words(text):
    """A text without Markdown's escapes and line ends."""
    return " ".join(text.replace("\\", "").replace("&nbsp;", " ").split())


def main():
    server, wrong = Server(install()), []
    for number, (what, text, wanted) in enumerate(COMPLETIONS):
        answer = server.at_cursor(number, text, "completion") or {}
        items = answer["items"] if isinstance(answer, dict) else answer
        labels = {item["label"] for item in items}
        missing = [word for word in wanted if word not in labels]
        print("%s completion: %s" % ("FAIL" if missing else "ok  ", what))
        if missing:
            wrong.append("%s: %s is not offered, only %s" % (what, missing, sorted(labels)))
    for number, (text, path) in enumerate(HOVERS):
        answer = server.at_cursor(number, text, "hover") or {}
        contents = answer.get("contents", {})
        shown = words(contents["value"] if isinstance(contents, dict) and "value" in contents else str(contents))
        holds = words(description(path)) in shown
        print("%s hover: %s" % ("ok  " if holds else "FAIL", path))
        if not holds:
            wrong.append("%s: shows %r, not %r" % (path, shown, words(description(path))))
    slips = server.open("file:///playbooks/slip.yaml", HEAD + "stpes:\n  - print: hi\n")
    print("%s a slip is marked" % ("ok  " if slips else "FAIL"))
    wrong += [] if slips else ["a misspelt key is not marked"]
    for example in sorted((ROOT / "examples").glob("*.yaml")):
        found = server.open(example.as_uri(), example.read_text())
        print("%s nothing is marked in %s" % ("FAIL" if found else "ok  ", example.name))
        wrong += ["%s: %s" % (example.name, one["message"]) for one in found]
    server.process.kill()
    print("%d completions, %d hovers, %d wrong" % (len(COMPLETIONS), len(HOVERS), len(wrong)))
    return "\n".join(wrong) or 0


if __name__ == "__main__":
    sys.exit(main())
