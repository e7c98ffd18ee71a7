"""Runs the program as a user would: in a git repository with an `.env` beside or near the playbooks.

Its environment is empty but for what a check gives, so nothing of the machine's own settings leaks in.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile

from stage.files import copy_file, copy_folder

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SEED = os.path.join(os.path.dirname(os.path.dirname(HERE)), "examples", "seed.yaml")
PATIENCE = 300


class Outcome:
    """What a finished run of the program left: `code`, `stdout`, `stderr`, and its report when stdout is one."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def report(self):
        """The report object of `--output json`."""
        return json.loads(self.stdout)

    def step(self, name):
        """The record of the step with this id."""
        found = [step for step in self.report["steps"] if step.get("id") == name]
        if len(found) != 1:
            raise AssertionError("the report has %d steps with the id %s\n%s" % (len(found), name, self))
        return found[0]

    def __str__(self):
        return "exit code %s\nstdout:\n%s\nstderr:\n%s" % (self.code, self.stdout[-3000:], self.stderr[-3000:])


class Repository:
    """A git repository of a user, made in a temporary folder: `orchestrate/.env` and all playbooks beside it."""

    def __init__(self, binary, variables):
        self.binary = os.path.abspath(binary)
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="myaf-run-suite-"))
        self.orchestrate = os.path.join(self.root, "orchestrate")
        os.makedirs(os.path.join(self.root, ".git", "objects"))
        os.makedirs(os.path.join(self.root, ".git", "refs"))
        with open(os.path.join(self.root, ".git", "HEAD"), "w") as head:
            head.write("ref: refs/heads/main\n")
        copy_folder(os.path.join(HERE, "playbooks"), self.orchestrate)
        if os.path.exists(SEED):
            copy_file(SEED, self.orchestrate)
        self.configure(variables)

    def configure(self, variables):
        """Writes the `.env` in the form that Datacoves documents: spaces round `=`, double quotes."""
        path = os.path.join(self.orchestrate, ".env")
        with open(path, "w") as file:
            os.chmod(path, 0o600)
            file.writelines('%s = "%s"\n' % pair for pair in variables.items())

    def remove(self):
        """Takes the folder away."""
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self, playbook, *options, env=None, cwd=None):
        """Starts the program without a terminal and does not wait for it."""
        path = playbook if os.path.isabs(playbook) else os.path.join(self.orchestrate, playbook)
        if env is None:
            env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": self.root}
        return subprocess.Popen([self.binary, *options, path], env=env, cwd=cwd or self.root, text=True,
                                errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True)

    def run(self, playbook, *options, **where):
        """Runs the program to its end."""
        return finish(self.start(playbook, *options, **where))


def finish(process, interrupt=False, patience=PATIENCE):
    """Waits for the end, after a SIGINT if wanted; a program that hangs is killed and that is its outcome."""
    if interrupt:
        process.send_signal(signal.SIGINT)
    try:
        stdout, stderr = process.communicate(timeout=patience)
        return Outcome(process.returncode, stdout, stderr)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
        return Outcome("none: killed after %d s" % patience, stdout, stderr)


def inputs(**values):
    """`-e name=value` for each."""
    return [word for name, value in values.items() for word in ("-e", "%s=%s" % (name, value))]
