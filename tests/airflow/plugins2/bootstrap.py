"""Makes Airflow 2's schema, roles and two users in one process: the separate commands load Airflow each anew."""
from airflow.utils import db

db.initdb(load_connections=False)

from airflow.www.app import cached_app  # noqa: E402 (needs the schema)

app = cached_app()
with app.app_context():
    security = app.appbuilder.sm
    security.sync_roles()
    for name, role in (("admin", "Admin"), ("viewer", "Viewer")):
        if not security.find_user(username=name):
            mail = name + "@example.invalid"
            security.add_user(name, name, "Test", mail, security.find_role(role), password=name)
