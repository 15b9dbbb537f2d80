#!/bin/sh
# ministack.sh [PORT]: starts MiniStack on 127.0.0.1, with authorization on, and waits until it is healthy.
#
# PORT  0 or nothing: a free one.
# Prints two lines to stdout: port=N and pid=N. Stop it with: localstack/stop.sh PID
# The first run installs the pinned packages from PyPI into .tools/ministack-venv.
#
# Signatures, role sessions, identity, bucket and key policies are enforced, save for the root key
# test/test (LIMITS.md). Functions run their own bootstrap, under their role. Condition keys that MiniStack
# leaves empty are filled in by plugin/dayseal_ministack.py.
#
# Settings, from the environment:
#   DAYSEAL_LOCALSTACK_PYTHON        the interpreter: 3.11 or 3.13
#   LAMBDA_ASYNC_RETRY_BASE_SECONDS  seconds before it repeats a failed asynchronous invocation (1)
#   LOG_LEVEL                        log level (WARNING)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

python=$(find_python 3 13) || python=$(find_python 3 11) || {
    echo "MiniStack needs Python 3.13 or 3.11: install one, or name it in DAYSEAL_LOCALSTACK_PYTHON" >&2
    exit 1
}
venv=$tools/ministack-venv
install "$python" "$here/pins/ministack-1.5.33.txt" "$venv"
port=$(choose_port "${1:-0}")

run=$tools/ministack-run-$port
rm -rf "$run"
mkdir -p "$run"
forget_aws
nohup env AUTH=true BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" AWS_ENDPOINT_URL="http://127.0.0.1:$port" \
    TMPDIR="$run" S3_DATA_DIR="$run/s3" STATE_DIR="$run/state" IOT_MTLS_ENABLED=0 LOG_LEVEL="${LOG_LEVEL:-WARNING}" \
    "$venv/bin/python" "$here/plugin/dayseal_ministack.py" >"$run/log.txt" 2>&1 </dev/null &
report MiniStack "$port" $! "$run/log.txt"
