#!/bin/sh
# start.sh [PORT]: starts LocalStack without Docker on 127.0.0.1 and waits until it is healthy.
#
# PORT  0 or nothing: a free one.
# Prints two lines to stdout: port=N and pid=N. Stop it with: localstack/stop.sh PID
# The first run installs the pinned packages from PyPI into .tools/localstack-venv (about a minute).
# Only curl and a POSIX shell are needed besides.
#
# Settings, from the environment:
#   DAYSEAL_LOCALSTACK_PYTHON    the interpreter: 3.13 (LocalStack 4.14.0) or 3.11 (4.13.1)
#   DAYSEAL_SCHEDULER_SPEEDUP    EventBridge Scheduler's clock runs so many times as fast (1)
#   DAYSEAL_ALARM_SECONDS        every alarm is evaluated so often (unset: once in all its periods together)
#   LAMBDA_RETRY_BASE_DELAY      seconds before Lambda repeats a failed asynchronous invocation (60)
#   LAMBDA_KEEPALIVE_MS          a function's process ends when idle so long (600000)
#   LS_LOG                       log level (warning)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

if python=$(find_python 3 13); then
    pins=localstack-4.14.0-py313
elif python=$(find_python 3 11); then
    pins=localstack-4.13.1-py311
else
    echo "LocalStack needs Python 3.13 or 3.11: install one, or name it in DAYSEAL_LOCALSTACK_PYTHON" >&2
    exit 1
fi
venv=$tools/localstack-venv
install "$python" "$here/pins/$pins.txt" "$venv"
port=$(choose_port "${1:-0}")

run=$tools/localstack-run-$port
rm -rf "$run" # metrics of an earlier run would be read back
mkdir -p "$run/tmp"
forget_aws
# TMPDIR and FILESYSTEM_ROOT keep its files under .tools; the rest keeps it off the network.
nohup env PYTHONPATH="$here/plugin" LAMBDA_RUNTIME_EXECUTOR=process GATEWAY_LISTEN="127.0.0.1:$port" \
    TMPDIR="$run/tmp" FILESYSTEM_ROOT="$run/root" SKIP_SSL_CERT_DOWNLOAD=1 DISABLE_EVENTS=1 DNS_ADDRESS=0 \
    LS_LOG="${LS_LOG:-warning}" "$venv/bin/python" -m localstack.runtime.main \
    >"$run/log.txt" 2>&1 </dev/null &
report LocalStack "$port" $! "$run/log.txt"
