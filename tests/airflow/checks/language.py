"""What the keys of the language promise, each a test whose name is the sentence that must hold; as in `promises`."""
import os
import subprocess
import time
import uuid

from checks.binary import finish, inputs
from stage import api
from swallow_proxy import SwallowProxy

CLEAR = r"/clearTaskInstances$"


def key():
    """A key that no run has had."""
    return uuid.uuid4().hex[:12]


class Language:
    """Checks of single keys; the rest comes from `Promises`."""

    # What a run would do

    def test_a_check_of_the_seed_makes_no_run_and_no_event_and_its_commands_make_one_each(self):
        self.needs_events()
        runs, events = self.witness.runs("daily_loan_run"), self.witness.events("upstream_data")
        told = self.repository.run("seed.yaml", "-C")
        self.ends_with(0, told)
        self.said("nothing was sent that changes anything; 2 writes would be made", told)
        # Airflow 2 is shown name and password with each command, Airflow 3 has them exchanged for a token first.
        login = self.login(self.airflow.url, "password")
        self.repository.configure(login)
        commands = self.repository.run("seed.yaml", "-C", "--curl")
        self.ends_with(0, commands)
        self.assertEqual(self.witness.runs("daily_loan_run"), runs)
        self.assertEqual(self.witness.events("upstream_data"), events)
        env = {"PATH": os.environ.get("PATH", os.defpath), **login}
        shell = subprocess.run(["sh", "-e"], input=commands.stdout, env=env, text=True, capture_output=True, check=False)
        self.assertEqual(shell.returncode, 0, "%s\n%s" % (commands, shell.stderr))
        run = self.new_run("daily_loan_run", runs)
        self.assertIn(run, commands.stdout)
        self.assertIn(str(self.new_event(events)["extra"]["myaf_run"]), commands.stdout)

    # Once per key

    def test_a_key_makes_one_run_however_often_it_is_asked_for(self):
        words, before = inputs(dag="ok_dag", key=key()), self.witness.runs("ok_dag")
        self.ends_with(0, self.repository.run("keyed_fail.yaml", *words))
        first = self.new_run("ok_dag", before)
        again = self.repository.run("keyed_fail.yaml", *words, "--output", "json")
        self.ends_with(0, again)
        self.assertEqual(again.step("keyed")["outcome"], "already", again)
        self.assertEqual(again.step("keyed")["result"]["dag_run_id"], first)
        self.assertEqual(self.new_run("ok_dag", before), first)
        self.assertEqual(self.witness.run("ok_dag", first)["state"], "success")

    def test_a_key_with_another_conf_fails_and_names_what_differs(self):
        word, before = key(), self.witness.runs("ok_dag")
        self.ends_with(0, self.repository.run("keyed_fail.yaml", *inputs(dag="ok_dag", key=word, n=1)))
        other = self.repository.run("keyed_fail.yaml", *inputs(dag="ok_dag", key=word, n=2))
        self.ends_with(1, other)
        self.said("another conf: `n`", other)
        self.new_run("ok_dag", before)

    def test_the_run_of_a_key_that_failed_is_told_cleared_or_made_anew(self):
        words, before = inputs(dag="fail_dag", key=key()), self.witness.runs("fail_dag")
        self.ends_with(1, self.repository.run("keyed_fail.yaml", *words))
        run = self.new_run("fail_dag", before)
        told = self.repository.run("keyed_fail.yaml", *words)
        self.ends_with(1, told)
        self.said("was there already, and has failed", told)
        self.said("if_failed: clear", told)
        self.assertEqual(self.new_run("fail_dag", before), run)
        self.assertEqual(self.tries_of_failed_task("fail_dag", run), 1)
        # This DAG always fails, so it does once more.
        self.ends_with(1, self.repository.run("keyed_clear.yaml", *words))
        self.assertEqual(self.new_run("fail_dag", before), run)
        self.assertEqual(self.tries_of_failed_task("fail_dag", run), 2)
        self.ends_with(1, self.repository.run("keyed_new.yaml", *words))
        self.assertEqual(len(set(self.witness.runs("fail_dag")) - set(before)), 2)

    def tries_of_failed_task(self, dag_id, run):
        """How often the failed task of a run was tried."""
        path = "/dags/%s/dagRuns/%s/taskInstances" % (dag_id, run)
        tries = [task["try_number"] for task in self.witness.pages(path, "task_instances") if task["state"] == "failed"]
        self.assertEqual(len(tries), 1, "failed tasks")
        return tries[0]

    def test_a_clearing_whose_answer_is_lost_clears_once(self):
        words, before = inputs(dag="fail_dag", key=key()), self.witness.runs("fail_dag")
        self.ends_with(1, self.repository.run("keyed_fail.yaml", *words))
        run = self.new_run("fail_dag", before)
        with SwallowProxy(self.airflow.root) as proxy:
            self.through(proxy)
            proxy.swallow(CLEAR, mode="after")
            outcome = self.repository.run("keyed_clear.yaml", *words)
            proxy.finish()
            self.assertEqual([post["swallowed"] for post in proxy.sent("POST", CLEAR)], [True])
        self.ends_with(1, outcome)
        self.assertEqual(self.tries_of_failed_task("fail_dag", run), 2)

    def test_an_event_with_a_key_is_posted_once(self):
        self.needs_events()
        self.witness.wait_until_idle("dataset_consumer_dag")
        words, before = inputs(key=key()), self.witness.events("upstream_data")
        self.ends_with(0, self.repository.run("keyed_event.yaml", *words))
        self.new_event(before)
        again = self.repository.run("keyed_event.yaml", *words, "--output", "json")
        self.ends_with(0, again)
        self.assertEqual(again.step("tell")["outcome"], "already", again)
        self.new_event(before)

    def test_a_run_with_an_own_id_that_is_there_is_used(self):
        own, before = "suite_" + key(), self.witness.runs("ok_dag")
        self.ends_with(0, self.repository.run("own_id.yaml", *inputs(id=own)))
        self.assertEqual(self.new_run("ok_dag", before), own)
        again = self.repository.run("own_id.yaml", *inputs(id=own), "--output", "json")
        self.ends_with(0, again)
        self.assertEqual(again.step("own")["outcome"], "already", again)
        self.assertEqual(self.new_run("ok_dag", before), own)

    def test_a_run_that_waits_for_its_date_is_told(self):
        before = self.witness.runs("skip_dag")
        date = time.strftime("2040-%m-%dT%H:%M:%SZ", time.gmtime())
        outcome = self.repository.run("later.yaml", *inputs(date=date))
        self.ends_with(0, outcome)
        run = self.new_run("skip_dag", before)
        self.said("waits for its logical date " + date, outcome)
        # From 3.1 on such a run is shown as running, though no task of it starts.
        states = ("queued",) if self.airflow.number < (3, 1) else ("queued", "running")
        for _ in range(10):
            self.assertIn(self.witness.run("skip_dag", run)["state"], states)
            time.sleep(0.5)
        status, answer = api.ask("%s/dags/skip_dag/dagRuns/%s" % (self.airflow.url, run), self.witness.headers,
                                 {"state": "failed"}, "PATCH")
        self.assertEqual(status, 200, answer)

    # Values, choices, silence

    def test_values_waits_and_ignored_failures_do_what_they_say(self):
        before = self.witness.runs("ok_dag")
        outcome = self.repository.run("values.yaml", *inputs(word="ünï"), "--output", "json")
        self.ends_with(0, outcome)
        run = self.new_run("ok_dag", before)
        report = outcome.report
        self.assertEqual(report["outputs"], {"count": len(self.witness.dag_ids()), "run": run})
        outcomes = {step["id"]: step["outcome"] for step in report["steps"]}
        self.assertEqual([name for name, word in outcomes.items() if word == "ignored"], ["never", "missing"])
        self.assertEqual(self.witness.run("ok_dag", run)["conf"], {"hidden": "confidential-4711"})
        self.assertIsNone(outcome.step("silent")["result"])
        self.assertNotIn("confidential-4711", str(outcome))

    def test_tags_choose_what_is_run(self):
        before = self.witness.runs("ok_dag")
        outcome = self.repository.run("values.yaml", *inputs(word="w"), "--skip-tags", "read", "--output", "json")
        self.ends_with(0, outcome)
        self.assertNotIn("until", [step["id"] for step in outcome.report["steps"]])
        self.new_run("ok_dag", before)
        nothing = self.repository.run("values.yaml", *inputs(word="w"), "--tags", "raed")
        self.ends_with(6, nothing)
        self.said("did you mean `read`?", nothing)

    # Before a run is made

    def pause(self, dag_id, is_paused):
        """Pauses or unpauses a DAG, as a person would."""
        status, answer = api.ask("%s/dags/%s" % (self.airflow.url, dag_id), self.witness.headers,
                                 {"is_paused": is_paused}, "PATCH")
        self.assertEqual(status, 200, answer)

    def is_paused(self, dag_id):
        """Whether Airflow says so."""
        return self.witness.get("/dags/" + dag_id)["is_paused"]

    def test_a_paused_dag_is_unpaused_for_its_run_and_stays_so(self):
        self.pause("max1_dag", True)
        before = self.witness.runs("max1_dag")
        self.ends_with(1, self.repository.run("ready.yaml", *inputs(dag="max1_dag")))
        self.assertTrue(self.is_paused("max1_dag"))
        outcome = self.repository.run("ready.yaml", *inputs(dag="max1_dag", unpause="true"))
        self.ends_with(0, outcome)
        self.said("it is unpaused now and stays so", outcome)
        self.assertFalse(self.is_paused("max1_dag"))
        self.assertEqual(self.witness.run("max1_dag", self.new_run("max1_dag", before))["state"], "success")

    def test_a_dag_that_is_unpaused_meanwhile_is_ready_within_the_time(self):
        self.pause("max1_dag", True)
        with SwallowProxy(self.airflow.root) as proxy:
            self.through(proxy)
            process = self.repository.start("within.yaml", *inputs(dag="max1_dag"))
            try:
                deadline = time.monotonic() + 20
                while not proxy.sent("GET", r"/dags/max1_dag$") and time.monotonic() < deadline:
                    time.sleep(0.05)
                self.pause("max1_dag", False)
            finally:
                outcome = finish(process, patience=40)
            self.assertGreater(len(proxy.sent("GET", r"/dags/max1_dag$")), 1, "it looked again")
        self.ends_with(0, outcome)

    def test_an_active_run_is_heeded(self):
        before = self.witness.runs("slow_dag")
        words = inputs(dag="slow_dag")
        self.ends_with(0, self.repository.run("trigger.yaml", *inputs(dag="slow_dag", word="active")))
        active = self.new_run("slow_dag", before)
        failed = self.repository.run("ready.yaml", *words, *inputs(if_active="fail"))
        self.ends_with(1, failed)
        self.said("has the active run `%s`" % active, failed)
        skipped = self.repository.run("ready.yaml", *words, *inputs(if_active="skip"), "--output", "json")
        self.ends_with(0, skipped)
        self.assertEqual(skipped.step("skip")["outcome"], "skipped", skipped)
        self.assertEqual(self.new_run("slow_dag", before), active)
        self.ends_with(0, self.repository.run("ready.yaml", *words, *inputs(if_active="wait")))
        self.assertEqual(self.witness.run("slow_dag", active)["state"], "success")
        self.assertEqual(len(set(self.witness.runs("slow_dag")) - set(before)), 2)
        self.witness.wait_until_idle("slow_dag")
