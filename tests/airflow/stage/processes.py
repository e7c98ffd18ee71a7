"""Starts programs as leaders of their own process session and ends whole sessions.

Airflow's children leave their process group, so a group kill would miss some; they never leave the session. A session
is known by its leader's pid, that process's start time and the machine's boot, so a stale note ends nobody else's work.
Linux only: it reads /proc.
"""
import contextlib
import json
import os
import signal
import subprocess
import time


def start(command, env, folder, name):
    """Starts a program in `folder` with its output in `name`.log and notes its session in `name`.json."""
    with open(os.path.join(folder, name + ".log"), "ab") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    note = {"pid": process.pid, "started": start_time(process.pid), "boot": boot_id()}
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(note, file)
    return process


def is_alive(folder, name):
    """True while the noted leader itself runs."""
    note = read_note(folder, name)
    return bool(note) and start_time(note["pid"]) == note["started"]


def stop(folder, names, patience=6.0):
    """Ends every process of the noted sessions: asks all first, insists after `patience` seconds."""
    notes = [note for note in (read_note(folder, name) for name in names) if note]
    send(notes, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while living(notes) and time.monotonic() < deadline:
        time.sleep(0.1)
    while living(notes):
        send(notes, signal.SIGKILL)
        time.sleep(0.05)
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, name + ".json"))


def living(notes):
    """The pids of all these sessions."""
    return [pid for note in notes for pid in members(note)]


def read_note(folder, name):
    """The noted session, None when there is none or it is from before a reboot."""
    try:
        with open(os.path.join(folder, name + ".json")) as file:
            note = json.load(file)
    except (OSError, ValueError):
        return None
    return note if note["boot"] == boot_id() else None


def members(note):
    """The living pids of a session; none when its leader's pid now belongs to another program."""
    leader = start_time(note["pid"])
    if leader is not None and leader != note["started"]:
        return []
    found = []
    for entry in os.listdir("/proc"):
        fields = stat(entry) if entry.isdigit() else None
        if fields and int(fields[3]) == note["pid"] and fields[0] not in "ZX":
            found.append(int(entry))
    return found


def send(notes, number):
    """Signals each process that is still there."""
    for pid in living(notes):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def start_time(pid):
    """When a process started, in clock ticks since boot; None when it is gone or only waits to be reaped."""
    fields = stat(pid)
    return fields[19] if fields and fields[0] not in "ZX" else None


def stat(pid):
    """The fields of /proc/PID/stat from the state on (state, parent, group, session, …)."""
    try:
        with open("/proc/%s/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def boot_id():
    """Differs after each boot."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
