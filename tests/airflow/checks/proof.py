"""Many runs through a proxy that breaks requests and answers, many of them killed, each resumed until it passes; then
Airflow is asked what there is.

What there must be does not come from the program: each DAG run has in its conf, and each event in its extra, to which run of
the proof and to which step it belongs.
"""
import collections
import concurrent.futures
import json
import os
import random
import subprocess
import threading
import time
import uuid

from checks import binary as program
from checks.binary import Repository, inputs
from fault_proxy import FaultProxy

AT_ONCE = 8
TRIGGERS = ("first", "fourth")
EVENTS = {"second": "downstream_data", "third": "upstream_data", "fifth": "downstream_data"}
KILLED_ATTEMPTS = 4
"""From this attempt on the program is not killed any more."""

CALM_ATTEMPT = 8
"""From this attempt on nothing breaks any more: then the run must pass."""

ATTEMPTS = 12
HANGS_AFTER = 400
UNREACHABLE, KILLED = 3, -9
ENDS = (0, 1, UNREACHABLE, 4, 7, KILLED)
"""What an attempt may end with here: passed, refused, unreachable, not logged in, in doubt, killed."""


class Kill:
    """SIGKILL for one attempt: at a moment of its n-th request, after a time, or never."""

    def __init__(self, chance, attempt):
        dice = chance.random()
        self.at, self.after, self.left, self.pause = None, None, 0, 0.0
        if attempt < KILLED_ATTEMPTS and dice < 0.4:
            self.at, self.left = chance.choice(("sent", "answered")), chance.randint(1, 14)
            self.pause = chance.choice((0.0, 0.0, chance.uniform(0.0, 0.02)))
        elif attempt < KILLED_ATTEMPTS and dice < 0.7:
            self.after = chance.choice((chance.uniform(0.0, 0.03), chance.uniform(0.0, 1.0), chance.uniform(0.0, 12.0)))
        self.lock, self.process, self.is_due = threading.Lock(), None, False

    def moment(self, name):
        """Counts the requests; called from the proxy's threads."""
        with self.lock:
            self.left -= name == self.at
            if self.at is None or self.left != 0 or name != self.at:
                return
        time.sleep(self.pause)
        self.now()

    def now(self):
        """Kills the process, or as soon as it is known."""
        with self.lock:
            self.is_due = True
            if self.process:
                self.process.kill()

    def over(self, process):
        """Waits for the end of the process; gives its outcome."""
        timer = threading.Timer(self.after, self.now) if self.after is not None else None
        with self.lock:
            self.process = process
            if self.is_due:
                process.kill()
        if timer:
            timer.start()
        outcome = program.finish(process, patience=HANGS_AFTER)
        if timer:
            timer.cancel()
        return outcome


class Proof:
    """`runs` runs on one Airflow; the figures grow while it works. `troubles` are what must not be."""

    def __init__(self, airflow, witness, binary, login, runs, seed):
        self.airflow, self.witness, self.binary, self.login = airflow, witness, binary, login
        self.runs, self.seed, self.word = runs, seed, "proof-" + uuid.uuid4().hex[:12]
        self.faults, self.ends, self.fates = collections.Counter(), collections.Counter(), collections.Counter()
        self.finished, self.duplicates, self.losses, self.seconds = 0, 0, 0, 0.0
        self.troubles, self.ids, self.verdicts, self.lock = [], {}, [], threading.Lock()
        self.is_up = threading.Event()
        self.is_up.set()

    def prove(self):
        """Does all of it."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE + 1) as pool:
            works = [pool.submit(self.restart)] + [pool.submit(self.one, number) for number in range(self.runs)]
            for work in works:
                work.result()
        self.count()
        if not self.faults or not self.ends[KILLED] or len(self.verdicts) != 2:
            self.trouble("too little went wrong to prove anything")
        self.seconds = time.monotonic() - began

    def trouble(self, text):
        """Something that must not be."""
        with self.lock:
            self.troubles.append(text)

    # One run

    def one(self, number):
        """Runs and resumes until it has passed."""
        chance = random.Random("%s kills %d" % (self.seed, number))
        with FaultProxy(self.airflow.root, "%s faults %d" % (self.seed, number)) as proxy:
            url = self.airflow.url.replace(self.airflow.root, proxy.url)
            repository = Repository(self.binary, self.login(url, "password" if number % 2 else None))
            try:
                self.go_on(repository, proxy, chance, number)
                proxy.finish()
            finally:
                repository.remove()
                with self.lock:
                    self.finished += 1
                    self.faults.update(proxy.faults)

    def go_on(self, repository, proxy, chance, number):
        """Attempt after attempt; what a killed one has left is seen in the history alone."""
        for attempt in range(ATTEMPTS):
            proxy.calm, kill = attempt >= CALM_ATTEMPT, Kill(chance, attempt)
            proxy.on_moment = kill.moment
            known = history(repository)
            if known is None:
                outcome = kill.over(repository.start("proof.yaml", *inputs(word=self.word, number=number)))
            else:
                outcome = kill.over(resume(repository, known["run_id"]))
            with self.lock:
                self.ends.update([outcome.code])
            if outcome.code == UNREACHABLE:
                self.is_up.wait(HANGS_AFTER)
            if outcome.code not in ENDS:
                self.trouble("run %d, attempt %d: %s" % (number, attempt, outcome))
            known = history(repository)
            if known and known["status"] == "passed":
                return self.settled(repository, known["run_id"], number)
            if outcome.code == 0:
                self.trouble("run %d ended with 0 and has not passed: %s" % (number, outcome))
        self.trouble("run %d has not passed after %d attempts: %s" % (number, ATTEMPTS, outcome))

    def settled(self, repository, run_id, number):
        """Every write of a run that passed is known to be there."""
        report = json.loads(ask(repository, "runs", "report", run_id))
        fates = [write["fate"] for step in report["steps"] for write in step["writes"]]
        if len(fates) != len(TRIGGERS) + len(EVENTS) or not set(fates) <= {"accepted", "found"}:
            self.trouble("run %d: what became of its writes: %s" % (number, fates))
        with self.lock:
            self.fates.update(fates)
            self.ids[number] = run_id

    # The server restarts

    def restart(self):
        """Restarts the server in the middle of all, while two waits go on that speak to it without the proxy."""
        while self.finished < self.runs // 2 - AT_ONCE:
            time.sleep(0.5)
        before, repository = self.witness.runs("slow_dag"), Repository(self.binary, self.login(self.airflow.url))
        try:
            words = [inputs(seconds=12, fail=fail) for fail in ("false", "true")]
            waits = [repository.start("proof_wait.yaml", *word, "--output", "json") for word in words]
            while len(set(self.witness.runs("slow_dag")) - set(before)) < 2 and all(wait.poll() is None for wait in waits):
                time.sleep(0.3)
            self.is_up.clear()
            try:
                self.airflow.restart_server(lambda text: None)
            finally:
                self.is_up.set()
            for outcome in [program.finish(wait) for wait in waits]:
                self.judge(outcome)
        finally:
            repository.remove()

    def judge(self, outcome):
        """The verdict of a wait is Airflow's."""
        result = outcome.step("start")["result"]
        if not result:
            return self.trouble("a wait while the server restarted did not begin: %s" % outcome)
        state = self.witness.run("slow_dag", result["dag_run_id"])["state"]
        self.verdicts.append("%s, exit code %s" % (state, outcome.code))
        if (state, outcome.code) not in (("success", 0), ("failed", 1)):
            self.trouble("a wait while the server restarted: Airflow says %s: %s" % (state, outcome))

    # What there is

    def count(self):
        """Asks Airflow, and the file that the DAG writes, for everything of this proof."""
        runs, events = self.made()
        deadline = time.monotonic() + 300
        while any(run["state"] in ("queued", "running") for _, run in runs) and time.monotonic() < deadline:
            time.sleep(1)
            runs, events = self.made()
        prefix = "myaf__suite_proof__%s__%s__"
        self.tally("DAG runs", TRIGGERS, [(made, run["dag_run_id"]) for made, run in runs],
                   lambda identity, step, run_id: identity.startswith(prefix % (step, run_id)))
        self.tally("events", EVENTS, [(made, event["extra"].get("myaf_run")) for made, event in events],
                   lambda identity, step, run_id: identity == "%s/%s/0" % (run_id, step))
        for _, run in runs:
            times = self.witness.times_executed(run["dag_run_id"])
            self.duplicates, self.losses = self.duplicates + max(0, times - 1), self.losses + (times == 0)
            if times != 1:
                self.trouble("the DAG ran %d times for %s, which is %s" % (times, run["dag_run_id"], run["state"]))

    def made(self):
        """DAG runs and events of this proof, each with (number, step) as they were sent."""
        runs = [((run["conf"]["number"], run["conf"]["step"]), run) for run in self.witness.runs("trace_dag").values()
                if (run["conf"] or {}).get("word") == self.word]
        rows = [event for uri in sorted(set(EVENTS.values())) for event in self.witness.events(uri).values()]
        events = [((row["extra"]["number"], row["extra"]["step"]), row) for row in rows
                  if row["extra"].get("word") == self.word]
        return runs, events

    def tally(self, what, steps, made, is_ours):
        """Each (number, step) must be there once, under the identity that its run has."""
        counts = collections.Counter(key for key, _ in made)
        wanted = {(number, step) for number in range(self.runs) for step in steps}
        for key in sorted(set(counts) | wanted):
            if counts[key] != 1 or key not in wanted:
                there = [identity for other, identity in made if other == key]
                self.trouble("%s of run %d, step %s: %s" % ((what,) + key + (there,)))
        self.duplicates += sum(max(0, counts[key] - 1) for key in counts)
        self.losses += len(wanted - set(counts))
        for (number, step), identity in made:
            if number in self.ids and not is_ours(identity, step, self.ids[number]):
                self.trouble("%s: %s is not of the run %s, step %s" % (what, identity, self.ids[number], step))

    def figures(self):
        """What it came to, in lines."""
        kinds = ["faults on %ss: %s" % (kind, listed({fault: count for (other, fault), count in self.faults.items()
                                                      if other == kind})) for kind in ("write", "read")]
        first = "seed %s: %d runs, %d attempts, %d killed, %.0f s" % (
            self.seed, self.runs, sum(self.ends.values()), self.ends[KILLED], self.seconds)
        return "\n".join([first] + kinds + [
            "attempts by exit code: %s" % listed(self.ends), "writes: %s" % listed(self.fates),
            "waits while the server restarted: %s" % "; ".join(sorted(self.verdicts)),
            "duplicates: %d, losses: %d" % (self.duplicates, self.losses)])


def listed(counts):
    """`lost 3, cut 1`, in the order of the names."""
    return ", ".join("%s %d" % (name, counts[name]) for name in sorted(counts, key=str)) or "none"


def history(repository):
    """The one run of the history that has begun, else None; one that was killed before it began has no steps."""
    rows = [row for row in json.loads(ask(repository, "runs", "list", "--json")) if row["steps"]]
    if len(rows) > 1:
        raise AssertionError("more than one run has begun: %s" % rows)
    return rows[0] if rows else None


def ask(repository, *words):
    """What the program prints about its history."""
    done = subprocess.run([repository.binary, *words], env=environment(repository), cwd=repository.root,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError("%s ended with %d: %s" % (" ".join(words), done.returncode, done.stderr))
    return done.stdout


def resume(repository, run_id):
    """Goes on with a run."""
    return subprocess.Popen([repository.binary, "resume", run_id], env=environment(repository), cwd=repository.root,
                            text=True, errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, start_new_session=True)


def environment(repository):
    """The same for every attempt: the history is below HOME."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": repository.root}


class Proven:
    """The proof as a check; `runs` and `seed` come from the command line. The rest comes from `Promises`."""

    def test_proof_that_nothing_is_made_twice_or_lost(self):
        self.needs_events()
        proof = Proof(self.airflow, self.witness, self.binary, self.login, self.runs, self.seed)
        proof.prove()
        self.figures = proof.figures()
        if proof.troubles or proof.duplicates or proof.losses:
            self.fail("\n".join([self.figures] + proof.troubles))
