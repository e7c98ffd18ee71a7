"""Stock Airflow 2 or 3 for tests.

  airflow.sh up VERSION           install if need be, start, return when all DAGs can be read
  airflow.sh down VERSION [wipe]  end every process; wipe: forget database, logs and runs, too
  airflow.sh env VERSION          print `export` lines with URL and credential, for eval
  airflow.sh logs VERSION         print the last lines of the logs

VERSION is 2, 3, or a full one that has a file in `locks`, such as 2.10.3; each has its own install, home and port.
Environment: MYAF_RUN_TEST_CACHE (folder for installs and homes), MYAF_RUN_TEST_PORT2, _PORT3, _PORT2_10_3 (else a free
port), MYAF_RUN_TEST_PYTHON (a Python 3.11). Linux only.
"""
import os
import shlex
import sys

sys.dont_write_bytecode = True
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from stage import install, life  # noqa: E402 (the path comes first)


def main(arguments):
    """The exit code: 0 done, 1 it could not be done, 2 wrong words."""
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    verb, version, rest = (arguments + [None, None])[0], (arguments + [None, None])[1], arguments[2:]
    if version not in life.versions() or verb not in VERBS or rest not in ([], ["wipe"] if verb == "down" else []):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        VERBS[verb](life.Airflow(version), rest)
        return 0
    except (install.InstallError, life.StartError, OSError) as error:
        print("airflow.sh: %s" % error, file=sys.stderr)
        return 1


def up(airflow, _rest):
    """Ready for tests."""
    airflow.up(lambda text: print(text, flush=True))


def down(airflow, rest):
    """Nothing of it runs any more."""
    airflow.down(wipe=rest == ["wipe"])


def env(airflow, _rest):
    """Lines for eval."""
    for name, value in airflow.variables().items():
        print("export %s=%s" % (name, shlex.quote(value)))


def logs(airflow, _rest):
    """What the programs said last."""
    print(airflow.logs(60), end="")


VERBS = {"up": up, "down": down, "env": env, "logs": logs}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
