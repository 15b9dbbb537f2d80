#!/bin/sh
# stop.sh PID: stops what start.sh or ministack.sh printed, by its pid only, and waits until it is gone.
set -eu

pid=${1:?usage: stop.sh PID}
# A pid is reused once its process is gone: kill only what is ours.
case $(ps -o args= -p "$pid" 2>/dev/null || true) in
*localstack.runtime.main* | */plugin/dayseal_ministack.py*) ;;
*)
    echo "process $pid is neither LocalStack nor MiniStack: nothing stopped" >&2
    exit 1
    ;;
esac
kill "$pid"
tries=0
while kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
        kill -9 "$pid" # it keeps nothing that matters
        exit 0
    fi
    sleep 0.1
done
