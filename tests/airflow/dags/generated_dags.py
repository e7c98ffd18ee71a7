"""Many small DAGs, so that a list of them has several pages. Every second one is paused.

Airflow reads only files in which both words, dag and airflow, occur.
"""
import os
import sys
from datetime import datetime

sys.path.insert(0, os.path.dirname(__file__))
from _words import dag, task  # noqa: E402

for number in range(int(os.environ["GENERATED_DAGS"])):

    @dag(dag_id=f"gen_{number:03d}", schedule=None, start_date=datetime(2026, 1, 1), catchup=False,
         tags=["gen", f"mod{number % 5}"], is_paused_upon_creation=bool(number % 2))
    def generated():
        @task
        def nothing():
            print("ran")

        nothing()

    generated()
