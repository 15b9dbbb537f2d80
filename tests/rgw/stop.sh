#!/usr/bin/env bash
# stop.sh PID: stops the Ceph RGW that start.sh printed, with its monitor and OSD, each by its pid.
# (start.sh itself gives the folder of a run that did not come up.)
set -euo pipefail
tools=$(dirname "$(dirname "$(cd "$(dirname "$0")" && pwd)")")/.tools
run=${1:?usage: stop.sh PID}
if [ ! -d "$run" ]; then
    file=$(grep --no-messages --files-with-matches --line-regexp "$1" "$tools"/rgw-run-*/client.rgw.pid || true)
    if [ -z "$file" ]; then
        echo "no Ceph RGW with pid $1 was started here: nothing stopped" >&2
        exit 1
    fi
    run=$(dirname "$file")
fi

for daemon in client.rgw osd.0 mon.a; do
    pid=$(cat "$run/$daemon.pid" 2> /dev/null) || continue
    # A pid is reused once its process is gone: kill only what was started with this folder.
    case $(ps -o args= -p "$pid" || true) in *"$run/ceph.conf"*) ;; *) continue ;; esac
    kill "$pid"
    for _ in $(seq 50); do
        kill -0 "$pid" 2> /dev/null || continue 2
        sleep 0.1
    done
    kill -9 "$pid" # it keeps nothing that matters
done
rm -f "$run"/*.pid
