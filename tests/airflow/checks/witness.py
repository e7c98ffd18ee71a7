"""What Airflow itself says about DAGs, runs and events, by plain urllib and in the same words for both versions.

Reads are repeated for a while on 5xx: Airflow 3 answers 500 for a list of events while a run that one of them made has
not started, and SQLite may be locked for a moment.
"""
import os
import time
from urllib.parse import quote, urlencode

from stage import api, settings

PAGE = 100
PATIENCE = 90.0


class Witness:
    """Sees one Airflow from outside."""

    def __init__(self, airflow):
        self.airflow = airflow
        self.headers = airflow.headers()
        self.is_two = airflow.major == "2"

    def get(self, path, **query):
        """A JSON answer with status 200."""
        url = self.airflow.url + path + ("?" + urlencode(query) if query else "")
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                status, answer = api.ask(url, self.headers)
            except OSError as error:
                status, answer = 599, str(error)
            if status == 200:
                return answer
            if status < 500 or time.monotonic() > deadline:
                raise AssertionError("GET %s: HTTP %d %.300s" % (url, status, answer))
            time.sleep(0.3)

    def pages(self, path, key, **query):
        """All rows of a list, page by page."""
        rows = []
        while True:
            answer = self.get(path, limit=PAGE, offset=len(rows), **query)
            rows.extend(answer[key])
            if not answer[key] or len(rows) >= answer["total_entries"]:
                return rows

    def dag_ids(self):
        """Every listed DAG."""
        return sorted(dag["dag_id"] for dag in self.pages("/dags", "dags"))

    def runs(self, dag_id):
        """Every run of a DAG by its id."""
        return {run["dag_run_id"]: run for run in self.pages("/dags/%s/dagRuns" % quote(dag_id, safe=""), "dag_runs")}

    def run(self, dag_id, dag_run_id):
        """One run."""
        return self.get("/dags/%s/dagRuns/%s" % (quote(dag_id, safe=""), quote(dag_run_id, safe="")))

    def end_of(self, dag_id, dag_run_id):
        """The state in which a run ended."""
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self.run(dag_id, dag_run_id)["state"]
            if state in ("success", "failed") or time.monotonic() > deadline:
                return state
            time.sleep(0.5)

    def wait_until_idle(self, dag_id):
        """Returns when no run of the DAG is queued or running."""
        deadline = time.monotonic() + PATIENCE
        while any(run["state"] in ("queued", "running") for run in self.runs(dag_id).values()):
            if time.monotonic() > deadline:
                raise AssertionError("%s does not come to rest" % dag_id)
            time.sleep(0.5)

    def events(self, uri):
        """Every event of a dataset by its number: `extra` and `runs`, pairs of DAG and run id."""
        lists, key, number = (("/datasets", "datasets", "dataset_id") if self.is_two
                              else ("/assets", "assets", "asset_id"))
        ids = [row["id"] for row in self.get(lists, uri_pattern=uri, limit=PAGE)[key] if row["uri"] == uri]
        if len(ids) != 1:
            raise AssertionError("%d datasets have the URI %s" % (len(ids), uri))
        rows = self.pages(lists + "/events", key[:-1] + "_events", order_by="timestamp", **{number: ids[0]})
        return {row["id"]: {"extra": row["extra"] or {}, "runs": [self.pair(run) for run in row["created_dagruns"]]}
                for row in rows}

    def pair(self, run):
        """DAG id and run id of a run that an event made."""
        return run["dag_id"], run["dag_run_id" if self.is_two else "run_id"]

    def times_executed(self, dag_run_id):
        """How often `trace_dag` really worked for this run."""
        path = os.path.join(self.airflow.home, "trace.txt")
        if not os.path.exists(path):
            return 0
        with open(path) as file:
            return file.read().split().count(dag_run_id)


def credentials(major, kind):
    """The variables of one way to log in as the admin, the URL left out; a token is not among them."""
    if kind == "key":
        return {"MY_AIRFLOW_API_KEY": "key-admin"}
    if kind == "viewer":
        return ({"MY_AIRFLOW_API_KEY": "key-viewer"} if major == "2"
                else {"MY_AIRFLOW_API_USERNAME": "viewer", "MY_AIRFLOW_API_PASSWORD": settings.PASSWORDS["viewer"]})
    return {"MY_AIRFLOW_API_USERNAME": "admin", "MY_AIRFLOW_API_PASSWORD": "admin"}
