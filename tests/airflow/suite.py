#!/usr/bin/env python3
"""Checks the program against real Airflows: starts them, runs every check, stops them.

  suite.py [2|3|all|VERSION] [--binary target/release/myaf-run] [--keep] [--list] [--runs 4] [--seed N] [NAME...]

VERSION is another one that has a file in `locks`, such as 2.10.3; `all` is 2 and 3. NAME is a part of a check's name;
without one all run. --keep leaves Airflow running, for a quick second run (`airflow.sh down 2` ends it). --runs and --seed
are for the check `proof`: how many runs it makes, and which faults and kills they meet; without --seed they are others each
time, and the seed is printed. A line is printed for each check; the exit code is 1 when one failed, 2 when the suite
could not work. Needs Linux and Python 3.11 (see airflow.sh --help); both Airflows together take about 2 GB of memory.
"""
import argparse
import os
import random
import signal
import sys
import threading
import time
import traceback
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = HERE

from checks.promises import promises  # noqa: E402 (the path comes first)
from stage import install, life  # noqa: E402

BINARY = os.path.join(os.path.dirname(os.path.dirname(HERE)), "target", "release", "myaf-run")
PRINTING = threading.Lock()


def say(text):
    """One message at a time, though both versions run at once."""
    with PRINTING:
        print(text, flush=True)


class Lines(unittest.TestResult):
    """Prints a line per check, and for a failure why."""

    def __init__(self, version):
        super().__init__()
        self.version, self.began, self.passed = version, {}, 0

    def startTest(self, test):
        super().startTest(test)
        self.began[test.id()] = time.monotonic()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self.line("ok  ", test, getattr(test, "figures", ""))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("FAIL", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.line("FAIL", test, self.errors[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("skip", test, reason)

    def line(self, verdict, test, reason=""):
        """The verdict, the sentence and the time it took; then the reason, indented."""
        seconds = time.monotonic() - self.began.get(test.id(), time.monotonic())
        text = "%s  airflow %s  %s  (%.1f s)" % (verdict, self.version, sentence(test), seconds)
        say("\n".join([text] + ["      " + row for row in reason.splitlines()]))


def sentence(test):
    """`a_paused_dag_fails…` of a test's id."""
    return test.id().rpartition(".")[2].replace("test_", "", 1)


def chosen(test_class, names):
    """The tests whose names hold one of the words; all of them without words."""
    tests = list(unittest.defaultTestLoader.loadTestsFromTestCase(test_class))
    return [test for test in tests if not names or any(name in sentence(test) for name in names)]


class Version(threading.Thread):
    """One Airflow from start to stop, beside the other. `passed`, `failed` and `skipped` count checks; `trouble` is another
    end."""

    def __init__(self, version, options):
        super().__init__(daemon=True)
        self.airflow, self.options = life.Airflow(version), options
        self.passed = self.failed = self.skipped = 0
        self.trouble = None

    def run(self):
        try:
            self.airflow.up(say)
            self.check()
        except (install.InstallError, life.StartError, OSError) as error:
            self.trouble = str(error)
        except BaseException:  # whatever it is, the other version goes on and the suite fails
            self.trouble = traceback.format_exc()

    def check(self):
        """Runs the chosen checks."""
        test_class = promises(self.airflow, self.options.binary, self.options.runs, self.options.seed)
        result = Lines(self.airflow.version)
        tests = chosen(test_class, self.options.names)
        unittest.TestSuite(tests).run(result)
        self.failed = len(result.failures) + len(result.errors)
        self.passed, self.skipped = result.passed, len(result.skipped)
        if self.failed:
            say("the logs of Airflow %s are kept in %s" % (self.airflow.version, self.airflow.keep_logs()))


def parse(arguments):
    """The options; a first word that is no version is a name."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("names", nargs="*", metavar="[2|3|all|VERSION] NAME")
    words.add_argument("--binary", default=BINARY)
    words.add_argument("--keep", action="store_true")
    words.add_argument("--list", action="store_true")
    words.add_argument("--runs", type=int, default=4)
    words.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = words.parse_intermixed_args(arguments)
    first = options.names[:1]
    options.versions = first if first and first[0] in life.versions() else ["2", "3"]
    options.names = options.names[1:] if first and first[0] in life.versions() + ["all"] else options.names
    return options


def main(arguments):
    """The exit code."""
    options = parse(arguments)
    found = chosen(promises(life.Airflow("2"), None), options.names)
    if options.list:
        print("\n".join(sentence(test) for test in found))
        return 0
    if not found or not os.access(options.binary, os.X_OK):
        print("suite.py: %s" % ("no check has such a name" if not found else "there is no program " + options.binary),
              file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began, versions = time.monotonic(), [Version(version, options) for version in options.versions]
    try:
        for version in versions:
            version.start()
        for version in versions:
            version.join()
    finally:
        for version in versions:
            version.airflow.give_up()
            if not options.keep:
                version.airflow.down(wipe=True)
    return verdict(versions, time.monotonic() - began)


def verdict(versions, seconds):
    """Sums up in one line for each version."""
    for version in versions:
        if version.trouble:
            say("suite.py: Airflow %s: %s" % (version.airflow.version, version.trouble))
        counts = "%d passed, %d failed" % (version.passed, version.failed)
        skipped = ", %d skipped" % version.skipped if version.skipped else ""
        say("Airflow %s: %s%s" % (version.airflow.version, counts, skipped))
    say("%.0f s in all" % seconds)
    if any(version.trouble or version.passed + version.failed == 0 for version in versions):
        return 2
    return 1 if any(version.failed for version in versions) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
