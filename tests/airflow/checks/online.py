"""What `check --online`, `--preflight` and `doctor` promise, each a test whose name is the sentence that must hold; as in `promises`."""
import json
import uuid

from checks.binary import inputs
from checks.witness import credentials
from stage import api
from swallow_proxy import SwallowProxy

LOGIN = "/auth/token"
TOLD = ["there is no DAG `ok_dgg`", "did you mean `ok_dag`?", "there is no DAG `broken_dag`", "`paused_dag` is paused",
        "the DAG `required_param_dag` needs `must` in `conf`", "`11` is too large: at most 10 is allowed",
        "there is no dataset `upstream_dat`", "the DAG `ok_dag` is not paused"]
CONFS = [("params_dag", {}), ("params_dag", {"n": 10, "other": [1]}), ("params_dag", {"n": 3.0}),
         ("params_dag", {"n": 3.5}), ("params_dag", {"n": "3"}), ("params_dag", {"n": True}), ("params_dag", {"n": None}),
         ("params_dag", {"n": 0}), ("params_dag", {"env": "qa"}), ("params_dag", {"note": 1}),
         ("params_dag", {"note": "x" * 21}), ("required_param_dag", {}), ("required_param_dag", {"must": ""}),
         ("required_param_dag", {"must": "x"})]


class Online:
    """Checks of what is asked before a run; the rest comes from `Promises`."""

    def wrote(self, proxy):
        """The requests through the proxy that may have written something."""
        found = [entry for word in ("POST", "PATCH", "PUT", "DELETE") for entry in proxy.sent(word, ".")]
        return [entry["method"] + " " + entry["path"] for entry in found if not entry["path"].endswith(LOGIN)]

    def test_a_check_tells_every_mistake_that_only_airflow_knows_and_writes_nothing(self):
        for words, code in ((["check", "--online"], 2), (["--preflight"], 2)):
            with SwallowProxy(self.airflow.root) as proxy:
                self.through(proxy)
                outcome = self.repository.run("online_bad.yaml", *words)
                self.ends_with(code, outcome)
                for text in TOLD:
                    self.said(text, outcome)
                self.assertEqual(self.wrote(proxy), [])
                self.assertGreater(len(proxy.sent("GET", ".")), 8)

    def test_a_run_whose_check_is_good_is_run(self):
        self.ends_with(0, self.repository.run("online_good.yaml", "check", "--online"))
        before = self.witness.runs("ok_dag")
        outcome = self.repository.run("online_good.yaml", "--preflight")
        self.ends_with(0, outcome)
        self.said("checked on `my`", outcome)
        self.new_run("ok_dag", before)

    def test_a_conf_is_judged_as_airflow_judges_it(self):
        for dag_id, conf in CONFS:
            checked = self.repository.run("online_conf.yaml", "check", "--online", "-e", "conf=" + json.dumps(conf),
                                          *inputs(dag=dag_id))
            body = {"dag_run_id": "suite_" + uuid.uuid4().hex, "conf": conf}
            if self.airflow.major == "3":
                body["logical_date"] = None
            status, answer = api.ask("%s/dags/%s/dagRuns" % (self.airflow.url, dag_id), self.witness.headers, body, "POST")
            # 2.8 breaks down (500) at a conf that does not fit.
            self.assertIn(status, (200, 400) if self.airflow.number > (2, 9) else (200, 400, 500), answer)
            self.assertEqual(checked.code, 0 if status == 200 else 2, "%s %s: %s\n%s" % (dag_id, conf, answer, checked))

    def test_an_event_for_a_paused_consumer_is_warned_of(self):
        self.needs_events()
        self.pause("dataset_consumer_dag", True)
        try:
            outcome = self.repository.run("event.yaml", "check", "--online", *inputs(word="w"))
        finally:
            self.pause("dataset_consumer_dag", False)
        self.ends_with(0, outcome)
        self.said("warning[W007]", outcome)
        self.said("`dataset_consumer_dag` is paused", outcome)

    def test_a_key_that_may_read_no_variables_has_the_rest_checked(self):
        with SwallowProxy(self.airflow.root) as proxy:
            url = self.airflow.url.replace(self.airflow.root, proxy.url)
            self.repository.configure({"MY_AIRFLOW_API_URL": url, **credentials(self.airflow.major, "viewer")})
            outcome = self.repository.run("online_viewer.yaml", "check", "--online")
            asked = [entry["path"] for entry in proxy.sent("GET", "/variables")]
        self.ends_with(2, outcome)
        self.said("not judged: variables (`region`): 403", outcome)
        self.said("did you mean `ok_dag`?", outcome)
        self.assertEqual([path for path in asked if not path.endswith("/variables/region")], [])

    def everything(self):
        """How many runs and events there are."""
        events = self.witness.events("upstream_data") if self.airflow.number >= (2, 9) else {}
        return self.witness.get("/dags/~/dagRuns", limit=1)["total_entries"], len(events)

    def test_doctor_says_what_a_key_may_do_and_makes_nothing(self):
        for kind, may in (("key", True), ("viewer", False)):
            for dag_id in ("dataset_consumer_dag", "ok_dag", "params_dag", "required_param_dag"):
                self.witness.wait_until_idle(dag_id)
            before = self.everything()
            with SwallowProxy(self.airflow.root) as proxy:
                url = self.airflow.url.replace(self.airflow.root, proxy.url)
                self.repository.configure({"MY_AIRFLOW_API_URL": url, **credentials(self.airflow.major, kind)})
                told = self.repository.run("list.yaml", "doctor", "--json")
                self.ends_with(0, told)
                self.assertEqual(len(self.wrote(proxy)), 2, self.wrote(proxy))
            self.assertEqual(self.everything(), before)
            self.assertEqual(told.report["may_trigger"], may, told)
            if self.airflow.number >= (2, 9):
                self.assertEqual(told.report["may_post_events"], may, told)
            self.assertEqual(told.report["import_errors"]["total"], 1, told)
            self.assertIn("Error", told.report["import_errors"]["errors"][0]["reason"], told)
            parts = {row["part"]: row["state"] for row in told.report["health"]}
            self.assertIn("healthy, heard of", parts["scheduler"])
            self.assertEqual(parts["triggerer"], "not running")
