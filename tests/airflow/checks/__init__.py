"""What the program promises, checked against a real Airflow.

`binary` runs the program, `witness` asks Airflow itself, `promises` holds the checks, one sentence each.
"""
