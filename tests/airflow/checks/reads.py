"""What the actions that read give is what Airflow says to plain urllib; each a test as in `promises`."""
import random
import uuid
from datetime import datetime

from checks.binary import inputs
from stage import api

SECONDS = ((1, 29), (0, 24), (0, 60), (0, 60))
"""The days, hours, minutes and seconds of a month after the start of the DAGs."""

SECRET = "a-value-nobody-should-see-4711"


class Reads:
    """Checks of the actions that read; the rest comes from `Promises`."""

    def make(self, path, body):
        """Makes something in Airflow."""
        status, answer = api.ask(self.airflow.url + path, self.witness.headers, body, "POST")
        self.assertIn(status, (200, 201), answer)

    def result(self, outcome, step):
        """The result of a step that passed."""
        record = outcome.step(step)
        self.assertEqual(record["outcome"], "passed", outcome)
        return record["result"]

    def test_what_is_read_is_what_airflow_says(self):
        word = uuid.uuid4().hex[:12]
        date = "2026-02-%02dT%02d:%02d:%02dZ" % tuple(random.randrange(low, high) for low, high in SECONDS)
        self.make("/variables", {"key": "suite/%s x" % word, "value": SECRET, "description": "d"})
        self.make("/variables", {"key": "suite_password_" + word, "value": "hidden-" + SECRET})
        self.make("/variables", {"key": "suite_open_" + word, "value": "plain to see"})
        self.make("/variables", {"key": "suite_json_" + word, "value": '{"user": "u", "password": "%s"}' % SECRET[::-1]})
        self.make("/connections", {"connection_id": "suite_" + word, "conn_type": "http", "password": "pw-" + word})
        self.make("/pools", {"name": "suite_" + word, "slots": 3})
        outcome = self.repository.run("reads.yaml", *inputs(word=word, date=date), "--output", "json")
        self.ends_with(0, outcome)
        self.assertEqual(self.result(outcome, "dated")["dag_run_ids"], ["reads_ok_" + word])
        self.runs_are_as_airflow_says(outcome, word)
        self.tasks_are_as_airflow_says(outcome, word)
        self.the_rest_is_as_airflow_says(outcome, word)
        for place in (outcome.stdout, outcome.stderr):
            self.assertNotIn(SECRET, place)
            self.assertNotIn(SECRET[::-1], place)

    def runs_are_as_airflow_says(self, outcome, word):
        run, seen = self.result(outcome, "run"), self.witness.run("ok_dag", "reads_ok_" + word)
        for field in ("dag_id", "dag_run_id", "state", "run_type", "conf", "note"):
            self.assertEqual(run[field], seen[field], field)
        for field in ("logical_date", "start_date", "end_date"):
            self.assertEqual(datetime.fromisoformat(run[field]), datetime.fromisoformat(seen[field]), field)
        failed = [id for id, run in self.witness.runs("fail_dag").items() if run["state"] == "failed"]
        runs = self.result(outcome, "runs")
        self.assertEqual(sorted(runs["dag_run_ids"]), sorted(failed))
        self.assertEqual((runs["total"], runs["is_complete"]), (len(failed), True))
        self.assertEqual(runs["dag_run_ids"][0], "reads_bad_" + word, "the newest first")
        newest = self.result(outcome, "newest")
        self.assertEqual(newest["dag_run_ids"], ["reads_bad_" + word])
        self.assertEqual(newest["is_complete"], len(self.witness.runs("fail_dag")) == 1)
        dag = self.result(outcome, "dag")
        details = self.witness.get("/dags/params_dag/details")
        for name, param in details["params"].items():
            for field in ("value", "schema", "description"):
                self.assertEqual(dag["params"][name][field], param[field], name)
        self.assertEqual(dag["owners"], self.witness.get("/dags/params_dag")["owners"])

    def tasks_are_as_airflow_says(self, outcome, word):
        for step, dag_id, run in (("tasks", "fail_dag", "reads_bad_"), ("each", "mapped_dag", "reads_mapped_")):
            path = "/dags/%s/dagRuns/%s/taskInstances" % (dag_id, run + word)
            rows = [row for row in self.witness.pages(path, "task_instances") if step == "tasks" or row["task_id"] == step]
            keys = ("task_id", "map_index", "try_number", "state")
            told = [tuple(task[key] for key in keys) for task in self.result(outcome, step)["task_instances"]]
            self.assertEqual(sorted(told), sorted(tuple(row[key] for key in keys) for row in rows))
        log = self.result(outcome, "log")
        self.assertTrue(any(line.endswith("about to fail") for line in log["lines"]), log)
        self.assertTrue(any("boom: this task always fails" in line for line in log["lines"]), log)
        self.assertEqual((log["try_number"], log["state"]), (1, "failed"))
        self.assertEqual(self.result(outcome, "each_log")["map_index"], 1)
        if self.airflow.number < (2, 10):
            self.assertIn("from Airflow 2.10 on", outcome.step("xcom")["failure"]["message"])
        else:
            self.assertEqual(self.result(outcome, "xcom")["value"], {"answer": 42})

    def the_rest_is_as_airflow_says(self, outcome, word):
        self.assertEqual(self.result(outcome, "datasets")["dataset_uris"], ["upstream_data"])
        self.assertIn("dataset_both_dag", self.result(outcome, "dataset")["consumers"])
        path = "/health" if self.airflow.major == "2" else "/monitor/health"
        for part, seen in self.witness.get(path).items():
            self.assertEqual(self.result(outcome, "healthy")[part]["status"], seen["status"], part)
        imports = outcome.step("imports")
        self.assertEqual((imports["outcome"], imports["failure"]["kind"]), ("ignored", "not_ready"))
        self.assertTrue(imports["result"]["filenames"][0].endswith("broken_dag.py"), imports)
        self.assertEqual(self.result(outcome, "good_imports")["total"], 0)
        self.assertEqual(self.result(outcome, "variable")["value"], "***")
        self.assertEqual(self.result(outcome, "default")["value"], "fallback")
        self.assertEqual(self.result(outcome, "open_variable")["value"], "plain to see")
        for step in ("hidden", "json"):
            shown = "passed" if self.airflow.major == "2" else "ignored"
            self.assertEqual(outcome.step(step)["outcome"], shown, outcome)
        self.assertEqual(self.result(outcome, "connection")["conn_type"], "http")
        pool = self.result(outcome, "pool")
        seen = self.witness.get("/pools/suite_" + word)
        for field in ("slots", "open_slots", "occupied_slots", "running_slots", "queued_slots"):
            self.assertEqual(pool[field], seen[field], field)

    def test_what_is_not_there_is_told_in_the_same_words_by_every_version(self):
        before = self.witness.runs("fail_dag")
        self.ends_with(1, self.repository.run("trigger_and_wait.yaml", *inputs(dag="fail_dag", word="absent")))
        run = self.new_run("fail_dag", before)
        outcome = self.repository.run("absent.yaml", *inputs(made=run), "--output", "json")
        self.ends_with(0, outcome)
        messages = {
            "dag": "there is no DAG `okdag`",
            "run": "the DAG `ok_dag` has no run `no_such_run`",
            "run_of_no_dag": "there is no DAG `okdag`",
            "runs": "there is no DAG `okdag`",
            "tasks": "the DAG `ok_dag` has no run `no_such_run`",
            "log_of_no_run": "the DAG `ok_dag` has no run `no_such_run`",
            "log_of_no_task": "the run `%s` has no task `bda`" % run,
            "log_of_no_try": "the task `bad` has no try 9, its last is 1",
            "log_of_no_index": "the task `bad` is not mapped, so it has no instance 3",
            "log_of_what_never_ran": "the task `after` was not run, so it has no log; it is upstream_failed",
            "dataset": "there is no dataset `upstream_dat`",
            "events": "there is no dataset `upstream_dat`",
            "variable": "there is no variable `no_such_variable`",
            "connection": "there is no connection `no_such_connection`",
            "pool": "there is no pool `default_pol`",
        }
        for step, message in messages.items():
            failure = outcome.step(step)["failure"]
            self.assertEqual((failure["kind"], failure["message"]), ("not_found", message), step)
        self.assertEqual(outcome.step("dag")["failure"]["help"], "did you mean `ok_dag`?")
        self.assertEqual(outcome.step("pool")["failure"]["help"], "did you mean `default_pool`?")

    def test_the_events_of_a_dataset_are_those_that_airflow_has(self):
        self.needs_events()
        self.ends_with(0, self.repository.run("event.yaml", *inputs(word=uuid.uuid4().hex)))
        self.witness.wait_until_idle("dataset_consumer_dag")
        seen = self.witness.events("upstream_data")
        outcome = self.repository.run("events.yaml", "--output", "json")
        self.ends_with(0, outcome)
        events = self.result(outcome, "events")
        times = [event["timestamp"] for event in events["events"]]
        self.assertEqual(times, sorted(times, reverse=True), "the newest first")
        self.assertEqual(sorted(event["event_id"] for event in events["events"]), sorted(seen)[-150:])
        self.assertEqual(events["unreadable"], 0)
