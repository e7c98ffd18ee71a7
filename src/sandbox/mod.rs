//! An imitation of Airflow 2 and 3 for trials and tests.
