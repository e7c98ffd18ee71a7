"""The three DAGs that fail in many ways (for Airflow 2 and 3)."""
import json
import logging
import os
import signal
import sys
import time
from datetime import datetime, timedelta

sys.path.insert(0, os.path.dirname(__file__))
from _words import BashOperator, FailNow, Trouble, dag, get_current_context, task  # noqa: E402

BY_HAND = {"schedule": None, "start_date": datetime(2026, 1, 1), "catchup": False}


def read(text):
    """A function of the author's between the task and a library."""
    return json.loads(text)


def chatty():
    for number in range(60):
        print("line", number)
    raise ValueError("the reason")


def context():
    try:
        read("{broken")
    except ValueError:
        raise KeyError("no such loan")


def cause():
    try:
        read("{broken")
    except ValueError as error:
        raise RuntimeError("the file of the loans can't be read\nit came from the bank") from error


def group():
    wrong = []
    for loan in (1, 2):
        try:
            raise ValueError("loan %d is broken" % loan)
        except ValueError as error:
            wrong.append(error)
    raise ExceptionGroup("two loans are broken", wrong)


def syntax():
    compile("select = (1,\nfrom loans", "loans.py", "exec")


def airflow():
    raise Trouble("the bank has not delivered")


def fail_now():
    raise FailNow("no retry will help")


def exits():
    print("no rows came")
    sys.exit(3)


def exits_with_words():
    sys.exit("no rows came")


def killed():
    print("about to be killed", flush=True)
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps():
    time.sleep(60)


def colours():
    print("\x1b[31mred\x1b[0m and \x1b]0;title\x07 and \x1b[2J")
    raise ValueError("\x1b[31mred\x1b[0m reason\x1b[2J")


def empty():
    raise RuntimeError


def caught():
    try:
        read("{broken")
    except ValueError:
        logging.getLogger("loans").exception("a file is left out")
    print("going on")
    raise ValueError("the reason")


def fields():
    try:
        import structlog
        structlog.get_logger("loans").info("loaded", rows=5, path="s3://bucket/raw", names=["a", "b"], none=None)
    except ImportError:
        print("loaded rows=5 path=s3://bucket/raw")
    raise ValueError("the reason")


WAYS = {way.__name__: way for way in (chatty, context, cause, group, syntax, airflow, fail_now, exits, exits_with_words,
                                      killed, sleeps, colours, empty, caught, fields)}


@dag(dag_id="way_dag", description="fails in the way of conf.way", **BY_HAND)
def way_dag():
    @task(execution_timeout=timedelta(seconds=5))
    def bad():
        WAYS[(get_current_context()["dag_run"].conf or {}).get("way", "chatty")]()

    bad()


@dag(dag_id="bash_dag", description="a command fails", **BY_HAND)
def bash_dag():
    BashOperator(task_id="bad", bash_command="echo 'loading'; echo 'psql: relation loans does not exist' >&2; exit 3")


@dag(dag_id="many_dag", description="eight tasks and three mapped ones fail", **BY_HAND)
def many_dag():
    @task
    def bad(number):
        raise ValueError("task number %d is broken" % number)

    for number in range(8):
        bad.override(task_id="bad_%d" % number)(number)
    bad.override(task_id="each").expand(number=[10, 20, 30])


for make in (way_dag, bash_dag, many_dag):
    make()
