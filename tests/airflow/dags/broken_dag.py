"""Gives Airflow an import error to report; its DAG is never listed."""
from airflow import DAG
import a_module_that_does_not_exist

DAG("broken_dag", params=a_module_that_does_not_exist.PARAMS)
