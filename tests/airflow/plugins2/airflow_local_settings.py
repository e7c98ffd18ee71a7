"""SQLite for tests: no waiting for the disk, and patience with a locked database."""
import os

from sqlalchemy import event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "connect")
def quick_sqlite(connection, _record):
    """Called by SQLAlchemy for each new connection, also for those of the asynchronous driver."""
    if "sqlite" in type(connection).__module__ or "sqlite" in type(connection).__name__.lower():
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("PRAGMA busy_timeout=%d" % int(os.environ.get("SQLITE_BUSY_MS", "30000")))
        cursor.close()
