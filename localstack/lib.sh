# Shared by start.sh and ministack.sh, which source it. POSIX sh; needs curl.
tools=$(dirname "$here")/.tools

# pyenv's shims exist for versions that are not selected: only running one tells.
runs() { "$1" -c "import sys; sys.exit(sys.version_info[:2] != ($2))" 2>/dev/null; }

find_python() { # MAJOR MINOR
    if [ -n "${DAYSEAL_LOCALSTACK_PYTHON:-}" ]; then
        set -- "$1" "$2" "$DAYSEAL_LOCALSTACK_PYTHON"
    else
        set -- "$1" "$2" "python$1.$2" python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1.$2".*/bin/python
    fi
    version="$1, $2"
    shift 2
    for candidate; do
        if runs "$candidate" "$version"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# One venv: it is rebuilt when the pins change, and marked complete last, so a broken install is not used.
install() { # PYTHON PINS VENV
    if ! cmp -s "$2" "$3/installed.txt"; then
        echo "installing $(basename "$2" .txt) into $3" >&2
        rm -rf "$3"
        "$1" -m venv "$3"
        # The pins are complete; --no-deps because open-ended ranges pull versions that break it.
        "$3/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$2" >&2
        cp "$2" "$3/installed.txt"
    fi
}

taken() { "$python" -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2>/dev/null; }

choose_port() { # PORT, 0 for a free one
    if [ "$1" = 0 ]; then
        "$python" -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    elif taken "$1"; then
        echo "port $1 is taken: stop what listens there or give another port" >&2
        return 1
    else
        echo "$1"
    fi
}

# Nothing of the caller's AWS configuration may reach the emulator or the functions that it runs.
forget_aws() {
    for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$name"; done
}

# Waits until it is healthy and prints port= and pid=, or stops it and says why.
report() { # NAME PORT PID LOG
    tries=0
    until curl --silent --fail --max-time 2 --noproxy '*' --output /dev/null "http://127.0.0.1:$2/_localstack/health"; do
        if ! kill -0 "$3" 2>/dev/null; then
            tail -n 20 "$4" >&2
            echo "$1 ended before it was healthy; its log is $4" >&2
            return 1
        fi
        tries=$((tries + 1))
        if [ "$tries" -ge 300 ]; then
            kill "$3"
            echo "$1 was not healthy within a minute; its log is $4" >&2
            return 1
        fi
        sleep 0.2
    done
    echo "port=$2"
    echo "pid=$3"
}
