"""Everything an Airflow is told by its environment: small, quick and steady enough for tests on two cores.

`settings(major, venv, home, port)` gives the variables that both share plus those of Airflow 2 or 3.
"""
import os

API_KEYS = {"key-admin": "admin", "key-viewer": "viewer"}
"""Airflow 2: the keys our `Token` backend knows, and whose they are."""

USERS = {"admin": "ADMIN", "viewer": "VIEWER", "__datacoves_token__": "ADMIN"}
"""Airflow 3: the users and their roles; a password is the name, but for `__datacoves_token__`."""

PASSWORDS = {"admin": "admin", "viewer": "viewer", "__datacoves_token__": "key-admin"}

GENERATED_DAGS = 249
"""Small DAGs made for paging."""

ALL_DAGS = 277
"""How many DAGs a ready Airflow lists, generated ones included."""


def settings(major, venv, home, port):
    """The whole environment for the programs of one Airflow."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "PYTHON", "_AIRFLOW"))}
    env.update(shared(venv, home))
    env.update(airflow2(home, port) if major == "2" else airflow3(home, port))
    return env


def shared(venv, home):
    """What both versions are told."""
    return {
        "AIRFLOW_HOME": home,
        "PATH": os.path.join(venv, "bin") + os.pathsep + os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.path.join(home, "plugins"),
        "PYTHONWARNINGS": "ignore",
        "NO_PROXY": "*",
        "GENERATED_DAGS": str(GENERATED_DAGS),
        "TRACE_FILE": os.path.join(home, "trace.txt"),
        "AIRFLOW__CORE__DAGS_FOLDER": os.path.join(home, "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": os.path.join(home, "no-plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        # Base64 of 32 digits: made for tests, hides nothing.
        "AIRFLOW__CORE__FERNET_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:///%s?timeout=60" % database(home),
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # LocalExecutor on SQLite: Airflow refuses it, but with the write-ahead log it works and is far quicker.
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
    }


def airflow2(home, port):
    """Web server and scheduler of Airflow 2."""
    return {
        "API_KEYS": ",".join("%s:%s" % pair for pair in API_KEYS.items()),
        "SQLITE_BUSY_MS": "30000",
        "AIRFLOW__API__AUTH_BACKENDS":
            "token_auth,airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session",
        "AIRFLOW__WEBSERVER__SECRET_KEY": "made-for-tests",
        # Several, so that a question can overtake a POST that is still being worked on.
        "AIRFLOW__WEBSERVER__WORKERS": "4",
        "AIRFLOW__WEBSERVER__WORKER_REFRESH_INTERVAL": "0",
        "AIRFLOW__WEBSERVER__UPDATE_FAB_PERMS": "False",
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(port),
        "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "AIRFLOW__WEBSERVER__BASE_URL": "http://127.0.0.1:%d" % port,
        "AIRFLOW__SCHEDULER__PARSING_PROCESSES": "1",
        "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "60",
        "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "600",
        "AIRFLOW__SCHEDULER__SCHEDULE_AFTER_TASK_EXECUTION": "False",
    }


def airflow3(home, port):
    """API server, scheduler and DAG processor of Airflow 3."""
    url = "http://127.0.0.1:%d" % port
    return {
        # The scheduler and the DAG processor wait for a lock; the API server is started with less, see life.start_all.
        "SQLITE_BUSY_MS": "60000",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join("%s:%s" % pair for pair in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": os.path.join(home, "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": url + "/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": "made-for-tests-and-long-enough-for-hs512-" + "a" * 32,
        "AIRFLOW__API_AUTH__JWT_SECRET": "made-for-tests-and-long-enough-for-hs512-" + "b" * 32,
        # A task outlives a restart of the API server.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "60",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MIN": "0.5",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "2",
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "5",
    }


def database(home):
    """The SQLite file."""
    return os.path.join(home, "airflow.db")
