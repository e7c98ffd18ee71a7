"""Makes the virtual environment of one Airflow version from its lock file.

In: the lock file. Out: the folder of a complete environment. A folder counts as complete only when its stamp, written
last, holds the lock's hash; anything else is removed and made again. Two installers at a time wait for one another.
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

STAMP = "complete"
WANTED = (3, 11)
ASK_VERSION = "import sys; print(*sys.version_info[:2])"


class InstallError(Exception):
    """The environment could not be made; the text says what is missing."""


def cache_folder():
    """Where environments and Airflow homes live; kept between runs."""
    chosen = os.environ.get("MYAF_RUN_TEST_CACHE")
    if chosen:
        return os.path.abspath(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "myaf-run-tests")


def environment(version, lock_file, say):
    """The folder of a complete environment for this lock, installed now if need be."""
    with open(lock_file, "rb") as lock:
        digest = hashlib.sha256(lock.read()).hexdigest()
    folder = os.path.join(cache_folder(), "venv%s-%s" % (version, digest[:12]))
    os.makedirs(cache_folder(), exist_ok=True)
    with open(folder + ".lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not is_complete(folder, digest):
            say("installing Airflow %s into %s" % (version, folder))
            install(folder, lock_file, digest, guard)
    return folder


def is_complete(folder, digest):
    """True when the stamp fits and the environment's Python still starts."""
    try:
        with open(os.path.join(folder, STAMP)) as stamp:
            if stamp.read().strip() != digest:
                return False
        return subprocess.run([os.path.join(folder, "bin", "python"), "-c", ""], timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install(folder, lock_file, digest, guard):
    """Makes the environment anew; the stamp comes last. The children hold the guard, too: none outlives it."""
    python = find_python()
    shutil.rmtree(folder, ignore_errors=True)
    log_path = folder + ".log"
    with open(log_path, "w") as log:
        call([python, "-m", "venv", folder], log, guard,
             "`%s -m venv` failed; on Debian and Ubuntu the package python3.11-venv is needed" % python)
        pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        call(pip + ["install", "-r", lock_file], log, guard, "pip could not install %s" % lock_file)
        call(pip + ["check"], log, guard, "the installed packages do not fit together")
    with open(os.path.join(folder, STAMP), "w") as stamp:
        stamp.write(digest + "\n")


def call(command, log, guard, complaint):
    """Runs a command with its output in the log; a failure shows the log's last lines."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                          pass_fds=(guard.fileno(),))
    if done.returncode != 0:
        raise InstallError("%s\n%s" % (complaint, tail(log.name, 30)))


def tail(path, count):
    """The last lines of a text file, each indented; nothing when there is no such file."""
    try:
        with open(path, errors="replace") as file:
            return "".join("  | " + line.rstrip("\n") + "\n" for line in file.readlines()[-count:])
    except OSError:
        return ""


def find_python():
    """A Python 3.11: the locks hold the versions that were resolved for it."""
    for name in (os.environ.get("MYAF_RUN_TEST_PYTHON"), sys.executable, "python3.11", "python3"):
        path = name and shutil.which(name)
        if path and python_version(path) == WANTED:
            return path
    raise InstallError(
        "Python 3.11 is missing: neither python3.11 is on the PATH nor is python3 that version (it is %d.%d).\n"
        "Install python3.11 with its venv module, or name one by MYAF_RUN_TEST_PYTHON." % sys.version_info[:2])


def python_version(path):
    """The first two numbers of an interpreter's version, None when it does not start."""
    try:
        answer = subprocess.run([path, "-c", ASK_VERSION], stdout=subprocess.PIPE, timeout=60)
        return tuple(int(part) for part in answer.stdout.split()) if answer.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
