#!/usr/bin/env python3
"""Fuzzes every target for a while, beginning with what the project has: examples, wrong playbooks, recorded answers.

  fuzz/run.py [SECONDS] [TARGET...]    20 seconds each, unless said otherwise
  fuzz/run.py same [TARGET...]         the same inputs each time, as many as take about 10 seconds

What is found fails the run and stays in `fuzz/artifacts`: a panic, an input that takes more than 2 seconds (with `same`, 60: a
machine may be busy), or more than 300 MiB of memory. Needs cargo-fuzz and a C++ compiler; Rust may be stable, since nothing but coverage is asked of the compiler.
What was learned stays in `fuzz/corpus`, so that the next run goes on from there.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TARGETS = ["playbook", "template", "env_file", "cron", "journal", "answers", "params", "scenario", "base_url", "retry_after"]
RUNS = {"template": 100000, "params": 200000, "scenario": 100000, "base_url": 100000, "retry_after": 200000}
"""How many inputs `same` tries, where it is not 3,000."""

LONGEST = {"playbook": 8192, "answers": 65536, "journal": 16384}
"""The longest input, where it is not 4 KiB."""

ACTIONS = [
    (r"/dags(\?|$)", 0), (r"/dags/[^/]+(\?|$)", 1), (r"/dags/[^/]+/details", 2), (r"/dagRuns/[^/]+(\?|$)", 3),
    (r"/dagRuns(\?|$)", 4), (r"/taskInstances(\?|$)", 5), (r"/logs/", 6), (r"/xcomEntries/", 8),
    (r"/(datasets|assets)(\?|$)", 9), (r"/(datasets|assets)/events", 11), (r"/health", 12), (r"/importErrors", 13),
    (r"/variables/", 14), (r"/connections/", 16), (r"/pools/", 17),
]
"""Which action of the target `answers` asks for such a path: its index there."""


def main():
    words = sys.argv[1:]
    is_same = words[:1] == ["same"]
    seconds = int(words[0]) if words and words[0].isdigit() else 20
    targets = [word for word in words if word in TARGETS] or TARGETS
    failed = [target for target in targets if not fuzz(target, None if is_same else seconds)]
    print("%d passed, %d failed" % (len(targets) - len(failed), len(failed)))
    sys.exit(1 if failed else 0)


def fuzz(target, seconds):
    """For some seconds, with what was learned before; or without them a known number of inputs, from the seeds alone."""
    corpus = os.path.join(HERE, "corpus" if seconds else "corpus/same", target)
    if not seconds:
        shutil.rmtree(corpus, ignore_errors=True)
    os.makedirs(corpus, exist_ok=True)
    for name, data in seeds(target):
        with open(os.path.join(corpus, name), "wb") as file:
            file.write(data)
    limits = ["-max_total_time=%d" % seconds, "-timeout=2"] if seconds else ["-runs=%d" % RUNS.get(target, 3000), "-seed=1", "-timeout=60"]
    limits += ["-rss_limit_mb=300", "-max_len=%d" % LONGEST.get(target, 4096)]
    command = ["cargo", "fuzz", "run", "--sanitizer", "none", target, corpus, "--", *limits, "-verbosity=0", "-print_final_stats=1"]
    done = subprocess.run(command, cwd=HERE, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print("%s: %s runs: %s" % (target, runs.group(1) if runs else "no", "ok" if done.returncode == 0 else "FOUND"), flush=True)
    if done.returncode:
        print(done.stderr[-6000:], flush=True)
    return done.returncode == 0


def seeds(target):
    """Names and bytes to begin with."""
    for path in files("fuzz/seeds/%s/*" % target):
        yield "seed-" + os.path.basename(path), read(path)
    if target == "playbook":
        for path in files("examples/*.yaml") + files("tests/playbooks/*/*.yaml"):
            yield "book-" + os.path.basename(path), read(path)
    if target == "answers":
        yield from recorded()


def recorded():
    for path in files("tests/recordings/v?/*.json"):
        version = os.path.basename(os.path.dirname(path))
        exchange = json.loads(read(path))
        body = exchange["response"].get("json")
        asked = [index for pattern, index in ACTIONS if re.search(pattern, exchange["request"]["target"])]
        if exchange["request"]["method"] != "GET" or not asked or body is None:
            continue
        status = 0 if exchange["response"]["status"] == 200 else 9
        head = bytes([asked[-1] * 2 + (version == "v2"), status])
        yield "%s-%s" % (version, os.path.basename(path)), head + json.dumps(body).encode()


def files(pattern):
    return sorted(glob.glob(os.path.join(ROOT, pattern)))


def read(path):
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    main()
