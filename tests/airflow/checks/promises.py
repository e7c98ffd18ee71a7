"""The promises, each a test whose name is the sentence that must hold; every one runs on Airflow 2 and on Airflow 3.

`promises(airflow, binary)` makes the test class of one version. What a run did is counted by the witness before and
after, so the checks do not need a fresh Airflow.
"""
import base64
import os
import re
import socket
import time
import unittest

from checks import binary as program
from checks.binary import inputs
from checks.language import Language
from checks.online import Online
from checks.proof import Proven
from checks.waits import Waits
from checks.reads import Reads
from checks.sections import Sections
from checks.witness import Witness, credentials
from stage import settings
from stage.files import copy_file
from swallow_proxy import SwallowProxy

UNKNOWN_KEY = "no-such-key-5f3a9c1e77d2"
OUR_RUN_ID = re.compile(r"^myaf__[a-z0-9_.~:+-]{1,194}$")
ROUNDS = 10
LATE_ROUNDS = 3
LIST_OF_DAGS = r"/dags(\?|$)"
TRIGGER = r"/dagRuns$"
EVENT = r"/(datasets|assets)/events$"


def promises(airflow, binary, runs=0, seed=None):
    """The test class for one running Airflow; `runs` and `seed` are for the proof."""
    bases = (Promises, Language, Online, Reads, Sections, Waits, Proven, unittest.TestCase)
    return type("Airflow%s" % airflow.version, bases, {"airflow": airflow, "binary": binary, "runs": runs, "seed": seed})


class Promises:
    """All checks; `airflow` and `binary` come from the subclass."""

    longMessage = True

    @classmethod
    def setUpClass(cls):
        cls.witness = Witness(cls.airflow)

    def setUp(self):
        self.repository = program.Repository(self.binary, self.login(self.airflow.url))
        self.addCleanup(self.repository.remove)

    # How the checks speak

    def login(self, url, kind=None):
        """The `.env` for a URL; the slash at the end is the way Datacoves shows it."""
        if kind is None and self.airflow.major == "3":
            token = self.witness.headers["Authorization"].split()[1]
            return {"MY_AIRFLOW_API_URL": url + "/", "MY_AIRFLOW_API_TOKEN": token}
        return {"MY_AIRFLOW_API_URL": url + "/", **credentials(self.airflow.major, kind or "key")}

    def ends_with(self, code, outcome):
        """The exit code is this one; if not, all that was printed is shown."""
        self.assertEqual(outcome.code, code, "\n%s" % outcome)

    def said(self, text, outcome):
        """Standard error holds the text."""
        self.assertIn(text, outcome.stderr, "\n%s" % outcome)

    def new_run(self, dag_id, before):
        """The id of the one run that is there now and was not before."""
        new = sorted(set(self.witness.runs(dag_id)) - set(before))
        self.assertEqual(len(new), 1, "new runs of %s: %s" % (dag_id, new))
        return new[0]

    def new_event(self, before):
        """The one event that is there now and was not before."""
        now = self.witness.events("upstream_data")
        new = sorted(set(now) - set(before))
        self.assertEqual(len(new), 1, "new events: %s" % [now[number] for number in new])
        return now[new[0]]

    def through(self, proxy):
        """From now on the playbooks speak to the proxy."""
        self.repository.configure(self.login(self.airflow.url.replace(self.airflow.root, proxy.url)))

    def needs_events(self):
        """Leaves a check out where Airflow takes no dataset events."""
        if self.airflow.number < (2, 9):
            self.skipTest("Airflow 2.8 takes no dataset events")

    # The seed

    def test_the_seed_makes_one_run_and_one_event(self):
        self.seed_works(lambda: self.repository.run("seed.yaml"))

    def test_the_seed_runs_from_cron_without_home_and_terminal(self):
        self.seed_works(lambda: self.repository.run("seed.yaml", env={}, cwd="/"))

    def seed_works(self, run):
        """The seed's DAG ran once, its event came once, and the consumer followed."""
        self.needs_events()
        self.assertTrue(os.path.exists(program.SEED), "examples/seed.yaml is missing")
        self.witness.wait_until_idle("dataset_consumer_dag")
        runs, events = self.witness.runs("daily_loan_run"), self.witness.events("upstream_data")
        outcome = run()
        self.ends_with(0, outcome)
        dag_run = self.witness.run("daily_loan_run", self.new_run("daily_loan_run", runs))
        self.assertRegex(dag_run["dag_run_id"], OUR_RUN_ID)
        self.assertEqual(dag_run["state"], "success")
        self.assertTrue(dag_run["note"], "the run has no note")
        self.assertNotIn("{{", dag_run["note"])
        self.assertIn("daily_loan_run", outcome.stdout)
        self.assertTrue(self.new_event(events)["extra"].get("myaf_run"), "the event has no mark")
        self.consumer_follows(events)

    def consumer_follows(self, before):
        """The new event made a run of the consumer, and it succeeds."""
        deadline = time.monotonic() + 60
        while True:
            made = [run for run in self.new_event(before)["runs"] if run[0] == "dataset_consumer_dag"]
            if made or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        self.assertEqual(len(made), 1, "runs that the event made: %s" % made)
        self.assertEqual(self.witness.end_of(*made[0]), "success")

    # Reading

    def test_all_dags_are_listed_over_three_pages(self):
        with SwallowProxy(self.airflow.root) as proxy:
            self.through(proxy)
            outcome = self.repository.run("list.yaml")
            asked = proxy.sent("GET", LIST_OF_DAGS)
        self.ends_with(0, outcome)
        ids = self.witness.dag_ids()
        self.assertEqual(len(ids), settings.ALL_DAGS)
        self.assertEqual(outcome.stdout.split("\n")[:len(ids)], ids)
        self.assertEqual(len(asked), 3, [entry["path"] for entry in asked])

    def test_the_report_lists_the_same_dags(self):
        outcome = self.repository.run("list.yaml", "--output", "json")
        self.ends_with(0, outcome)
        result = outcome.step("list")["result"]
        self.assertEqual(result["dag_ids"], self.witness.dag_ids())
        self.assertEqual(result["total"], settings.ALL_DAGS)

    # Triggering and waiting

    def test_a_run_has_our_id_and_note_and_succeeds(self):
        before = self.witness.runs("ok_dag")
        words = inputs(dag="ok_dag", word="ünï 100%")
        outcome = self.repository.run("trigger_and_wait.yaml", "--output", "json", *words)
        self.ends_with(0, outcome)
        dag_run_id = self.new_run("ok_dag", before)
        dag_run, result = self.witness.run("ok_dag", dag_run_id), outcome.step("start")["result"]
        self.assertRegex(dag_run_id, OUR_RUN_ID)
        self.assertEqual(dag_run["note"], "suite wait: ünï 100%")
        self.assertEqual(dag_run["conf"], {"seconds": 1, "word": "ünï 100%"})
        self.assertEqual(dag_run["state"], "success")
        self.assertEqual((result["dag_run_id"], result["state"]), (dag_run_id, "success"))

    def test_a_failed_run_fails_and_shows_the_task_log(self):
        before = self.witness.runs("fail_dag")
        outcome = self.repository.run("trigger_and_wait.yaml", *inputs(dag="fail_dag", word="fails"))
        self.ends_with(1, outcome)
        self.said("boom: this task always fails", outcome)
        self.said("bad", outcome)
        self.assertEqual(self.witness.run("fail_dag", self.new_run("fail_dag", before))["state"], "failed")

    def test_a_task_that_passes_on_its_second_try_passes(self):
        before = self.witness.runs("retry_dag")
        self.ends_with(0, self.repository.run("trigger_and_wait.yaml", *inputs(dag="retry_dag", word="twice")))
        self.assertEqual(self.witness.run("retry_dag", self.new_run("retry_dag", before))["state"], "success")

    def test_a_dag_id_with_odd_characters_works(self):
        before = self.witness.runs("odd.id-with_all.Chars-1")
        outcome = self.repository.run("trigger_and_wait.yaml", *inputs(dag="odd.id-with_all.Chars-1", word="odd"))
        self.ends_with(0, outcome)
        self.new_run("odd.id-with_all.Chars-1", before)

    def test_a_wait_that_runs_out_ends_with_5_and_the_run_goes_on(self):
        before = self.witness.runs("slow_dag")
        outcome = self.repository.run("short_wait.yaml")
        dag_run_id = self.new_run("slow_dag", before)
        self.ends_with(5, outcome)
        self.said(dag_run_id, outcome)
        self.assertIn(self.witness.run("slow_dag", dag_run_id)["state"], ("queued", "running"))
        self.assertEqual(self.witness.end_of("slow_dag", dag_run_id), "success")

    def test_an_interrupt_ends_with_130_and_the_run_goes_on(self):
        before = self.witness.runs("slow_dag")
        words = inputs(dag="slow_dag", word="interrupted", seconds=15)
        process = self.repository.start("trigger_and_wait.yaml", *words)
        try:
            self.some_run_is_running("slow_dag", before, process)
        finally:
            outcome = program.finish(process, interrupt=True, patience=30)
        dag_run_id = self.new_run("slow_dag", before)
        self.ends_with(130, outcome)
        self.said(dag_run_id, outcome)
        self.assertIn(self.witness.run("slow_dag", dag_run_id)["state"], ("queued", "running"))
        self.assertEqual(self.witness.end_of("slow_dag", dag_run_id), "success")

    def some_run_is_running(self, dag_id, before, process):
        """Waits until a new run is running, as long as the program lives."""
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            runs = self.witness.runs(dag_id)
            if any(runs[run_id]["state"] == "running" for run_id in set(runs) - set(before)):
                return
            time.sleep(0.3)

    def test_a_paused_dag_fails_before_a_run_is_made(self):
        before = self.witness.runs("paused_dag")
        outcome = self.repository.run("trigger.yaml", *inputs(dag="paused_dag", word="paused"))
        self.ends_with(1, outcome)
        self.said("paused", outcome)
        self.assertEqual(set(self.witness.runs("paused_dag")), set(before))

    def test_an_unknown_dag_fails_with_a_near_name(self):
        outcome = self.repository.run("trigger.yaml", *inputs(dag="daily_loan_rum", word="unknown"))
        self.ends_with(1, outcome)
        self.said("daily_loan_run", outcome)

    def test_params_that_do_not_fit_show_airflows_reason(self):
        before = self.witness.runs("params_dag")
        outcome = self.repository.run("params.yaml", *inputs(n=50))
        self.ends_with(1, outcome)
        # Airflow 2.8 breaks down at it and gives no reason.
        breaks = self.airflow.number < (2, 9)
        self.said("a `conf` that doesn't fit" if breaks else "50 is greater than the maximum of 10", outcome)
        self.assertEqual(set(self.witness.runs("params_dag")), set(before))

    def test_params_that_fit_reach_the_run(self):
        before = self.witness.runs("params_dag")
        self.ends_with(0, self.repository.run("params.yaml", *inputs(n=7)))
        dag_run = self.witness.run("params_dag", self.new_run("params_dag", before))
        self.assertEqual(dag_run["conf"].get("n"), 7)

    # Events

    def test_an_event_is_refused_by_name_where_airflow_takes_none(self):
        if self.airflow.number >= (2, 9):
            self.skipTest("this Airflow takes dataset events")
        outcome = self.repository.run("event.yaml", *inputs(word="none"))
        self.ends_with(1, outcome)
        self.said("dataset events need Airflow 2.9 or later", outcome)
        self.assertEqual(self.witness.events("upstream_data"), {})

    def test_an_event_comes_once_and_its_consumer_succeeds(self):
        self.needs_events()
        self.witness.wait_until_idle("dataset_consumer_dag")
        before = self.witness.events("upstream_data")
        outcome = self.repository.run("event.yaml", "--output", "json", *inputs(word="once"))
        self.ends_with(0, outcome)
        extra, mark = self.new_event(before)["extra"], outcome.step("tell")["result"]["mark"]
        self.assertEqual((extra.get("word"), extra.get("myaf_run")), ("once", mark))
        marked = [event for event in self.witness.events("upstream_data").values()
                  if event["extra"].get("myaf_run") == mark]
        self.assertEqual(len(marked), 1)
        self.consumer_follows(before)

    # Logging in

    def test_user_and_password_work(self):
        self.repository.configure(self.login(self.airflow.url, "password"))
        self.ends_with(0, self.repository.run("list.yaml"))

    def test_the_key_works(self):
        self.repository.configure(self.login(self.airflow.url, "key"))
        self.ends_with(0, self.repository.run("list.yaml"))

    def test_doctor_reads_what_airflow_says_and_names_a_wrong_key(self):
        told = self.repository.run("list.yaml", "doctor", "--json")
        self.ends_with(0, told)
        self.assertEqual(told.report["dags"], settings.ALL_DAGS)
        self.assertEqual(told.report["problems"], [])
        self.assertRegex(told.report["airflow_version"], r"^[23]\.\d+\.\d+$")
        wrong = {name: value if name.endswith("_URL") else "wrong"
                 for name, value in self.login(self.airflow.url, "key").items()}
        self.repository.configure(wrong)
        self.ends_with(4, self.repository.run("list.yaml", "doctor"))

    def test_the_env_file_is_found_from_a_folder_beside_orchestrate(self):
        folder = os.path.join(self.repository.root, "runbooks", "loans")
        os.makedirs(folder)
        path = copy_file(os.path.join(self.repository.orchestrate, "list.yaml"), folder)
        self.ends_with(0, self.repository.run(path, cwd="/"))

    def test_another_target_has_its_own_names(self):
        variables = self.login(self.airflow.url, "key")
        self.repository.configure({name.replace("MY_", "NIGHT_SHIFT_", 1): variables[name] for name in variables})
        self.ends_with(0, self.repository.run("list.yaml", "--target", "night-shift"))

    def test_a_wrong_key_ends_with_4_and_is_not_shown(self):
        self.refused_and_not_shown({"MY_AIRFLOW_API_KEY": UNKNOWN_KEY})

    def test_a_wrong_token_ends_with_4_and_is_not_shown(self):
        self.refused_and_not_shown({"MY_AIRFLOW_API_TOKEN": UNKNOWN_KEY})

    def test_a_wrong_password_ends_with_4_and_is_not_shown(self):
        self.refused_and_not_shown({"MY_AIRFLOW_API_USERNAME": "admin", "MY_AIRFLOW_API_PASSWORD": UNKNOWN_KEY})

    def refused_and_not_shown(self, variables):
        """Exit code 4, in text and as a report, and the secret stands in neither stream."""
        self.repository.configure({"MY_AIRFLOW_API_URL": self.airflow.url + "/", **variables})
        for form in ("text", "json"):
            outcome = self.repository.run("list.yaml", "--output", form)
            self.ends_with(4, outcome)
            for shown in (UNKNOWN_KEY, base64.b64encode(b"admin:" + UNKNOWN_KEY.encode()).decode()):
                self.assertNotIn(shown, outcome.stdout + outcome.stderr)

    def test_a_user_without_the_right_ends_with_4_and_no_run_is_made(self):
        before = self.witness.runs("ok_dag")
        self.repository.configure(self.login(self.airflow.url, "viewer"))
        self.ends_with(4, self.repository.run("trigger.yaml", *inputs(dag="ok_dag", word="viewer")))
        self.assertEqual(set(self.witness.runs("ok_dag")), set(before))

    def test_a_host_that_nobody_answers_for_ends_with_3(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = "http://127.0.0.1:%d" % free.getsockname()[1]
        self.repository.configure(self.login(self.airflow.url.replace(self.airflow.root, nobody)))
        self.ends_with(3, self.repository.run("list.yaml"))

    # Lost answers

    def test_a_trigger_whose_answer_is_lost_makes_one_run(self):
        self.lose_triggers("after", ROUNDS)

    def test_a_trigger_whose_connection_breaks_at_once_makes_one_run(self):
        self.lose_triggers("early", ROUNDS)

    def test_a_trigger_that_arrives_late_makes_one_run(self):
        self.lose_triggers("late", LATE_ROUNDS)

    def lose_triggers(self, mode, rounds):
        """Each time another run of the program; each time exactly one run of the DAG, executed exactly once."""
        made = []
        with SwallowProxy(self.airflow.root) as proxy:
            self.through(proxy)
            for number in range(rounds):
                before = self.witness.runs("trace_dag")
                proxy.swallow(TRIGGER, mode=mode, reset=number % 2 == 1)
                words = inputs(dag="trace_dag", word="%s %d" % (mode, number))
                outcome = self.repository.run("trigger.yaml", *words)
                proxy.finish()
                self.one_was_lost(proxy, TRIGGER, outcome)
                made.append(self.new_run("trace_dag", before))
                self.assertEqual(self.witness.run("trace_dag", made[-1])["note"], "suite trigger: %s %d" % (mode, number))
        for dag_run_id in made:
            self.assertEqual(self.witness.end_of("trace_dag", dag_run_id), "success")
            self.assertEqual(self.witness.times_executed(dag_run_id), 1)

    def test_an_event_whose_answer_is_lost_comes_once(self):
        self.lose_events("after", ROUNDS)

    def test_an_event_whose_connection_breaks_at_once_comes_once(self):
        self.lose_events("early", ROUNDS)

    def test_an_event_that_arrives_late_comes_once(self):
        self.lose_events("late", LATE_ROUNDS)

    def lose_events(self, mode, rounds):
        """Each time another run of the program; each time exactly one event with one mark."""
        self.needs_events()
        with SwallowProxy(self.airflow.root) as proxy:
            self.through(proxy)
            for number in range(rounds):
                before = self.witness.events("upstream_data")
                proxy.swallow(EVENT, mode=mode, reset=number % 2 == 1)
                outcome = self.repository.run("event.yaml", *inputs(word="%s %d" % (mode, number)))
                proxy.finish()
                self.one_was_lost(proxy, EVENT, outcome)
                extra = self.new_event(before)["extra"]
                self.assertEqual(extra.get("word"), "%s %d" % (mode, number))
                self.assertTrue(extra.get("myaf_run"), "the event has no mark")

    def one_was_lost(self, proxy, pattern, outcome):
        """The program passed, and the proxy did lose an answer: without that the round would prove nothing."""
        self.ends_with(0, outcome)
        posts = proxy.sent("POST", pattern)
        self.assertEqual([post["swallowed"] for post in posts][:1], [True], posts)
        self.assertEqual(len({post["body"] for post in posts}), 1, "the repeats differ: %s" % posts)
