#!/usr/bin/env bash
# Starts and stops stock Airflow 2 and 3 for the tests; `airflow.sh --help` says how.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v python3 >/dev/null || { echo "airflow.sh: python3 is missing" >&2; exit 1; }
exec python3 "$here/stage/main.py" "$@"
