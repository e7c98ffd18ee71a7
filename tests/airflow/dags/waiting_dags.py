"""DAGs whose runs don't get on, each for another reason (for Airflow 2 and 3)."""
import os
import sys
import time
from datetime import datetime, timedelta

sys.path.insert(0, os.path.dirname(__file__))
from _words import dag, get_current_context, task  # noqa: E402

try:
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
    from airflow.sdk import BaseOperator, BaseSensorOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator
    from airflow.sensors.base import BaseSensorOperator
    from airflow.triggers.temporal import TimeDeltaTrigger

BY_HAND = {"schedule": None, "start_date": datetime(2026, 1, 1), "catchup": False}


def conf():
    """What the run was given."""
    return get_current_context()["dag_run"].conf or {}


@dag(dag_id="two_step_dag", description="sleeps for conf.seconds, then a second task", **BY_HAND)
def two_step_dag():
    @task
    def first():
        time.sleep(float(conf().get("seconds", 0)))
        if conf().get("fail"):
            raise ValueError("it was asked to fail")

    @task
    def second():
        print("second")

    first() >> second()


@dag(dag_id="one_run_dag", description="sleeps for conf.seconds; one run at a time", max_active_runs=1, **BY_HAND)
def one_run_dag():
    @task
    def sleep():
        time.sleep(float(conf().get("seconds", 0)))

    sleep()


@dag(dag_id="long_retry_dag", description="its task is tried again in an hour", **BY_HAND)
def long_retry_dag():
    @task(retries=3, retry_delay=timedelta(hours=1))
    def flaky():
        raise RuntimeError("try again in an hour")

    flaky()


@dag(dag_id="starved_dag", description="its pool `no_slots` has no slot", **BY_HAND)
def starved_dag():
    @task(pool="no_slots")
    def hungry():
        print("got a slot")

    hungry()


class Never(BaseSensorOperator):
    """Looks again in an hour."""

    def poke(self, context):
        return False


@dag(dag_id="sensor_dag", description="a sensor looks again in an hour", **BY_HAND)
def sensor_dag():
    Never(task_id="look", mode="reschedule", poke_interval=3600, timeout=86400)


class Later(BaseOperator):
    """Waits outside of any worker, for conf.seconds."""

    def execute(self, context):
        seconds = float((context["dag_run"].conf or {}).get("seconds", 3600))
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=seconds)), method_name="resumed")

    def resumed(self, context, event=None):
        return "woke up"


@dag(dag_id="deferred_dag", description="its task is deferred for conf.seconds", **BY_HAND)
def deferred_dag():
    Later(task_id="later")


@dag(dag_id="flag_dag", description="fails until the file conf.flag is there", **BY_HAND)
def flag_dag():
    @task
    def look():
        if not os.path.exists(conf().get("flag", "/nonexistent")):
            raise RuntimeError("the flag is missing")

    look()


for make in (two_step_dag, one_run_dag, long_retry_dag, starved_dag, sensor_dag, deferred_dag, flag_dag):
    make()
