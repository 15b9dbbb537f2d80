#!/usr/bin/env bash
# run.sh [NAME…]: the tests of the plugin, on a LocalStack of their own; names as for `python -m unittest`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")

# A minute of the scheduler is a second here, and Lambda repeats a failed invocation at once.
started=$(DAYSEAL_SCHEDULER_SPEEDUP=60 DAYSEAL_ALARM_SECONDS=1 LAMBDA_RETRY_BASE_DELAY=0 "$top/localstack/start.sh")
port=$(sed -n 's/^port=//p' <<<"$started")
pid=$(sed -n 's/^pid=//p' <<<"$started")
trap '"$top/localstack/stop.sh" "$pid"' EXIT

cd "$here"
if [ $# -eq 0 ]; then set -- discover; fi
ENDPOINT=http://127.0.0.1:$port PYTHONPATH=$top/localstack/plugin \
    "$top/.tools/localstack-venv/bin/python" -m unittest "$@"
