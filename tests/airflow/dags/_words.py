"""The same words for Airflow 2 and 3; no DAG here."""
from airflow import __version__

try:
    from airflow.sdk import Asset as Dataset, Param, dag, get_current_context, task
    from airflow.sdk.exceptions import AirflowException as Trouble, AirflowFailException as FailNow, AirflowSkipException
except ImportError:
    from airflow.datasets import Dataset
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowException as Trouble, AirflowFailException as FailNow, AirflowSkipException
    from airflow.models.param import Param
    from airflow.operators.python import get_current_context

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow.operators.bash import BashOperator

__all__ = ["AirflowSkipException", "BashOperator", "Dataset", "FailNow", "Param", "Trouble", "dag", "display_name",
           "get_current_context", "task"]


def display_name(text):
    """The argument of `dag` for a name that people see; Airflow 2.8 knows none."""
    return {} if __version__.startswith("2.8.") else {"dag_display_name": text}
