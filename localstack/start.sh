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
tools=$(dirname "$here")/.tools
port=${1:-0}

# pyenv's shims exist for versions that are not selected: only running one tells.
runs() { "$1" -c "import sys; sys.exit(sys.version_info[:2] != ($2))" 2>/dev/null; }

find_python() { # MAJOR MINOR
    for candidate in "${DAYSEAL_LOCALSTACK_PYTHON:-}" "python$1.$2" python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1.$2".*/bin/python; do
        if [ -n "$candidate" ] && runs "$candidate" "$1, $2"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

if python=$(find_python 3 13); then
    pins=localstack-4.14.0-py313
elif python=$(find_python 3 11); then
    pins=localstack-4.13.1-py311
else
    echo "LocalStack needs Python 3.13 or 3.11: install one, or name it in DAYSEAL_LOCALSTACK_PYTHON" >&2
    exit 1
fi

# One venv: it is rebuilt when the pins change, and marked complete last, so a broken install is not used.
venv=$tools/localstack-venv
if ! cmp -s "$here/pins/$pins.txt" "$venv/installed.txt"; then
    echo "installing $pins into $venv" >&2
    rm -rf "$venv"
    "$python" -m venv "$venv"
    # The pins are complete; --no-deps because LocalStack's own open-ended ranges pull versions that break it.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/pins/$pins.txt" >&2
    cp "$here/pins/$pins.txt" "$venv/installed.txt"
fi

taken() { "$venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2>/dev/null; }
if [ "$port" = 0 ]; then
    port=$("$venv/bin/python" -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
elif taken "$port"; then
    echo "port $port is taken: stop what listens there or give another port" >&2
    exit 1
fi

run=$tools/localstack-run-$port
rm -rf "$run" # metrics of an earlier run would be read back
mkdir -p "$run/tmp"
# Nothing of the caller's AWS configuration may reach the emulator or the functions that it runs.
for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
# TMPDIR and FILESYSTEM_ROOT keep its files under .tools; the rest keeps it off the network.
nohup env PYTHONPATH="$here/plugin" LAMBDA_RUNTIME_EXECUTOR=process GATEWAY_LISTEN="127.0.0.1:$port" \
    TMPDIR="$run/tmp" FILESYSTEM_ROOT="$run/root" SKIP_SSL_CERT_DOWNLOAD=1 DISABLE_EVENTS=1 DNS_ADDRESS=0 \
    LS_LOG="${LS_LOG:-warning}" "$venv/bin/python" -m localstack.runtime.main \
    >"$run/log.txt" 2>&1 </dev/null &
pid=$!

tries=0
until curl --silent --fail --max-time 2 --noproxy '*' --output /dev/null "http://127.0.0.1:$port/_localstack/health"; do
    if ! kill -0 "$pid" 2>/dev/null; then
        tail -n 20 "$run/log.txt" >&2
        echo "LocalStack ended before it was healthy; its log is $run/log.txt" >&2
        exit 1
    fi
    tries=$((tries + 1))
    if [ "$tries" -ge 300 ]; then
        kill "$pid"
        echo "LocalStack was not healthy within a minute; its log is $run/log.txt" >&2
        exit 1
    fi
    sleep 0.2
done
echo "port=$port"
echo "pid=$pid"
