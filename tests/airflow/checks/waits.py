"""Every verdict of a wait, as sentences; a part of the promises.

Most DAGs say by themselves how they end; to the others something is done while the program waits, by plain urllib.
"""
import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from urllib.parse import quote

from checks import binary as program
from checks.binary import inputs
from stage import api, settings
from swallow_proxy import SwallowProxy


class Waits:
    """The checks; what they speak with comes from the promises."""

    def act(self, method, path, body=None):
        """Does something to Airflow; the status must be a good one."""
        status, answer = api.ask(self.airflow.url + path, self.airflow.headers(), body=body, method=method)
        self.assertLess(status, 300, "%s %s: %s" % (method, path, answer))
        return answer

    def path(self, dag_id, dag_run_id):
        """The path of a run."""
        return "/dags/%s/dagRuns/%s" % (dag_id, quote(dag_run_id, safe=""))

    def somebody_runs(self, dag_id, conf):
        """A run that somebody else makes; its id."""
        body = {"conf": conf} if self.airflow.major == "2" else {"conf": conf, "logical_date": None}
        return self.act("POST", "/dags/%s/dagRuns" % dag_id, body)["dag_run_id"]

    def fails_with(self, dag_id, *texts, playbook="wait.yaml"):
        """A run of the DAG fails its step, and all this is said."""
        outcome = self.repository.run(playbook, *inputs(dag=dag_id))
        self.ends_with(1, outcome)
        for text in texts:
            self.said(text, outcome)

    def test_a_failed_run_counts_its_tasks(self):
        self.fails_with("fail_dag", "failed: 1 of 3 tasks failed, 1 upstream_failed", "task `bad`, try 1: ValueError: boom: this task always fails",
                        "named_dags.py:", " in bad", "| ")

    def test_the_reason_is_told_whatever_a_task_printed_and_in_whatever_way_it_failed(self):
        killed = "Task exited with return code -9" if self.airflow.major == "2" else "Process terminated by signal"
        left = "SystemExit(3)" if self.airflow.major == "2" else "Task exited exit_code=3"
        for way, texts in {
            "chatty": ["try 1: ValueError: the reason", "failing_dags.py:24 in chatty", "line 59"],
            "cause": ["try 1: RuntimeError: the file of the loans can't be read", "caused by JSONDecodeError: "],
            "group": ["try 1: ExceptionGroup: two loans are broken", "caused by ValueError: loan 2 is broken"],
            "killed": ["try 1: " + killed], "exits": ["try 1: " + left, "no rows came"],
            "sleeps": ["try 1: AirflowTaskTimeout: Timeout"],
        }.items():
            outcome = self.repository.run("wait_way.yaml", *inputs(way=way))
            self.ends_with(1, outcome)
            for text in texts:
                self.said(text, outcome)
            self.assertNotIn("site-packages", str(outcome))
        self.fails_with("bash_dag", "Bash command failed. The command returned a non-zero exit code 3.",
                        "psql: relation loans does not exist")

    def test_every_failed_task_is_named(self):
        before = self.witness.runs("many_dag")
        outcome = self.repository.run("wait.yaml", *inputs(dag="many_dag"), "--output", "json")
        self.ends_with(1, outcome)
        run = self.new_run("many_dag", before)
        _, answer = api.ask(self.airflow.url + self.path("many_dag", run) + "/taskInstances", self.airflow.headers())
        failed = sorted((task["task_id"], task["map_index"]) for task in answer["task_instances"] if task["state"] == "failed")
        told = outcome.report["steps"][0]["failure"]["failed_tasks"]
        self.assertEqual([(task["task_id"], task["map_index"]) for task in told], failed)
        self.assertEqual(len(failed), 11)
        self.assertEqual(sum(1 for task in told if task["exception"]), 5, told)

    def test_a_failed_mapped_task_is_named_with_its_index(self):
        self.fails_with("mapped_dag", "failed: 1 of 4 tasks failed", "task `each[1]`, try 1: ValueError: item 2 is bad")

    def test_a_success_with_a_failed_task_fails_when_all_must_be_success(self):
        self.ends_with(0, self.repository.run("wait.yaml", *inputs(dag="tolerant_dag")))
        self.fails_with("tolerant_dag", "is a success, but not all its tasks are: 1 of 2 tasks failed",
                        "task `bad`, try 2: ValueError: bad on every try", playbook="wait_all.yaml")

    def test_a_skipped_run_is_a_success(self):
        self.ends_with(0, self.repository.run("wait_all.yaml", *inputs(dag="skip_dag")))

    def test_a_run_of_somebody_else_is_followed_to_its_end(self):
        run = self.somebody_runs("slow_dag", {"seconds": 3})
        outcome = self.repository.run("wait_for.yaml", "--output", "json", *inputs(dag="slow_dag", dag_run=run))
        self.ends_with(0, outcome)
        result = outcome.step("wait")["result"]
        self.assertEqual((result["dag_run_id"], result["state"]), (run, "success"))
        self.ends_with(1, self.repository.run("wait_for.yaml", *inputs(dag="slow_dag", dag_run="nobody-made-this")))

    def test_a_run_that_stays_queued_too_long_ends_with_5(self):
        first, second = self.somebody_runs("max1_dag", {}), self.somebody_runs("max1_dag", {})
        outcome = self.repository.run("wait_for.yaml", *inputs(dag="max1_dag", dag_run=second, queued_for="1s"))
        self.ends_with(5, outcome)
        self.said("is still queued after 1s", outcome)
        self.assertEqual({self.witness.end_of("max1_dag", run) for run in (first, second)}, {"success"})

    def some_task_is_running(self, dag_id, run):
        """Waits until a task of a run is running: what is done to a run before may be undone by the scheduler."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            _, answer = api.ask(self.airflow.url + self.path(dag_id, run) + "/taskInstances", self.airflow.headers())
            if any(task["state"] == "running" for task in answer["task_instances"]):
                return
            time.sleep(0.3)

    def token_that_runs_out(self, seconds):
        """A token of the admin as Airflow 3 makes it, but for its life."""
        def part(text):
            return base64.urlsafe_b64encode(text).rstrip(b"=")

        def decoded(text):
            return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

        head, claims, _ = self.witness.headers["Authorization"].split()[1].split(".")
        claims = dict(decoded(claims), exp=int(time.time()) + seconds)
        signed = head.encode() + b"." + part(json.dumps(claims).encode())
        secret = settings.airflow3("", 0)["AIRFLOW__API_AUTH__JWT_SECRET"].encode()
        digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[decoded(head)["alg"]]
        return (signed + b"." + part(hmac.new(secret, signed, digest).digest())).decode()

    def test_a_token_that_runs_out_ends_the_wait_with_4_and_the_run_goes_on(self):
        if self.airflow.major == "2":
            self.skipTest("a key of Airflow 2 has no end")
        token, before = self.token_that_runs_out(8), self.witness.runs("slow_dag")
        self.repository.configure({"MY_AIRFLOW_API_URL": self.airflow.url, "MY_AIRFLOW_API_TOKEN": token})
        outcome = self.repository.run("wait_token.yaml", *inputs(dag="slow_dag"))
        self.ends_with(4, outcome)
        run = self.new_run("slow_dag", before)
        self.said("the DAG run `%s` goes on without us" % run, outcome)
        self.assertNotIn(token.split(".")[2], str(outcome))
        self.assertEqual(self.witness.end_of("slow_dag", run), "success")

    def while_it_runs(self, do):
        """Does something to a run of `slow_dag` that is running and waited for; the outcome and the run's id."""
        before = self.witness.runs("slow_dag")
        process = self.repository.start("wait.yaml", *inputs(dag="slow_dag", seconds=40))
        self.some_run_is_running("slow_dag", before, process)
        run = self.new_run("slow_dag", before)
        self.some_task_is_running("slow_dag", run)
        do(run)
        return program.finish(process), run

    def set_for_good(self, path, body, state):
        """Sets the state of a run or a task of `slow_dag` until it stays so: Airflow may take it back at that moment."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.act("PATCH", path, body)
            time.sleep(1)
            if self.witness.get(path)["state"] == state:
                return

    def set_run(self, run, state):
        self.set_for_good(self.path("slow_dag", run), {"state": state}, state)

    def test_who_set_a_run_to_failed_is_told(self):
        outcome, run = self.while_it_runs(lambda run: self.set_run(run, "failed"))
        self.ends_with(1, outcome)
        self.said("`admin` set the run to failed at ", outcome)

    def test_who_set_a_run_to_success_is_told_and_the_step_passes(self):
        outcome, run = self.while_it_runs(lambda run: self.set_run(run, "success"))
        self.ends_with(0, outcome)
        self.said("`admin` set the DAG run `%s` of `slow_dag` to success at " % run, outcome)

    def test_who_set_a_task_to_failed_is_told(self):
        body = {"new_state": "failed"} if self.airflow.major == "3" else {"new_state": "failed", "dry_run": False}

        def set_task(run):
            self.set_for_good(self.path("slow_dag", run) + "/taskInstances/sleep", body, "failed")

        outcome, _ = self.while_it_runs(set_task)
        self.ends_with(1, outcome)
        self.said("`admin` set the task `sleep` of the run to failed at ", outcome)

    def test_a_run_that_failed_by_itself_is_not_blamed_on_anybody(self):
        outcome = self.repository.run("wait.yaml", *inputs(dag="fail_dag"))
        self.ends_with(1, outcome)
        self.assertNotIn(" set ", outcome.stderr, outcome)

    def test_a_run_that_somebody_deletes_has_vanished(self):
        """One that is queued, behind four others: Airflow 3 deletes none that is running."""
        run = [self.somebody_runs("max1_dag", {}) for _ in range(5)][-1]
        with SwallowProxy(self.airflow.root) as proxy:
            self.through(proxy)
            process = self.repository.start("wait_for.yaml", *inputs(dag="max1_dag", dag_run=run))
            while process.poll() is None and not proxy.sent("GET", "/dagRuns/"):
                time.sleep(0.1)
            self.act("DELETE", self.path("max1_dag", run))
            outcome = program.finish(process)
        self.ends_with(1, outcome)
        self.said("the DAG run `%s` of `max1_dag` was there and is gone" % run, outcome)

    def paused_while_it_runs(self, dag_id, seconds):
        """Pauses a DAG while the first task of its run is running; the outcome, the run's id, and its state then."""
        before = self.witness.runs(dag_id)
        process = self.repository.start("wait.yaml", *inputs(dag=dag_id, seconds=seconds))
        try:
            self.some_run_is_running(dag_id, before, process)
            run = self.new_run(dag_id, before)
            self.some_task_is_running(dag_id, run)
            self.act("PATCH", "/dags/%s" % dag_id, {"is_paused": True})
            outcome = program.finish(process)
            state = self.witness.run(dag_id, run)["state"]
        finally:
            self.act("PATCH", "/dags/%s" % dag_id, {"is_paused": False})
        return outcome, run, state

    def test_a_run_whose_last_task_runs_while_its_dag_is_paused_is_followed_to_its_end(self):
        outcome, run, state = self.paused_while_it_runs("slow_dag", 50)
        self.ends_with(0, outcome)
        self.said("the DAG `slow_dag` is paused: its run `%s` is followed" % run, outcome)
        self.assertEqual(state, "success")

    def test_a_run_whose_next_task_waits_for_the_unpausing_ends_the_wait(self):
        outcome, run, state = self.paused_while_it_runs("two_step_dag", 5)
        self.ends_with(1, outcome)
        self.said("the DAG `two_step_dag` was paused while its run `%s` was running" % run, outcome)
        self.said("task `second` is not scheduled yet", outcome)
        self.assertEqual(state, "running")
        self.assertEqual(self.witness.end_of("two_step_dag", run), "success")

    def test_a_wait_that_runs_out_says_what_the_run_waits_for(self):
        status, answer = api.ask(self.airflow.url + "/pools", self.airflow.headers(), {"name": "no_slots", "slots": 0})
        self.assertIn(status, (200, 201, 409), answer)
        states = {"long_retry_dag": "task `flaky` is up_for_retry since 20", "sensor_dag": "task `look` is up_for_reschedule",
                  "deferred_dag": "task `later` is deferred since 20", "starved_dag": "task `hungry` is scheduled"}
        for dag_id, text in states.items():
            before = self.witness.runs(dag_id)
            outcome = self.repository.run("wait.yaml", *inputs(dag=dag_id, timeout="25s"))
            self.act("PATCH", self.path(dag_id, self.new_run(dag_id, before)), {"state": "failed"})
            self.ends_with(5, outcome)
            self.said(text, outcome)
            self.said({"long_retry_dag": ", try 1 of 4", "starved_dag": ", pool `no_slots`"}.get(dag_id, ""), outcome)

    def test_a_queued_run_says_that_others_of_its_dag_are_running(self):
        first = self.somebody_runs("one_run_dag", {"seconds": 20})
        self.some_task_is_running("one_run_dag", first)
        second = self.somebody_runs("one_run_dag", {})
        outcome = self.repository.run("wait_for.yaml", *inputs(dag="one_run_dag", dag_run=second, queued_for="2s"))
        self.ends_with(5, outcome)
        self.said("1 other run of the DAG is running: `max_active_runs` may let no more start", outcome)
        self.assertEqual({self.witness.end_of("one_run_dag", run) for run in (first, second)}, {"success"})

    def test_a_run_of_a_paused_dag_is_cleared_only_when_the_dag_may_be_unpaused(self):
        words = inputs(key="paused %d" % time.time())
        self.ends_with(1, self.repository.run("unpause_clear.yaml", *words))
        self.act("PATCH", "/dags/flag_dag", {"is_paused": True})
        try:
            refused = self.repository.run("unpause_clear.yaml", *words, *inputs(unpause="false"))
            self.ends_with(1, refused)
            self.said("the DAG `flag_dag` is paused; its run `", refused)
            cleared = self.repository.run("unpause_clear.yaml", *words)
        finally:
            self.act("PATCH", "/dags/flag_dag", {"is_paused": False})
        self.ends_with(1, cleared)
        self.said("the DAG `flag_dag` was paused; it is unpaused now and stays so", cleared)
        self.said("were cleared and run again", cleared)
        self.said("task `look`, try 2", cleared)

    def test_a_server_that_is_away_for_16_seconds_is_ridden_out(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        before = self.witness.runs("ok_dag")
        self.repository.configure(self.login(self.airflow.url.replace(self.airflow.root, "http://127.0.0.1:%d" % port)))
        process = self.repository.start("wait.yaml", *inputs(dag="ok_dag"))
        time.sleep(16)
        with SwallowProxy(self.airflow.root, port=port):
            outcome = program.finish(process)
        self.ends_with(0, outcome)
        self.assertEqual(self.witness.run("ok_dag", self.new_run("ok_dag", before))["state"], "success")

    def test_the_runs_that_an_event_causes_are_waited_for(self):
        self.needs_events()
        self.witness.wait_until_idle("dataset_consumer_dag")
        before = self.witness.events("upstream_data")
        outcome = self.repository.run("event_and_wait.yaml", "--output", "json")
        self.ends_with(0, outcome)
        runs = outcome.step("tell")["result"]["consumer_runs"]
        mine = [run for run in runs if run["dag_id"] == "dataset_consumer_dag"]
        self.assertEqual([run["state"] for run in mine], ["success"], runs)
        self.assertIn(("dataset_consumer_dag", mine[0]["dag_run_id"]), self.new_event(before)["runs"])

    def test_events_that_merge_into_one_run_are_followed_to_its_end(self):
        self.needs_events()
        self.witness.wait_until_idle("dataset_consumer_dag")
        before = set(self.witness.runs("dataset_consumer_dag"))
        outcomes = []
        posts = [threading.Thread(target=lambda: outcomes.append(
            self.repository.run("event_and_wait.yaml", "--output", "json", "--on-overlap", "wait", "--no-journal")))
            for _ in range(2)]
        for post in posts:
            post.start()
        for post in posts:
            post.join()
        made = set(self.witness.runs("dataset_consumer_dag")) - before
        for outcome in outcomes:
            self.ends_with(0, outcome)
            runs = [run for run in outcome.step("tell")["result"]["consumer_runs"]
                    if run["dag_id"] == "dataset_consumer_dag"]
            self.assertEqual(len(runs), 1, outcome)
            self.assertIn(runs[0]["dag_run_id"], made)
            self.assertEqual(runs[0]["state"], "success")

    def test_a_dead_scheduler_is_told_with_the_verdict(self):
        with self.airflow.without_scheduler(lambda text: None):
            began, before = time.monotonic(), self.witness.runs("ok_dag")
            outcome = self.repository.run("wait.yaml", *inputs(dag="ok_dag", queued_for="33s"))
            self.assertLess(time.monotonic() - began, 60)
        self.ends_with(5, outcome)
        self.said("is still queued after 33s", outcome)
        self.said("note: Airflow's scheduler is unhealthy since ", outcome)
        self.assertEqual(self.witness.end_of("ok_dag", self.new_run("ok_dag", before)), "success")
