"""The eighteen DAGs that the checks know by name (for Airflow 2 and 3)."""
import os
import sys
import time
from datetime import datetime, timedelta

sys.path.insert(0, os.path.dirname(__file__))
from _words import AirflowSkipException, Dataset, Param, dag, display_name, get_current_context, task  # noqa: E402

START = datetime(2026, 1, 1)
BY_HAND = {"schedule": None, "start_date": START, "catchup": False}
UPSTREAM = Dataset("upstream_data")
DOWNSTREAM = Dataset("downstream_data")
FILE = Dataset("s3://bucket/some key/file.csv")


@dag(dag_id="daily_loan_run", tags=["extract_and_load"], description="extracts, then loads", **BY_HAND)
def daily_loan_run():
    @task
    def extract():
        print("extracted")

    @task
    def load():
        print("loaded")

    extract() >> load()


@dag(dag_id="ok_dag", tags=["ok"], description="two tasks, both succeed", **BY_HAND)
def ok_dag():
    @task
    def first():
        return {"answer": 42}

    @task
    def second(value):
        print("second got", value)

    second(first())


@dag(dag_id="fail_dag", description="the second of three tasks fails", **BY_HAND)
def fail_dag():
    @task
    def good():
        print("this one is good")

    @task
    def bad():
        print("about to fail")
        raise ValueError("boom: this task always fails")

    @task
    def after():
        print("never runs")

    good() >> bad() >> after()


@dag(dag_id="slow_dag", description="sleeps for conf.seconds, else 5 seconds; fails if conf.fail", **BY_HAND)
def slow_dag():
    @task
    def sleep():
        conf = get_current_context()["dag_run"].conf or {}
        time.sleep(float(conf.get("seconds", 5)))
        if conf.get("fail"):
            raise ValueError("it was asked to fail")

    sleep()


@dag(dag_id="paused_dag", is_paused_upon_creation=True, **BY_HAND)
def paused_dag():
    @task
    def nothing():
        print("ran")

    nothing()


PARAMS = {
    "n": Param(3, type="integer", minimum=1, maximum=10, description="how many"),
    "env": Param("dev", type="string", enum=["dev", "prod"]),
    "note": Param(None, type=["null", "string"], maxLength=20),
}


@dag(dag_id="params_dag", tags=["params"], params=PARAMS, **BY_HAND)
def params_dag():
    @task
    def show():
        return dict(get_current_context()["params"])

    show()


@dag(dag_id="required_param_dag", tags=["params"], params={"must": Param(type="string", minLength=1)}, **BY_HAND)
def required_param_dag():
    @task
    def show():
        return dict(get_current_context()["params"])

    show()


@dag(dag_id="dataset_consumer_dag", tags=["dataset"], schedule=[UPSTREAM], start_date=START, catchup=False)
def dataset_consumer_dag():
    @task(outlets=[DOWNSTREAM])
    def consume():
        print("consumed")

    consume()


@dag(dag_id="dataset_both_dag", tags=["dataset"], schedule=[UPSTREAM, FILE], start_date=START, catchup=False)
def dataset_both_dag():
    @task
    def consume():
        print("both came")

    consume()


@dag(dag_id="producer_dag", tags=["dataset"], **BY_HAND)
def producer_dag():
    @task(outlets=[FILE])
    def produce():
        print("produced")

    produce()


@dag(dag_id="retry_dag", description="the first try fails, the second succeeds", **BY_HAND)
def retry_dag():
    @task(retries=1, retry_delay=timedelta(seconds=2))
    def flaky():
        if get_current_context()["ti"].try_number == 1:
            raise RuntimeError("first try fails")

    flaky()


@dag(dag_id="mapped_dag", description="one of three mapped tasks fails", **BY_HAND)
def mapped_dag():
    @task
    def items():
        return [1, 2, 3]

    @task
    def each(item):
        if item == 2:
            raise ValueError("item 2 is bad")

    each.expand(item=items())


@dag(dag_id="skip_dag", **BY_HAND)
def skip_dag():
    @task
    def skipper():
        raise AirflowSkipException("nothing to do")

    skipper()


@dag(dag_id="max1_dag", max_active_runs=1, **BY_HAND)
def max1_dag():
    @task
    def sleep():
        time.sleep(3)

    sleep()


@dag(dag_id="daily_dag", schedule="@daily", start_date=START, catchup=False, is_paused_upon_creation=True)
def daily_dag():
    @task
    def nothing():
        print("ran")

    nothing()


@dag(dag_id="odd.id-with_all.Chars-1", tags=["tag with space", "ünï"], **display_name("Odd dïsplay name / slash"),
     **BY_HAND)
def odd():
    @task
    def nothing():
        print("ran")

    nothing()


@dag(dag_id="trace_dag", description="appends its run id to a file: shows how often it really ran", **BY_HAND)
def trace_dag():
    @task
    def mark():
        with open(os.environ["TRACE_FILE"], "a") as file:
            file.write(get_current_context()["dag_run"].run_id + "\n")

    mark()


@dag(dag_id="tolerant_dag", description="a task fails on its second try, too, and the run is a success all the same",
     **BY_HAND)
def tolerant_dag():
    @task(retries=1, retry_delay=timedelta(seconds=0))
    def bad():
        raise ValueError("bad on every try")

    @task(trigger_rule="all_done")
    def after():
        print("runs whatever was before it")

    bad() >> after()


for make in (daily_loan_run, ok_dag, fail_dag, slow_dag, paused_dag, params_dag, required_param_dag,
             dataset_consumer_dag, dataset_both_dag, producer_dag, retry_dag, mapped_dag, skip_dag, max1_dag,
             daily_dag, odd, trace_dag, tolerant_dag):
    make()
