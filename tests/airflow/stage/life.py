"""One Airflow on SQLite: `up` makes it ready for tests, `down` ends every process it started.

Each clone has its own Airflow home, so that two clones do not meet; the environments are shared. A home whose database
was not finished is made anew.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import time

from stage import api, files, install, processes, settings

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOCKS = os.path.join(HERE, "locks")
PROGRAMS = {"2": ("webserver", "scheduler"), "3": ("api-server", "scheduler", "dag-processor")}
READY_WITHIN = 300.0
BOOTSTRAPPED = "bootstrapped"


class StartError(Exception):
    """Airflow did not become ready; the text holds the last lines of its logs."""


def versions():
    """Every version that there is a lock for: `2` and `3`, the recorded ones, and full ones such as `2.10.3`."""
    return sorted(name[len("airflow"):-len(".txt")] for name in os.listdir(LOCKS))


class Airflow:
    """A stock Airflow of one version, up or down. `major` is `2` or `3`, `version` may be longer."""

    def __init__(self, version):
        clone = hashlib.sha256(HERE.encode()).hexdigest()[:8]
        self.version, self.major = version, version.partition(".")[0]
        self.home = os.path.join(install.cache_folder(), "home%s-%s" % (version, clone))
        self.run = os.path.join(self.home, "run")
        self.lock = os.path.join(LOCKS, "airflow%s.txt" % version)
        self.programs = PROGRAMS[self.major]
        self.given_up = False

    @property
    def number(self):
        """The full version as numbers, `(2, 10, 3)`: what the lock holds."""
        with open(self.lock) as file:
            pins = dict(line.strip().split("==") for line in file if "==" in line)
        return tuple(int(part) for part in pins["apache-airflow"].split("."))

    @property
    def port(self):
        """The port it serves on, as noted when it was started."""
        try:
            with open(os.path.join(self.home, "port")) as file:
                return int(file.read())
        except (OSError, ValueError):
            raise StartError("Airflow %s is not up" % self.version) from None

    @property
    def root(self):
        """The server's URL without the API's path."""
        return "http://127.0.0.1:%d" % self.port

    @property
    def url(self):
        """The API's URL, without a slash at the end."""
        return self.root + ("/api/v1" if self.major == "2" else "/api/v2")

    def headers(self):
        """Authorization of the admin, by the way each version has."""
        if self.major == "2":
            return {"Authorization": "Token key-admin"}
        return {"Authorization": "Bearer " + api.token(self.root, "admin", settings.PASSWORDS["admin"])}

    def up(self, say):
        """Installs if need be, starts what is not running, and returns when all DAGs can be read."""
        venv = install.environment(self.version, self.lock, say)
        with self.guard():
            if self.is_running():
                return say("Airflow %s is already up at %s" % (self.version, self.url))
            began = time.monotonic()
            self.stop_all()
            for attempt in (1, 2):
                try:
                    self.start_all(venv)
                    break
                except StartError as error:
                    self.stop_all()
                    if attempt == 2 or "in use" not in str(error).lower():
                        raise
            say("Airflow %s is up at %s after %.0f s" % (self.version, self.url, time.monotonic() - began))

    def down(self, wipe=False):
        """Ends every process; with `wipe` the home goes, too."""
        with self.guard():
            self.stop_all()
            if wipe:
                shutil.rmtree(self.home, ignore_errors=True)

    def restart_server(self, say):
        """Ends the program that answers and starts it again at the same port; returns when it answers."""
        venv, name = install.environment(self.version, self.lock, say), self.programs[0]
        with self.guard():
            env = settings.settings(self.major, venv, self.home, self.port)
            processes.stop(self.run, (name,))
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(self.home, "airflow-webserver.pid"))
            (arguments, extra), = [rest for first, *rest in self.commands(env, self.port) if first == name]
            command = [os.path.join(venv, "bin", "airflow")] + arguments
            self.wait_until_ready([processes.start(command, dict(env, **extra), self.run, name)])

    @contextlib.contextmanager
    def without_scheduler(self, say):
        """Ends the scheduler, and starts it again afterwards; returns when it works."""
        venv = install.environment(self.version, self.lock, say)
        env = settings.settings(self.major, venv, self.home, self.port)
        processes.stop(self.run, ("scheduler",))
        try:
            yield
        finally:
            arguments, = [rest[0] for first, *rest in self.commands(env, self.port) if first == "scheduler"]
            command = [os.path.join(venv, "bin", "airflow")] + arguments
            self.wait_until_ready([processes.start(command, env, self.run, "scheduler")])

    def give_up(self):
        """Ends an `up` that is still waiting in another thread."""
        self.given_up = True

    def is_running(self):
        """True when each program still runs."""
        return all(processes.is_alive(self.run, name) for name in self.programs)

    def logs(self, count):
        """The last lines of each log of the newest start."""
        names = ("bootstrap",) + self.programs
        parts = [(name, install.tail(os.path.join(self.run, name + ".log"), count)) for name in names]
        return "".join("%s.log:\n%s" % part for part in parts if part[1])

    def keep_logs(self):
        """Copies the logs to a folder that `down wipe` leaves alone; gives the folder."""
        kept = self.home + "-logs"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.run, kept, ignore=lambda _, names: [name for name in names if not name.endswith(".log")])
        return kept

    def variables(self):
        """The credentials of the admin, in the words that myaf-run reads."""
        found = {"MY_AIRFLOW_API_URL": self.url}
        if self.major == "2":
            found["MY_AIRFLOW_API_KEY"] = "key-admin"
        else:
            found["MY_AIRFLOW_API_TOKEN"] = self.headers()["Authorization"].split()[1]
        return found

    @contextlib.contextmanager
    def guard(self):
        """One `up` or `down` at a time for this home."""
        os.makedirs(install.cache_folder(), exist_ok=True)
        with open(self.home + ".lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def stop_all(self):
        """Ends what runs."""
        processes.stop(self.run, self.programs)

    def start_all(self, venv):
        """Prepares the home, starts the programs and waits until they are of use."""
        if not os.path.exists(os.path.join(self.home, BOOTSTRAPPED)):
            shutil.rmtree(self.home, ignore_errors=True)
        os.makedirs(self.run, exist_ok=True)
        for name in self.programs:
            with contextlib.suppress(FileNotFoundError):
                os.replace(os.path.join(self.run, name + ".log"), os.path.join(self.run, name + ".before.log"))
        port = choose_port(self.version)
        with open(os.path.join(self.home, "port"), "w") as file:
            file.write(str(port))
        env = settings.settings(self.major, venv, self.home, port)
        self.copy_files()
        self.bootstrap(venv, env)
        started = [processes.start([os.path.join(venv, "bin", "airflow")] + arguments, dict(env, **extra), self.run, name)
                   for name, arguments, extra in self.commands(env, port)]
        self.wait_until_ready(started)

    def commands(self, env, port):
        """(name, arguments, further environment) of each program."""
        where = ["--port", str(port)]
        scheduler = ("scheduler", ["scheduler", "--skip-serve-logs"], {})
        if self.major == "2":
            web = ["webserver"] + where + ["--hostname", "127.0.0.1", "--workers", env["AIRFLOW__WEBSERVER__WORKERS"]]
            return [("webserver", web, {}), scheduler]
        server = ["api-server"] + where + ["--host", "127.0.0.1", "--workers", "1"]
        # A request that meets a locked database is answered 500 after 5 s and does not hold up all others for a minute.
        return [("api-server", server, {"SQLITE_BUSY_MS": "5000"}), scheduler, ("dag-processor", ["dag-processor"], {})]

    def copy_files(self):
        """DAGs, plugins and users go into the home, so that Airflow writes nothing into the clone."""
        for source, name in (("dags", "dags"), ("plugins" + self.major, "plugins")):
            target = os.path.join(self.home, name)
            shutil.rmtree(target, ignore_errors=True)
            files.copy_folder(os.path.join(HERE, source), target)
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(self.home, "airflow-webserver.pid"))
        if self.major == "2":
            config = "AUTH_TYPE = 1\nWTF_CSRF_ENABLED = True\nAUTH_ROLE_PUBLIC = None\n"
            path = os.path.join(self.home, "webserver_config.py")
        else:
            config, path = json.dumps(settings.PASSWORDS), os.path.join(self.home, "passwords.json")
        with open(path, "w") as file:
            file.write(config)

    def bootstrap(self, venv, env):
        """Makes the database and the users, once for each home."""
        done = os.path.join(self.home, BOOTSTRAPPED)
        if os.path.exists(done):
            return
        connection = sqlite3.connect(settings.database(self.home))
        connection.execute("pragma journal_mode=wal")
        connection.close()
        python = os.path.join(venv, "bin", "python")
        command = ([python, os.path.join(self.home, "plugins", "bootstrap.py")] if self.major == "2"
                   else [os.path.join(venv, "bin", "airflow"), "db", "migrate"])
        with open(os.path.join(self.run, "bootstrap.log"), "w") as log:
            code = subprocess.run(command, env=env, cwd=self.run, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT).returncode
        if code != 0:
            raise StartError("the database of Airflow %s could not be made\n%s" % (self.version, self.logs(30)))
        with open(done, "w"):
            pass

    def wait_until_ready(self, started):
        """Healthy, and every DAG is listed; a program that ends meanwhile ends the wait."""
        deadline = time.monotonic() + READY_WITHIN
        while not self.is_ready():
            ended = [process for process in started if process.poll() is not None]
            if ended or self.given_up or time.monotonic() > deadline:
                why = "a program of Airflow %s ended" if ended else "Airflow %s was not ready in time"
                raise StartError("%s\n%s" % (why % self.version, self.logs(30)))
            time.sleep(0.25)

    def is_ready(self):
        """One look, without waiting."""
        health = self.url + ("/health" if self.major == "2" else "/monitor/health")
        parts = ("scheduler",) if self.major == "2" else ("scheduler", "dag_processor")
        try:
            status, answer = api.ask(health, timeout=5)
            if status != 200 or any(answer[part]["status"] != "healthy" for part in parts):
                return False
            status, answer = api.ask(self.url + "/dags?limit=1", self.headers(), timeout=10)
            return status == 200 and answer["total_entries"] >= settings.ALL_DAGS
        except (OSError, ValueError, KeyError, TypeError):
            return False


def choose_port(version):
    """The port of the environment, else a free one below those that outgoing connections take."""
    wanted = os.environ.get("MYAF_RUN_TEST_PORT%s" % version.replace(".", "_"))
    if wanted:
        return int(wanted)
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
