"""Stock Airflow 2 and 3 on SQLite, for tests: install, settings, processes, life.

Standard library only, so that it runs with any Python from 3.8 on; Airflow itself gets its own Python 3.11.
"""
