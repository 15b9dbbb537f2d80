#!/usr/bin/env bash
# run.sh: our lifecycle rules executed by a Ceph RGW whose day lasts two seconds, then `verify`. About a minute.
# DAYSEAL names the command.
set -euo pipefail
export DAYSEAL=${DAYSEAL:?path of the dayseal command}
tests=$(cd "$(dirname "$0")" && pwd)
here=$(cd "$tests/../../localstack" && pwd)
# shellcheck source=../../localstack/lib.sh
. "$here/lib.sh"
python=$(find_python 3 13) || python=$(find_python 3 11) || { echo "Python 3.13 or 3.11 is needed" >&2; exit 1; }
install "$python" "$here/pins/ministack-1.5.33.txt" "$tools/ministack-venv" # for its boto3

export DAY=2
started=$("$tests/start.sh" $DAY)
trap '"$tests/stop.sh" "$(sed -n "s/^pid=//p" <<< "$started")"' EXIT
ENDPOINT=http://127.0.0.1:$(sed -n 's/^port=//p' <<< "$started") \
    "$tools/ministack-venv/bin/python" "$tests/lifecycle_exec.py" "$@"
