"""Copies a folder's files anew, without their modes: a read-only clone must not make a read-only copy."""
import os


def copy_folder(source, target):
    """Every file below `source` comes to `target`, except what Python left in `__pycache__`."""
    os.makedirs(target, exist_ok=True)
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if os.path.isfile(path):
            copy_file(path, target)
        elif name != "__pycache__":
            copy_folder(path, os.path.join(target, name))


def copy_file(path, folder):
    """One file's bytes, under the same name; gives the new path."""
    new = os.path.join(folder, os.path.basename(path))
    with open(path, "rb") as old, open(new, "wb") as copy:
        copy.write(old.read())
    return new
