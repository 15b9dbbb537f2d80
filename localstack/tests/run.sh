#!/usr/bin/env bash
# run.sh [NAME…]: the tests of the emulators, each on one of its own. With names, as for
# `python -m unittest`, only those, on LocalStack.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
pids=()
trap 'for pid in "${pids[@]}"; do "$top/localstack/stop.sh" "$pid"; done' EXIT

run() { # SCRIPT VENV FOLDER ARGUMENT…
    local started script=$1 venv=$2 folder=$3
    shift 3
    started=$("$top/localstack/$script")
    pids+=("$(sed -n 's/^pid=//p' <<<"$started")")
    (
        cd "$folder"
        ENDPOINT=http://127.0.0.1:$(sed -n 's/^port=//p' <<<"$started") PYTHONPATH=$top/localstack/plugin \
            "$top/.tools/$venv/bin/python" -m unittest "$@"
    )
}

# A minute of the scheduler is a second here, and Lambda repeats a failed invocation at once.
export DAYSEAL_SCHEDULER_SPEEDUP=60 DAYSEAL_ALARM_SECONDS=1 LAMBDA_RETRY_BASE_DELAY=0
if [ $# -gt 0 ]; then
    run start.sh localstack-venv "$here" "$@"
else
    run start.sh localstack-venv "$here" discover
    run ministack.sh ministack-venv "$here/ministack" discover
fi
